// The way to better-sqlite3, loaded only when a store is made: a missing or unfit one is told in a sentence.
import { createRequire } from 'node:module'
import type Sqlite from 'better-sqlite3'

type Driver = typeof Sqlite

const require = createRequire(import.meta.url)

// From 13 on it is built on Node-API 10, which came with Node 22.14 (in the 22 line; nothing checks it at run time).
const NODE_API_OF_13 = 10
const runs13 = Number(process.versions.napi) >= NODE_API_OF_13
/** What to install for the Node that runs this. */
const fitting = `better-sqlite3@${runs13 ? 13 : 12}`

/** @throws TypeError where better-sqlite3 is not installed, or cannot run on this Node; it says what to install. */
export function loadDriver(): Driver {
  const version = installedVersion()
  // Asked before it is loaded: opening a database with it would end the process (a segmentation fault).
  if (!runs13 && Number.parseInt(version, 10) >= 13) {
    throw new TypeError(
      `better-sqlite3 ${version} needs Node 22.14 or later, and this is Node ${process.versions.node}: ` +
        `run \`npm install ${fitting}\`, or use a later Node.`,
    )
  }
  try {
    const driver = require('better-sqlite3') as Driver
    new driver(':memory:').close() // its binary is loaded with the first database
    return driver
  } catch (cause) {
    const name = `better-sqlite3 ${version}`.trimEnd()
    throw new TypeError(`${name} cannot run here: ${reason(cause)}`, { cause })
  }
}

/** The version that is installed; empty where its package does not tell. */
function installedVersion(): string {
  try {
    require.resolve('better-sqlite3')
  } catch (cause) {
    throw new TypeError(`sqliteStore needs better-sqlite3, which is not installed: run \`npm install ${fitting}\`.`, {
      cause,
    })
  }
  try {
    return String((require('better-sqlite3/package.json') as { version?: unknown }).version ?? '')
  } catch {
    return ''
  }
}

function reason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  const cure = `run \`npm rebuild better-sqlite3\` with the Node that runs your app, or \`npm install ${fitting}\`.`
  const [, built, wanted] = /NODE_MODULE_VERSION (\d+)[\s\S]*?NODE_MODULE_VERSION (\d+)/.exec(message) ?? []
  if (built !== undefined) {
    return `its binary was built for another Node (ABI ${built}; Node ${process.versions.node} has ${wanted}): ${cure}`
  }
  if (message.startsWith('Could not locate the bindings file') || /^Cannot find module .*\.node'/.test(message)) {
    return `its binary is missing, as after an install without scripts: ${cure}`
  }
  return `${message.split('\n')[0]}; ${cure}`
}
