// The options that limit: made-up codes, and mails.
import { duration, wrong } from './option-checks.js'
import { checkNames } from './option-names.js'
import type { InvitesOptions, MailLimit, MailLimits } from './options.js'

const COUNT = 'a whole number, 1 or more'

export function readHumanCodes(
  given: InvitesOptions['humanCodes'],
): { readonly perApp: number; readonly overall: number } | undefined {
  if (given === undefined || given === false) return undefined
  const own = given === true ? {} : given
  if (typeof own !== 'object' || own === null) wrong('humanCodes', 'true, false, or { perApp, overall }')
  checkNames('createInvites: humanCodes', own, ['perApp', 'overall'])
  return {
    perApp: duration('humanCodes.perApp', own.perApp, COUNT) ?? 100,
    overall: duration('humanCodes.overall', own.overall, COUNT) ?? 1000,
  }
}

const mailLimitNames = ['perRecipient', 'perInviter', 'perApp', 'overall'] as const

export function readMailLimits(given: MailLimits | undefined): MailLimits {
  if (given === undefined) return {}
  checkNames('createInvites: limits.mails', given, mailLimitNames)
  const read = (name: (typeof mailLimitNames)[number]): readonly [string, MailLimit][] => {
    const own = given[name]
    if (own === undefined) return []
    const path = `limits.mails.${name}`
    checkNames(`createInvites: ${path}`, own, ['limit', 'windowMs'])
    const limit = duration(`${path}.limit`, own.limit, COUNT) ?? wrong(`${path}.limit`, COUNT)
    const windowMs = duration(`${path}.windowMs`, own.windowMs)
    return [[name, { limit, windowMs: windowMs ?? wrong(`${path}.windowMs`, 'a number of milliseconds, 1 or more') }]]
  }
  return Object.fromEntries(mailLimitNames.flatMap(read))
}
