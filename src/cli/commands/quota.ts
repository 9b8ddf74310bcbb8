// `quota`: how many invites members may send: one of them, everybody who joined in some time, or whoever begins.
import type { Command } from 'commander'
import { findInviter } from '../../context.js'
import { invalidField } from '../../input.js'
import { plain } from '../../plain-text.js'
import type { Quota, QuotaRule, Settings } from '../../types.js'
import type { Cli } from '../cli.js'
import { limit, readBalance, readCount, readMoment } from '../durations.js'
import { CliError } from '../failures.js'
import type { Install } from '../install.js'
import { knownSettings } from '../known-settings.js'
import { count, examples, readableTerm, readableTime } from '../text.js'
import { isAddress } from '../which-invite.js'

interface QuotaOptions {
  readonly set?: number
  readonly add?: number
  readonly default?: number
  readonly joinedFrom?: string
  readonly joinedUntil?: string
  readonly yes?: boolean
}

export function addQuota(program: Command, cli: Cli): void {
  program
    .command('quota')
    .description('show how many invites a member may still send, or change it')
    .argument('[inviter]', "your app's id of the member, or their address; without: what each member begins with")
    .option('--set <number>', 'so many are left from now on, or unlimited', readBalance)
    .option('--add <number>', 'so many more', readCount)
    .option(
      '--joined-from <time>',
      'with --add: to everybody who joined by invite from this day (UTC) or time on',
      readMoment,
    )
    .option('--joined-until <time>', 'likewise, until before this one (default: now)', readMoment)
    .option('--default <number>', 'so many for each member to begin with, or unlimited', readBalance)
    .option('--yes', 'with --joined-from or --joined-until: without asking')
    .addHelpText(
      'after',
      examples(
        'quota',
        'quota user-7 --add 5',
        'quota --add 5 --joined-from 2027-05-01 --joined-until 2027-06-01',
        'quota --default 3',
      ),
    )
    .action(async (inviter: string | undefined, options: QuotaOptions) => {
      checkUsage(inviter, options)
      const install = await cli.open()
      await needRule(install)
      if (inviter !== undefined) {
        const quota = await change(install, await idOf(install, inviter), options)
        await cli.answer(quota, plain(describe(quota)))
      } else if (options.add === undefined) {
        const settings = await ruleOf(install, options.default)
        await cli.answer(await knownSettings(install, settings), describeRule(settings))
      } else await grant(cli, install, { ...options, add: options.add })
    })
}

function checkUsage(inviter: string | undefined, options: QuotaOptions): void {
  const { set, add, default: start, joinedFrom, joinedUntil } = options
  const joined = joinedFrom !== undefined || joinedUntil !== undefined
  const refuse = (detail: string) => {
    throw new CliError('usage_invalid', detail)
  }
  if ([set, add, start].filter((each) => each !== undefined).length > 1) refuse('One of --set, --add and --default.')
  if (joined && add === undefined) refuse('--joined-from and --joined-until say who gets more: give --add too.')
  if (Date.parse(joinedFrom ?? '') >= Date.parse(joinedUntil ?? ''))
    refuse('--joined-from must be before --joined-until.')
  if (inviter === '') refuse('The inviter must not be empty.')
  if (inviter === undefined) {
    if (set !== undefined) refuse('Say whose: quota user-7 --set 5. What each member begins with: quota --default 5.')
    if (add !== undefined && !joined) refuse('Say who gets more: quota user-7 --add 5, or --joined-from 2027-05-01.')
  } else {
    if (joined) refuse('An inviter, or everybody who joined in some time, not both.')
    if (start !== undefined) refuse('--default is for every member: leave the inviter out, or say --set.')
  }
}

/** What a member begins with counts wherever a quota is looked at. */
async function needRule({ module, context, scope }: Install): Promise<void> {
  if (module !== undefined || (await context.store.getSettings(scope.appId)).quota !== undefined) return
  throw new CliError(
    'config_invalid',
    "What a member begins with is said by your app's option `quota`, which is not known here. " +
      'Name the module of your app that exports `invites`: --config ./src/invites.js.',
  )
}

/** People know addresses; quotas are kept by the app's own ids. */
async function idOf({ context, scope: { appId } }: Install, inviter: string): Promise<string> {
  if (!isAddress(inviter) || context.config.findInviter === undefined) return inviter
  const found = await findInviter(context, { appId, email: inviter })
  if (found !== undefined) return found.id
  throw invalidField('inviterId', `is nobody that findInviter of your app knows: ${inviter}`)
}

async function change({ invites, scope }: Install, inviterId: string, { set, add }: QuotaOptions): Promise<Quota> {
  if (set !== undefined) return await invites.quota(inviterId, { left: limit(set) }, scope)
  if (add !== undefined) await invites.grantQuota({ add, inviterId }, scope)
  return await invites.quota(inviterId, undefined, scope)
}

async function grant(cli: Cli, { invites, scope }: Install, options: QuotaOptions & { readonly add: number }) {
  const { add, joinedFrom, joinedUntil, yes } = options
  const when = [joinedFrom && `from ${joinedFrom}`, joinedUntil && `until before ${joinedUntil}`]
  const who = `everybody who joined ${scope.appId} ${when.filter((each) => each !== undefined).join(' ')}`
  if (!yes) await cli.confirm(`Give ${count(add, 'more invite')} to ${who}? It can only be undone member by member.`)
  const answer = await invites.grantQuota({ add, joinedFrom, joinedUntil }, scope)
  const nobody = 'Nobody joined then of whom your app said who it is, by `accept({ userId })`.'
  const got = `${count(answer.granted, 'member')} got ${count(add, 'more invite')}.`
  await cli.answer(answer, answer.granted === 0 ? nobody : got)
}

async function ruleOf({ invites, scope }: Install, start: number | undefined): Promise<Settings> {
  const settings = await invites.settings(undefined, scope)
  if (start === undefined) return settings
  return await invites.settings({ quota: { ...settings.quota, start: limit(start) } }, scope)
}

function describe({ inviterId, left, refillsAt }: Quota): string {
  const more = refillsAt === null ? '' : ` There will be more from ${readableTime(refillsAt)} on.`
  return `${inviterId} may send ${left === null ? 'any number of invites' : count(left, 'more invite')}.${more}`
}

function describeRule({ quota: { start, refill, giveBack } }: { readonly quota: QuotaRule }): string {
  const lines = [`Each member begins with ${start === null ? 'any number of invites' : count(start, 'invite')}.`]
  if (refill !== null) {
    lines.push(`${refill.amount} more every ${readableTerm(refill.everyMs)}, up to ${refill.cap}.`)
  }
  if (giveBack) lines.push('What an invite has left when it expires is given back.')
  return lines.join('\n')
}
