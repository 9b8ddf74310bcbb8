// Where the command line learns which invites are meant: the app's own module, or flags and the environment.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { CliError } from './failures.js'

/** The flags that every command takes. */
export interface GlobalOptions {
  readonly config?: string
  readonly database?: string
  readonly schema?: string
  readonly baseUrl?: string
  readonly signupUrl?: string
  readonly app?: string
  readonly json?: boolean
}

/** The host's module that exports `invites`. */
export interface ModuleSource {
  readonly kind: 'module'
  readonly file: string
}

/** What flags and the environment say. */
export interface FlagsSource {
  readonly kind: 'flags'
  readonly database: string | undefined
  readonly schema: string | undefined
  readonly secret: string | undefined
  readonly baseUrl: string | undefined
  readonly signupUrl: string | undefined
}

const CONFIG_FILES = ['js', 'mjs', 'cjs', 'ts', 'mts'].map((ending) => `express-invite-only.config.${ending}`)

/**
 * A flag wins over a module that was found, a module over the environment.
 * @throws CliError where flags contradict each other, or the module is not there.
 */
export function readSource(
  options: GlobalOptions,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): ModuleSource | FlagsSource {
  const flags = ([['database'], ['schema'], ['baseUrl', 'base-url'], ['signupUrl', 'signup-url']] as const)
    .filter(([name]) => options[name] !== undefined)
    .map(([name, spelled = name]) => `--${spelled}`)
  const found = options.config ?? (options.database === undefined ? findConfig(cwd) : undefined)
  if (found === undefined) {
    const either = (flag: string | undefined, name: string) => flag || env[name] || undefined
    return {
      kind: 'flags',
      database: either(options.database, 'INVITE_DATABASE'),
      schema: either(options.schema, 'INVITE_SCHEMA'),
      secret: either(undefined, 'INVITE_SECRET'), // as a flag, everybody on the machine could read it
      baseUrl: either(options.baseUrl, 'INVITE_BASE_URL'),
      signupUrl: either(options.signupUrl, 'INVITE_SIGNUP_URL'),
    }
  }
  if (flags.length > 0) {
    throw new CliError('usage_invalid', `${found} says this already: leave out ${flags.join(' and ')}, or the module.`)
  }
  const file = resolve(cwd, found)
  if (!existsSync(file)) throw new CliError('config_invalid', `--config: there is no file ${file}.`)
  return { kind: 'module', file }
}

function findConfig(cwd: string): string | undefined {
  return CONFIG_FILES.find((name) => existsSync(resolve(cwd, name)))
}
