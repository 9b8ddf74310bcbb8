// Checks of what the install stands on: Node, the driver, the configuration.
import { createRequire } from 'node:module'
import { explainDriver } from '../database.js'
import { messageOf } from '../failures.js'
import { type Check, failed, ok, skipped } from './check.js'

const [MAJOR, MINOR] = [20, 19] // `engines` in package.json

export const node: Check = {
  name: 'node',
  readme: 'express-invite-only',
  run() {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
    return major > MAJOR || (major === MAJOR && minor >= MINOR)
      ? ok(process.version)
      : failed(`${process.version} is too old`, `Use Node ${MAJOR}.${MINOR} or newer.`)
  },
}

export const driver: Check = {
  name: 'better-sqlite3',
  readme: 'SQLite',
  async run({ opened }) {
    try {
      const { default: Sqlite } = await import('better-sqlite3')
      new Sqlite(':memory:').close() // only this loads the compiled part
      const { version } = createRequire(import.meta.url)('better-sqlite3/package.json')
      return ok(version)
    } catch (error) {
      if (!('failure' in opened)) return skipped('does not load, and your store does without')
      return failed('does not load', explainDriver(error) ?? messageOf(error))
    }
  },
}

export const configuration: Check = {
  name: 'configuration',
  readme: 'Command line',
  run({ opened }) {
    if ('failure' in opened) return failed('does not load', messageOf(opened.failure))
    const { origin, scope, knows } = opened
    return ok(`${knows.mode ? origin : `${origin}, without your app's module`}; app ${scope.appId}`)
  },
}
