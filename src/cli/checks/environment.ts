// Checks of what the install stands on: Node, the driver, the configuration.
import { messageOf } from '../failures.js'
import { type Check, failed, ok, skipped } from './check.js'

const SUPPORTED = '20.19 or newer, or 22.12 or newer' // `engines` in package.json

export const node: Check = {
  name: 'node',
  readme: 'express-invite-only',
  run() {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
    const isSupported = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)
    return isSupported ? ok(process.version) : failed(`${process.version} is not supported`, `Use Node ${SUPPORTED}.`)
  },
}

export const driver: Check = {
  name: 'better-sqlite3',
  readme: 'SQLite',
  async run({ opened }) {
    try {
      const { loadDriver } = await import('../../../adapters/sqlite/driver.js')
      loadDriver()
      return ok('loads')
    } catch (error) {
      if (!('failure' in opened)) return skipped('does not load, and your store does without')
      return failed('does not load', messageOf(error))
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
