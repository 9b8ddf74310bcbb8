// The install that a command works on, made from its source.
import { randomBytes } from 'node:crypto'
import { relative } from 'node:path'
import type { Context } from '../context.js'
import { type CoreInvites, contextOf, createCore } from '../invites.js'
import type { Invite } from '../types.js'
import { openStore, withoutPassword } from './database.js'
import { CliError, messageOf } from './failures.js'
import { type HostModule, loadModule } from './host-module.js'
import type { FlagsSource, ModuleSource } from './source.js'

/** What a command cannot do without, beside the database. */
export type Need = 'secret' | 'baseUrl' | 'module'

export interface Install {
  readonly invites: CoreInvites
  readonly context: Context
  /** The app that `--app` names, or the default one. */
  readonly scope: { readonly appId: string }
  /** The app's own module; `undefined` where flags say where the database is. */
  readonly module: HostModule | undefined
  /** What it was made from, for people. */
  readonly origin: string
  /** Which options are the app's own. With a module, all are; else stand-ins serve for what was not given. */
  readonly knows: Readonly<Record<Exclude<Need, 'module'> | 'signupUrl' | 'mode', boolean>>
  /** The invite as it may be shown: without what stand-ins would make wrong. */
  show(invite: Invite): Invite
}

export interface OpenOptions {
  readonly needs: readonly Need[]
  readonly appId: string | undefined
  /** Whether it is for the tables alone: then a database that is not there is made. */
  readonly toMigrate: boolean
  /** Whether it makes no difference which app it is. */
  readonly anyApp: boolean
}

/** @throws CliError where something is missing or wrong; it says what, and how to give it. */
export async function openInstall(source: ModuleSource | FlagsSource, options: OpenOptions): Promise<Install> {
  return source.kind === 'module' ? await openModule(source, options) : await openFlags(source, options)
}

async function openModule({ file }: ModuleSource, { appId, anyApp }: OpenOptions): Promise<Install> {
  const module = await loadModule(file)
  const { invites, context } = module
  const [firstApp] = context.config.apps.keys()
  const chosen = appId ?? context.config.defaultAppId ?? (anyApp ? firstApp : undefined)
  if (chosen === undefined || !context.config.apps.has(chosen)) {
    const problem = appId === undefined ? 'There are several apps' : `There is no app ${appId}`
    const names = [...context.config.apps.keys()].join(', ')
    throw new CliError('usage_invalid', `${problem}: say --app with one of ${names}.`)
  }
  return {
    invites,
    context,
    scope: { appId: chosen },
    module,
    origin: relative(process.cwd(), file),
    knows: { secret: true, baseUrl: true, signupUrl: true, mode: true },
    show: (invite) => invite,
  }
}

async function openFlags(source: FlagsSource, { needs, appId = 'default', toMigrate }: OpenOptions): Promise<Install> {
  const { database, schema, secret, baseUrl, signupUrl } = source
  const needed = needs.filter((need) => need !== 'module')
  if (needed.length < needs.length) {
    const why = 'Templates, names and senders are options of your app'
    throw new CliError('config_invalid', `${why}: name its module that exports \`invites\`, --config ./src/invites.js.`)
  }
  const missing = (['database', ...needed] as const).filter((name) => source[name] === undefined)
  if (database === undefined || missing.length > 0) {
    throw new CliError(
      'config_invalid',
      `Give ${missing.map((name) => howToGive[name]).join(', and ')}. Or name the module of your app that exports ` +
        '`invites`, what createInvites() returned: --config ./src/invites.js.',
    )
  }
  const store = await openStore(database, { schema, mayCreate: toMigrate })
  const standIn = 'http://localhost'
  try {
    const invites = createCore({
      store,
      secret: secret ?? randomBytes(32).toString('base64'), // opens nothing, so no code is shown
      baseUrl: baseUrl ?? standIn,
      signupUrl: baseUrl === undefined ? standIn : (signupUrl ?? baseUrl), // nothing but mail and the routes leads there
      apps: { [appId]: {} },
      deliver: false,
    })
    const hasBaseUrl = baseUrl !== undefined
    return {
      invites,
      context: contextOf(invites),
      scope: { appId },
      module: undefined,
      origin: withoutPassword(database),
      knows: {
        secret: secret !== undefined,
        baseUrl: hasBaseUrl,
        signupUrl: hasBaseUrl && signupUrl !== undefined,
        mode: false,
      },
      show: (invite) => (hasBaseUrl ? invite : { ...invite, joinUrl: null }),
    }
  } catch (error) {
    await store.close()
    throw new CliError('config_invalid', inFlags(messageOf(error)), error)
  }
}

const howToGive = {
  database: 'the database: --database app.db (or a postgres:// URL) or INVITE_DATABASE',
  secret: "your app's secret: INVITE_SECRET in the environment",
  baseUrl: 'the URL that inviteRouter is reachable at: --base-url or INVITE_BASE_URL',
}

/** What createInvites says of an option, said of what it came from. */
function inFlags(message: string): string {
  return message
    .replace(/^createInvites: /, '')
    .replace(/`secret`/, 'INVITE_SECRET')
    .replace(/`apps\['.*?'\]`/, '--app')
    .replace(/`?\bbaseUrl\b`?/, '--base-url (INVITE_BASE_URL)')
    .replace(/`?\bsignupUrl\b`?/, '--signup-url (INVITE_SIGNUP_URL)')
}
