// The worker: takes mails from the outbox, gives them to the mailer, tries again, and reports.
//
// No transaction is open while the mail server is spoken to. A process that dies between the server's yes and the
// record of it leaves the mail leased; it is sent again when the lease runs out, under the same Message-ID.
import type { Context } from '../context.js'
import type { Mailer, MailMessage } from '../options.js'
import { makeProof } from '../proofs.js'
import { requestToken } from '../request-tokens.js'
import type { AccessRequestRecord, DeliveryOutcome, DeliveryRecord, InviteRecord, LeasedDelivery } from '../store.js'
import { openCode, statusOf, summaryOf } from '../views.js'
import { warnOnce } from '../warnings.js'
import { createCompose } from './message.js'
import { noMoreToken, wantsNoMail } from './no-more.js'
import { createRequestCompose } from './request-message.js'

export interface Worker {
  /** Begins to deliver by itself, and looks for due mails from then on. */
  start(): void
  /** A mail was queued: look now. */
  wake(): void
  /** Delivers everything that is due, once. Resolves with the number of tries. */
  deliverDue(): Promise<number>
  /** Lets what is being delivered finish, and stops. */
  close(): Promise<void>
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const BATCH = 5 // mails at once
const SEND_TIMEOUT_MS = 60 * SECOND
const LEASE_MS = 90 * SECOND // longer than a send can take, so that no other worker sends the same mail beside it
const POLL_MS = 5 * SECOND // how soon mails that other processes queue are noticed
/** How long to wait after the first, second, … try that failed. After the last, the mail is given up. */
const BACK_OFF_MS = [30 * SECOND, 2 * MINUTE, 10 * MINUTE, 60 * MINUTE, 240 * MINUTE, 720 * MINUTE]
const MAX_ERROR = 300

/** @throws TypeError where a template does not compile. */
export function createWorker(context: Context, mailer: Mailer): Worker {
  const { config, store } = context
  const composers = new Map([...config.apps].map(([appId, app]) => [appId, createCompose(context, app)]))
  const requestComposers = new Map([...config.apps].map(([appId, app]) => [appId, createRequestCompose(context, app)]))
  let timer: NodeJS.Timeout | undefined
  let running: Promise<number> | undefined
  let started = false
  let closed = false

  function schedule(inMs: number): void {
    if (!started || closed) return
    clearTimeout(timer)
    timer = setTimeout(() => void round(), inMs).unref()
  }

  async function round(): Promise<void> {
    let inMs = POLL_MS
    try {
      await deliverDue()
      const next = await store.nextDeliveryAt()
      if (next !== undefined) inMs = Math.min(Math.max(next - config.clock(), 0), POLL_MS)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      warnOnce(
        context,
        'INVITE_DELIVERY_STALLED',
        `Invite mails are not being delivered, and will be tried again: ${why}`,
      )
    }
    schedule(inMs)
  }

  function deliverDue(): Promise<number> {
    running ??= drain().finally(() => {
      running = undefined
    })
    return running
  }

  async function drain(): Promise<number> {
    for (let tries = 0; ; ) {
      const now = config.clock()
      const due = await store.nextDeliveryAt() // a plain read, so that an idle worker takes no write lock
      if (closed || due === undefined || due > now) return tries
      const leased = await store.leaseDeliveries({ now, leasedUntil: now + LEASE_MS, limit: BATCH })
      if (leased.length === 0) return tries
      const results = await Promise.allSettled(leased.map(deliver))
      for (const result of results) if (result.status === 'rejected') throw result.reason
      tries += leased.length
    }
  }

  async function deliver({ delivery, invite, request }: LeasedDelivery): Promise<void> {
    const outcome = invite ? await attempt(delivery, invite) : await attemptRequest(delivery, request)
    await store.finishDelivery(delivery, outcome)
    if (invite === undefined || 'canceledAt' in outcome) return // listeners hear nothing of who asks for access
    const now = config.clock()
    const reported = (await store.findInvite({ appId: invite.appId, inviteId: invite.id })) ?? invite
    const summary = summaryOf(reported, now)
    if ('sentAt' in outcome) context.emit('sent', { invite: summary })
    else context.emit('failed', { invite: summary, error: outcome.error, final: 'failedAt' in outcome })
  }

  async function attempt(delivery: DeliveryRecord, invite: InviteRecord): Promise<DeliveryOutcome> {
    if (invite.email === null || statusOf(invite, config.clock()) !== 'pending') {
      return { canceledAt: config.clock() } // overtaken: nobody could sign up with it
    }
    // Another process may be able to: a newer one that knows the app, or lists the secret.
    const compose = composers.get(invite.appId)
    if (compose === undefined) return unsent(delivery, unknownApp(invite))
    if (await wantsNoMail(context, invite.emailCanonical ?? invite.email)) return refused()
    const code = openCode(context, invite)
    if (code === null) {
      return unsent(delivery, 'No listed secret opens its code. Send the invite again for a new one.')
    }
    const secrets = [spelledAnyhow(code), makeProof(context, invite), noMoreToken(context, invite)]
    return await send(delivery, () => compose(invite, delivery, code), secrets)
  }

  async function attemptRequest(delivery: DeliveryRecord, request: AccessRequestRecord): Promise<DeliveryOutcome> {
    const compose = requestComposers.get(request.appId)
    if (compose === undefined) return unsent(delivery, unknownApp(request))
    if (await wantsNoMail(context, request.emailCanonical)) return refused()
    const token = requestToken(context, request)
    return await send(delivery, () => compose(request, delivery, token), [token, noMoreToken(context, request)])
  }

  async function send(
    delivery: DeliveryRecord,
    compose: () => MailMessage,
    secrets: readonly (string | RegExp)[],
  ): Promise<DeliveryOutcome> {
    try {
      await withTimeout(mailer.sendMail(compose()))
      return { sentAt: config.clock() }
    } catch (thrown) {
      const error = reportable(thrown, secrets)
      if (isPermanent(thrown)) return { failedAt: config.clock(), error }
      warnOnce(context, 'INVITE_DELIVERY_STALLED', `The mailer failed, and will be tried again: ${error}`)
      return unsent(delivery, error)
    }
  }

  function refused(): DeliveryOutcome {
    return { failedAt: config.clock(), error: 'This address asked for no more mail.' }
  }

  /** To be tried again, unless it was tried often enough. */
  function unsent(delivery: DeliveryRecord, error: string): DeliveryOutcome {
    const waitMs = BACK_OFF_MS[delivery.attempts - 1]
    const now = config.clock()
    return waitMs === undefined ? { failedAt: now, error } : { retryAt: now + waitMs, error }
  }

  return {
    start() {
      started = true
      schedule(0)
    },
    wake: () => schedule(0),
    deliverDue,
    async close() {
      closed = true
      clearTimeout(timer)
      await running?.catch(() => undefined) // its failure was told already, and is the store's
    },
  }
}

async function withTimeout(sending: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    const seconds = SEND_TIMEOUT_MS / SECOND
    timer = setTimeout(
      () => reject(new Error(`The mail server did not answer within ${seconds} seconds.`)),
      SEND_TIMEOUT_MS,
    )
  })
  try {
    await Promise.race([sending, timeout])
  } finally {
    clearTimeout(timer)
  }
}

function unknownApp({ appId }: { readonly appId: string }): string {
  return `No process that tried knows the app ${appId}.`
}

/** Whether the server refused this very mail for good (RFC 5321, 4.2.1: a 5yz answer to the envelope or the text). */
function isPermanent(error: unknown): boolean {
  const { code, responseCode } = (error ?? {}) as { code?: unknown; responseCode?: unknown }
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && typeof responseCode === 'number' && responseCode >= 500
}

/** What went wrong, in one line, without the secrets that a server may have quoted from the mail. */
function reportable(error: unknown, secrets: readonly (string | RegExp)[]): string {
  let text = error instanceof Error ? error.message : String(error)
  for (const secret of secrets) text = text.replaceAll(secret, '…')
  return text.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').slice(0, MAX_ERROR)
}

/** Finds the code in every spelling that would let somebody in. */
function spelledAnyhow(code: string): RegExp {
  return new RegExp([...code.replaceAll('-', '')].join('[\\s\\p{Pd}]*'), 'giu')
}
