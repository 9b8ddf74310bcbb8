// What the command line says and exits with where it could not do what was asked.
import { CommanderError } from 'commander'
import { type FieldError, InviteError } from '../errors.js'

/** 0 is left: it was done. */
export const exitCodes = { failed: 1, wrongUsage: 2, stopped: 130 } as const

/** The failures that only the command line has; what the library refuses keeps its own code. */
const exitCodeOf = {
  /** The command was written wrongly. */
  usage_invalid: exitCodes.wrongUsage,
  /** Where the invites are, or how they are made, is missing or wrong. */
  config_invalid: exitCodes.wrongUsage,
  /** The invite was made, and its mail was refused for good. */
  mail_failed: exitCodes.failed,
  /** The question was answered with no. */
  not_confirmed: exitCodes.failed,
  /** Anything else: most likely an error of the host's module, or ours. */
  unexpected: exitCodes.failed,
} as const

export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: keyof typeof exitCodeOf

  constructor(code: keyof typeof exitCodeOf, detail: string, cause?: unknown) {
    super(detail, { cause })
    this.code = code
  }
}

/** What `--json` writes to standard error. */
export interface Problem {
  readonly code: string
  readonly detail: string
  readonly errors?: readonly FieldError[] | undefined
}

/** The failure as it is told, and the code to exit with. */
export function problemOf(error: unknown): { readonly problem: Problem; readonly exitCode: number } {
  if (error instanceof CliError) {
    return { problem: { code: error.code, detail: error.message }, exitCode: exitCodeOf[error.code] }
  }
  if (error instanceof CommanderError) {
    const detail = sentence(error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' '))
    return { problem: { code: 'usage_invalid', detail }, exitCode: exitCodes.wrongUsage }
  }
  if (error instanceof InviteError) {
    const { code, errors } = error
    return { problem: { code, detail: detailOf(error), errors }, exitCode: exitCodes.failed }
  }
  return { problem: { code: 'unexpected', detail: messageOf(error) }, exitCode: exitCodes.failed }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The messages of an error and of what lies beneath it, and their codes. */
export function* causesOf(error: unknown): Generator<{ readonly message: string; readonly code: unknown }> {
  for (let each = error; each instanceof Error; each = each.cause) {
    yield { message: each.message, code: 'code' in each ? each.code : undefined }
  }
}

const flags: Readonly<Record<string, string>> = {
  email: 'the address',
  orgId: '--org',
  inviterEmail: '--inviter',
  expiresInMs: '--expires-in',
  maxUses: '--max-uses',
  emailDomain: '--email-domain',
  q: '--query',
  schedule: '--at',
  seats: 'the number of seats',
  inviterId: 'the inviter',
  left: '--set',
  quota: '--default',
  joinedFrom: '--joined-from',
  joinedUntil: '--joined-until',
}

/** Whoever is at the command line runs the database too, and may read what is kept from clients. */
function detailOf(error: InviteError): string {
  if (error.errors !== undefined) {
    const told = error.errors.map(({ pointer, detail }) => {
      const [field = ''] = pointer.replace(/^#\/?/, '').split('/') // of a list, the list
      return `${flags[field] ?? `--${field}`} ${detail}`
    })
    return sentence(told.join('; '))
  }
  const isGeneric = error.message === new InviteError(error.code).message
  const detail = isGeneric && error.cause instanceof Error ? error.cause.message : error.message
  return error.code === 'store_unavailable' && detail.startsWith('The invite tables are not there yet')
    ? `${sentence(detail)} Or run \`express-invite-only migrate\`.`
    : detail
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.?!)]$/.test(begun) ? begun : `${begun}.`
}
