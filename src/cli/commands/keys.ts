// `keys`: the credentials that programs manage an app's invites with: making, listing and revoking them.
import { type Command, InvalidArgumentError } from 'commander'
import { type AppKey, type AppKeyScope, appKeyScopes, defaultScopes } from '../../app-keys.js'
import { InviteError } from '../../errors.js'
import { columns, plain } from '../../plain-text.js'
import type { Cli } from '../cli.js'
import { readDuration } from '../durations.js'
import type { Install } from '../install.js'
import { examples, readableTime } from '../text.js'

interface CreateOptions {
  readonly label: string
  readonly scope?: readonly AppKeyScope[]
  readonly expiresIn?: number
}

const FULL_PAGE = 100

export function addKeys(program: Command, cli: Cli): void {
  const keys = program
    .command('keys')
    .description('the keys of programs that use the HTTP routes')
    .addHelpText(
      'after',
      examples('keys create --label Mendix --expires-in 90d', 'keys list', 'keys revoke 3fT9aB2kQx7Z'),
    )

  keys
    .command('create')
    .description('make a key; it is printed this once, and kept nowhere')
    .requiredOption('--label <text>', 'what people know it by, such as the program that it is for')
    .option('--scope <list>', `what it may be used for (default: ${defaultScopes.join(',')})`, readScopes)
    .option('--expires-in <duration>', '12h, 90d or never (default: never)', readDuration)
    .action(async ({ label, scope, expiresIn }: CreateOptions) => {
      const { invites, scope: app } = await cli.open()
      const expiresInMs = expiresIn === Number.POSITIVE_INFINITY ? null : expiresIn
      const made = await invites.createKey({ label, scopes: scope, expiresInMs }, app)
      const rows = [
        ['user', made.appId],
        ['password', made.key],
        ['scopes', made.scopes.join(',')],
        ['expires', readableTime(made.expiresAt)],
      ]
      await cli.answer(made, columns(rows))
      cli.note('Keep the password now: it is not shown again. Programs send both as HTTP Basic.')
    })

  keys
    .command('list')
    .description('list the keys of the app, newest first, also expired and revoked ones')
    .action(async () => {
      const items = await listAll(await cli.open())
      await cli.answer({ items, nextCursor: null }, items.length === 0 ? 'No keys.' : table(items))
    })

  keys
    .command('revoke')
    .description('end a key at once, in every process')
    .argument('<id>', 'its id, as `keys list` shows it: the part of the key between the underscores')
    .option('--yes', 'without asking')
    .action(async (keyId: string, { yes }: { readonly yes?: boolean }) => {
      const install = await cli.open()
      const key = (await listAll(install)).find((each) => each.keyId === keyId)
      if (key === undefined) throw new InviteError('invite_not_found', { detail: `There is no key ${keyId}.` })
      const name = plain(`${key.label} [${keyId}], ${lastUse(key)}`)
      if (!yes) await cli.confirm(`Revoke the key of ${name}? This cannot be undone.`)
      const revoked = await install.invites.revokeKey(keyId, install.scope)
      await cli.answer({ keyId, revoked }, revoked ? `Revoked the key of ${name}.` : `${name} was revoked before.`)
    })
}

async function listAll({ invites, scope }: Install): Promise<readonly AppKey[]> {
  const items: AppKey[] = []
  let cursor: string | undefined
  do {
    const page = await invites.listKeys({ limit: FULL_PAGE, cursor }, scope)
    items.push(...page.items)
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return items
}

function table(items: readonly AppKey[]): string {
  const rows = items.map((key) => [
    key.keyId,
    key.label,
    key.state,
    readableTime(key.lastUsedAt),
    readableTime(key.expiresAt),
    key.scopes.join(','),
  ])
  return columns([['KEY', 'LABEL', 'STATE', 'LAST USED', 'EXPIRES', 'SCOPES'], ...rows])
}

function lastUse({ lastUsedAt }: AppKey): string {
  return lastUsedAt === null ? 'never used' : `last used ${readableTime(lastUsedAt)}`
}

/** @throws InvalidArgumentError */
function readScopes(text: string): readonly AppKeyScope[] {
  return text.split(',').map((word) => {
    const scope = appKeyScopes.find((each) => each === word.trim())
    if (scope !== undefined) return scope
    throw new InvalidArgumentError(`It must be one or more of ${appKeyScopes.join(',')}, with commas between.`)
  })
}
