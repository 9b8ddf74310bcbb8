// What is held on a person, and forgetting it.

import { setTimeout as pause } from 'node:timers/promises'
import { domainToUnicode } from 'node:url'
import type * as v from 'valibot'
import { supervisorsOnly } from '../actors.js'
import type { Address } from '../addresses.js'
import { appOf, type Context, type KnownScope } from '../context.js'
import { type InputOf, read } from '../input.js'
import { wantsNoMail } from '../mail/no-more.js'
import { noteOf } from '../notes.js'
import { personSchema } from '../schemas/privacy.js'
import type { AccessRequestRecord, LogNote, PersonCounts, PersonKey } from '../store.js'
import type { Acceptance, InviteSummary } from '../types.js'
import { acceptanceView, isoTime, summaryOf } from '../views.js'

/**
 * Somebody, by their address.
 * @interface
 */
export type Person = InputOf<typeof personSchema>

/** An invite as it is held on the person that it was for. */
export interface PersonInvite extends InviteSummary {
  /** The inviter's note; `null`: none. */
  readonly message: string | null
  /** The language of the mail; `null`: none was asked for. */
  readonly locale: string | null
}

/** What is held on a person. */
export interface PersonData {
  /** The address as it was asked for. */
  readonly email: string
  /** Invites for them, whatever their state. */
  readonly invites: readonly PersonInvite[]
  /** Accounts that were made with their address. */
  readonly acceptances: readonly Acceptance[]
  /** How many invites and acceptances name them as the inviter. */
  readonly sent: number
  /** Requests for access, confirmed or not. */
  readonly requests: readonly PersonRequest[]
  /** Whether they asked for no more mail. */
  readonly noMoreMail: boolean
}

/** A request for access as it is held on the person who made it. */
export interface PersonRequest {
  /** The app that it is for. */
  readonly appId: string
  /** What was answered, by the questions' names. */
  readonly answers: Readonly<Record<string, string>>
  /** The language of the mails; `null`: none was asked for. */
  readonly locale: string | null
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** When the address was confirmed; `null`: it was not. */
  readonly verifiedAt: string | null
  /** `null`: it waits. */
  readonly decision: 'approve' | 'decline' | null
}

/** How much of a person was forgotten. */
export type Forgotten = PersonCounts

const BATCH = 500
const PAUSE_MS = 30 // each writer that waits for a SQLite file gets its turn

export async function exportPerson(context: Context, person: Person, scope: KnownScope): Promise<PersonData> {
  const { email, keys } = peopleOf(context, person, scope)
  const now = context.config.clock()
  const found = await Promise.all(keys.map((key) => context.store.findPerson(key)))
  return {
    email: email.original,
    invites: found.flatMap(({ invites }) =>
      invites.map((record) => ({ ...summaryOf(record, now), message: record.message, locale: record.locale })),
    ),
    acceptances: found.flatMap(({ acceptances }) => acceptances.map(acceptanceView)),
    sent: found.reduce((total, { sent }) => total + sent, 0),
    requests: found.flatMap(({ requests }) => requests.map(requestView)),
    noMoreMail: await wantsNoMail(context, email.canonical),
  }
}

export async function forgetPerson(context: Context, person: Person, scope: KnownScope): Promise<Forgotten> {
  const total = { invites: 0, acceptances: 0, sent: 0, requests: 0 }
  const now = context.config.clock()
  for (const key of peopleOf(context, person, scope).keys) {
    let note: LogNote | undefined = noteOf(context, 'person.forget', scope)
    for (let more = true; more; ) {
      const batch = { ...key, now, limit: BATCH, note }
      const { invites, acceptances, sent, requests } = await context.store.forgetPerson(batch)
      total.invites += invites
      total.acceptances += acceptances
      total.sent += sent
      total.requests += requests
      more = invites + acceptances + sent + requests > 0
      note = undefined // once, however many batches it takes
      if (more) await pause(PAUSE_MS)
    }
  }
  return total
}

function requestView(record: AccessRequestRecord): PersonRequest {
  const { appId, answers, locale, createdAt, verifiedAt, decision } = record
  const confirmedAt = verifiedAt === null ? null : isoTime(verifiedAt)
  return { appId, answers, locale, createdAt: isoTime(createdAt), verifiedAt: confirmedAt, decision }
}

/** The person, in the app that is named, else in every one. */
function peopleOf(context: Context, person: Person, scope: KnownScope) {
  supervisorsOnly(scope.actor)
  const { email }: v.InferOutput<typeof personSchema> = read(personSchema, person)
  const appIds = scope.appId === undefined ? [...context.config.apps.keys()] : [appOf(context, scope.appId).appId]
  const spellings = spellingsOf(email)
  const keys = appIds.map((appId): PersonKey => ({ appId, email: email.canonical, spellings }))
  return { email, keys }
}

/** As a host may have written its inviter's address: the domain in ASCII or not. */
function spellingsOf({ original, canonical, domain }: Address): readonly string[] {
  const local = canonical.slice(0, -domain.length)
  const spelled = [original, canonical, local + domainToUnicode(domain)]
  return [...new Set(spelled.map((each) => each.replace(/[A-Z]/g, (letter) => letter.toLowerCase())))]
}
