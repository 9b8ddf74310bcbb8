// The host's own module: what it exports as `invites` is used as it is, with its store, secret, mailer and templates.
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Context } from '../context.js'
import { type CoreInvites, contextOf, keepWorkersIdle } from '../invites.js'
import { CliError, causesOf, messageOf } from './failures.js'

/** What the host's module exports for the command line. */
export interface HostModule {
  readonly invites: CoreInvites
  readonly context: Context
  /** The host's Express app, if it exports one. */
  readonly app: unknown
  /** The ways to sign up with it, if it declares them. */
  readonly doors: unknown
}

/** @throws CliError where the module does not load, or exports nothing that createInvites() of this copy returned. */
export async function loadModule(file: string): Promise<HostModule> {
  keepWorkersIdle()
  const exported = await importModule(file)
  const inner = exported.default as Record<string, unknown> | null | undefined
  const candidates = await Promise.all([exported.invites, inner, inner?.invites])
  for (const candidate of candidates) {
    const context = contextIn(candidate)
    if (context === undefined) continue
    const [app, doors] = await Promise.all([exported.app ?? inner?.app, exported.doors ?? inner?.doors])
    return { invites: candidate as CoreInvites, context, app, doors }
  }
  const names = Object.keys(exported).filter((name) => name !== 'module.exports')
  throw new CliError('config_invalid', candidates.some(looksLikeInvites) ? foreign(file) : empty(file, names))
}

async function importModule(file: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(file).href)
  } catch (error) {
    throw new CliError('config_invalid', `${file} could not be loaded: ${explain(error, file)}`, error)
  }
}

function explain(error: unknown, file: string): string {
  for (const { code } of causesOf(error)) {
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
      return 'this Node does not read it as it is. For TypeScript: NODE_OPTIONS="--import tsx" npx express-invite-only …'
    }
  }
  if (error instanceof SyntaxError) return `${messageOf(error)} (\`node ${file}\` shows where)`
  const where =
    error instanceof Error ? /(?:\(|at )((?:file:\/\/)?\/[^\s()]+:\d+)/.exec(error.stack ?? '')?.[1] : undefined
  const message = messageOf(error)
  const isOurs = /^(?:createInvites|sqliteStore|better-sqlite3)\b/.test(message) // it says all there is to say
  return where === undefined || isOurs ? message : `${message} (${where})`
}

function contextIn(candidate: unknown): Context | undefined {
  try {
    return contextOf(candidate as CoreInvites)
  } catch {
    return undefined
  }
}

function looksLikeInvites(candidate: unknown): boolean {
  const { send, settings, close } = (candidate ?? {}) as Partial<Record<keyof CoreInvites, unknown>>
  return [send, settings, close].every((member) => typeof member === 'function')
}

function foreign(file: string): string {
  const own = dirname(createRequire(import.meta.url).resolve('express-invite-only/package.json'))
  // A loader that turns TypeScript into CommonJS turns what it imports too, which makes a second copy of it.
  const cure = file.endsWith('.ts')
    ? 'Name the .js file that it is built to, or an .mts file: as .ts it may be loaded as CommonJS, with all it imports.'
    : "Run the copy that your app imports: `npx express-invite-only` in the app's own folder."
  return `The \`invites\` of ${file} come from another copy of express-invite-only than this program, which is in ${own}. ${cure}`
}

function empty(file: string, names: readonly string[]): string {
  const has = names.length === 0 ? 'nothing' : names.join(', ')
  return (
    `${file} must export what createInvites() returned: \`export const invites = createInvites({ … })\`. ` +
    `It exports ${has}.`
  )
}
