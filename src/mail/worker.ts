// The worker: takes mails from the outbox, gives them to the mailer, tries again under the same Message-ID, and reports.
import type { Context } from '../context.js'
import type { Mailer, MailMessage } from '../options.js'
import { afterFailure, createOutboxWorker, type Worker } from '../outbox-worker.js'
import { makeProof } from '../proofs.js'
import { requestToken } from '../request-tokens.js'
import type { AccessRequestRecord, DeliveryOutcome, DeliveryRecord, InviteRecord, LeasedDelivery } from '../store.js'
import { openCode, statusOf, summaryOf } from '../views.js'
import { warnOnce } from '../warnings.js'
import { createCompose } from './message.js'
import { noMoreToken, refusalIds, wantsNoMail } from './no-more.js'
import { createRequestCompose } from './request-message.js'

const SECOND = 1000
const AT_ONCE = 40 // so that a pool of the mailer's always has the next at hand
const SEND_TIMEOUT_MS = 60 * SECOND
const LEASE_MS = 90 * SECOND // longer than a send can take, so that no other worker sends the same mail beside it
const MAX_ERROR = 300

type Leased = LeasedDelivery & {
  /** Whether one of those that were taken with it refuses mail. */
  readonly mayBeRefused: boolean
}

/** @throws TypeError where a template does not compile. */
export function createWorker(context: Context, mailer: Mailer): Worker {
  const { config, store } = context
  const composers = new Map([...config.apps].map(([appId, app]) => [appId, createCompose(context, app)]))
  const requestComposers = new Map([...config.apps].map(([appId, app]) => [appId, createRequestCompose(context, app)]))

  async function lease(now: number, limit: number): Promise<readonly Leased[]> {
    const leased = await store.leaseDeliveries({ now, leasedUntil: now + LEASE_MS, limit })
    // Asked for all at once, just before they are sent.
    const ids = leased.flatMap(({ invite, request }) => refusalIds(context, addressOf(invite ?? request)))
    const mayBeRefused = ids.length > 0 && (await store.refusesMail({ ids }))
    return leased.map((each) => ({ ...each, mayBeRefused }))
  }

  async function deliver(leased: Leased): Promise<void> {
    const { delivery, invite, request } = leased
    const isRefused = leased.mayBeRefused && (await wantsNoMail(context, addressOf(invite ?? request)))
    const outcome = invite
      ? await attempt(delivery, invite, isRefused)
      : await attemptRequest(delivery, request, isRefused)
    const webhooks = invite && config.apps.get(invite.appId)?.webhooks.targets
    await store.finishDelivery(delivery, outcome, webhooks)
    if (webhooks) context.webhooksQueued()
    if (invite === undefined || 'canceledAt' in outcome) return // listeners hear nothing of who asks for access
    if (!context.isHeard('sentAt' in outcome ? 'sent' : 'failed')) return
    const now = config.clock()
    const reported = (await store.findInvite({ appId: invite.appId, inviteId: invite.id })) ?? invite
    const summary = summaryOf(reported, now)
    if ('sentAt' in outcome) context.emit('sent', { invite: summary })
    else context.emit('failed', { invite: summary, error: outcome.error, final: 'failedAt' in outcome })
  }

  async function attempt(delivery: DeliveryRecord, invite: InviteRecord, isRefused: boolean): Promise<DeliveryOutcome> {
    if (invite.email === null || statusOf(invite, config.clock()) !== 'pending') {
      return { canceledAt: config.clock() } // overtaken: nobody could sign up with it
    }
    // Another process may be able to: a newer one that knows the app, or lists the secret.
    const compose = composers.get(invite.appId)
    if (compose === undefined) return unsent(delivery, unknownApp(invite))
    if (isRefused) return refused()
    const code = openCode(context, invite)
    if (code === null) {
      return unsent(delivery, 'No listed secret opens its code. Send the invite again for a new one.')
    }
    const secrets = () => [spelledAnyhow(code), makeProof(context, invite), noMoreToken(context, invite)]
    return await send(delivery, () => compose(invite, delivery, code), secrets)
  }

  async function attemptRequest(
    delivery: DeliveryRecord,
    request: AccessRequestRecord,
    isRefused: boolean,
  ): Promise<DeliveryOutcome> {
    const compose = requestComposers.get(request.appId)
    if (compose === undefined) return unsent(delivery, unknownApp(request))
    if (isRefused) return refused()
    const token = requestToken(context, request)
    return await send(
      delivery,
      () => compose(request, delivery, token),
      () => [token, noMoreToken(context, request)],
    )
  }

  async function send(
    delivery: DeliveryRecord,
    compose: () => MailMessage,
    secrets: () => readonly (string | RegExp)[], // to be looked for only where it fails: making them takes longer than the mail
  ): Promise<DeliveryOutcome> {
    try {
      await withTimeout(mailer.sendMail(compose()))
      return { sentAt: config.clock() }
    } catch (thrown) {
      const error = reportable(thrown, secrets())
      if (isPermanent(thrown)) return { failedAt: config.clock(), error }
      warnOnce(context, 'INVITE_DELIVERY_STALLED', `The mailer failed, and will be tried again: ${error}`)
      return unsent(delivery, error)
    }
  }

  function refused(): DeliveryOutcome {
    return { failedAt: config.clock(), error: 'This address asked for no more mail.' }
  }

  const unsent = (delivery: DeliveryRecord, error: string) => afterFailure(delivery, error, config.clock())

  return createOutboxWorker(config.clock, {
    nextAt: () => store.nextDeliveryAt(),
    atOnce: AT_ONCE,
    lease,
    deliver,
    stalled: (why) =>
      warnOnce(
        context,
        'INVITE_DELIVERY_STALLED',
        `Invite mails are not being delivered, and will be tried again: ${why}`,
      ),
  })
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

/** Empty where there is none, as of a link. */
function addressOf({ emailCanonical }: Pick<InviteRecord, 'emailCanonical'>): string {
  return emailCanonical ?? ''
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
