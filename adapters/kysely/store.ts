// Binds the operations to whatever runs them, which makes them a store.
import type { InviteStore } from '../../src/store.js'
import { acceptanceOperations } from './acceptances.js'
import { accessDecisionOperations } from './access-decisions.js'
import { accessRequestOperations } from './access-requests.js'
import { appKeyOperations } from './app-keys.js'
import { branchOperations } from './branches.js'
import { changingOperations } from './changing.js'
import { type ClaimOperations, claimOperations } from './claims.js'
import { databaseTime } from './clock.js'
import { type Created, type CreateRequest, creatingOperations } from './creating.js'
import { deliveryOperations } from './deliveries.js'
import { gathering } from './gathering.js'
import { groups } from './groups.js'
import { inviteOperations, isPaidFor } from './invites.js'
import { keyedRequestOperations } from './keyed-requests.js'
import { listingOperations } from './listing.js'
import { listOperations } from './lists.js'
import { logOperations } from './log.js'
import { lookingUpOperations } from './looking-up.js'
import { mailOperations } from './mails.js'
import { migrate } from './migrations.js'
import { together } from './operation.js'
import { pausingOperations } from './pausing.js'
import { privacyOperations } from './privacy.js'
import { pruningOperations } from './pruning.js'
import { quotaOperations } from './quotas.js'
import { readingOperations } from './reading.js'
import { revokingOperations } from './revoking.js'
import { BY_INDEX, type Runner } from './runner.js'
import type { Dialect } from './schema.js'
import { settingsOperations } from './settings.js'
import { standingOperations } from './standings.js'
import { statisticsOperations } from './statistics.js'
import { webhookQueue } from './webhook-queue.js'
import { webhookOperations } from './webhooks.js'

const LONG = { isLong: true }

/** The store that the adapters share, and the operations of it that an adapter may run in other ways. */
export function kyselyStore(
  dialect: Dialect,
  runner: Runner,
  groupSize: number,
): { store: InviteStore; claims: ClaimOperations } {
  const log = logOperations(dialect, webhookQueue(dialect))
  const pausing = pausingOperations(dialect, log)
  const settings = settingsOperations(dialect, log)
  const deliveries = deliveryOperations(dialect, log)
  const reading = readingOperations(dialect, deliveries)
  const listing = listingOperations(dialect, reading)
  const privacy = privacyOperations(dialect, { reading, log })
  const pruning = pruningOperations(dialect, privacy)
  const quotas = quotaOperations(dialect, { settings, log })
  const revoking = revokingOperations(dialect, { reading, deliveries, log })
  const mails = mailOperations(dialect, log)
  const invites = inviteOperations(dialect, { reading, revoking, deliveries, quotas, pausing, mails, log })
  const changing = changingOperations(dialect, { reading, deliveries, quotas, pausing, mails, log })
  const standings = standingOperations(dialect)
  const lists = listOperations(dialect, { invites, deliveries, standings, log })
  const claims = claimOperations(dialect, { settings, revoking, deliveries, log })
  const creating = creatingOperations(dialect, { standings, deliveries, log })
  const created = gathering<CreateRequest, Created>(runner, {
    size: groupSize,
    write: (operation) => runner.write(operation, BY_INDEX),
    many: creating.createGathered,
    alone: (request) => invites.createLast(...request),
  })
  // Should a power cut undo these, what was sent is sent once more, under the same id.
  const finished = gathering<Parameters<InviteStore['finishDelivery']>, true>(runner, {
    size: groupSize,
    write: runner.writeLightly,
    many: (requests) => together(...requests.map((request) => deliveries.finishDelivery(...request))),
    alone: (request) => deliveries.finishDelivery(...request),
  })
  const grouped = groups(runner, claims, groupSize)
  const keyedRequests = keyedRequestOperations(dialect)
  const appKeys = appKeyOperations(dialect, log)
  const acceptances = acceptanceOperations(dialect, { reading, revoking, log })
  const requests = accessRequestOperations(dialect)
  const decisions = accessDecisionOperations(dialect, { revoking, invites, log })
  const lookingUp = lookingUpOperations(dialect, settings)
  const branches = branchOperations(dialect)
  const statistics = statisticsOperations(dialect)
  const webhooks = webhookOperations(dialect, { reading, log })

  const store: InviteStore = {
    migrate: () => runner.migrate(() => migrate(dialect)),
    close: async () => {
      await grouped.idle()
      await Promise.all([created.idle(), finished.idle()])
      await runner.close()
    },
    // What a quota or a limit of mails pays for goes by itself: side by side, two would be paid by the same one.
    createInvite: (...request) =>
      isPaidFor(...request) ? runner.write(() => invites.createInvite(...request)) : created.ask(request),
    createInvites: (request) => runner.write(() => lists.createInvites(request)),
    findInvitees: (request) => runner.read(() => lists.findInvitees(request)),
    lastDeliveryAt: () => runner.read(() => lists.lastDeliveryAt()),
    findInvite: (key) => runner.read(() => reading.findInvite(key), BY_INDEX),
    lookUp: (code) => runner.read(() => lookingUp.lookUp(code), BY_INDEX),
    listInvites: (query) => runner.read(() => listing.listInvites(query)),
    changeInvite: (change) => runner.write(() => changing.changeInvite(change)),
    revokeInvite: (request) => runner.write(() => revoking.revokeInvite(request)),
    revokeInvites: (request) => runner.write(() => revoking.revokeInvites(request), LONG),
    claim: grouped.claim,
    accept: (request, trx) =>
      trx === undefined ? grouped.accept(request) : runner.join(trx, () => claims.accept(request)),
    release: grouped.release,
    listAcceptances: (query) => runner.read(() => acceptances.listAcceptances(query)),
    decideAcceptance: (request) => runner.write(() => acceptances.decideAcceptance(request)),
    reopenAcceptance: (request) => runner.write(() => acceptances.reopenAcceptance(request)),
    time: () => runner.read(() => databaseTime(dialect)),
    getSettings: (appId) => runner.read(() => settings.getSettings(appId), BY_INDEX),
    changeSettings: (request) => runner.write(() => settings.changeSettings(request)),
    getQuota: (request) => runner.read(() => quotas.getQuota(request)),
    setQuota: (request) => runner.write(() => quotas.setQuota(request)),
    grantQuota: (request) => runner.write(() => quotas.grantQuota(request), LONG),
    listLog: (query) => runner.read(() => log.listLog(query)),
    pauseInviter: (request) => runner.write(() => pausing.pauseInviter(request)),
    findPause: (key) => runner.read(() => pausing.findPause(key)),
    getStatistics: (query) => runner.read(() => statistics.getStatistics(query)),
    getTree: (query) => runner.read(() => branches.getTree(query)),
    nextDeliveryAt: () => runner.read(() => deliveries.nextDeliveryAt()),
    leaseDeliveries: (request) => runner.writeLightly(() => deliveries.leaseDeliveries(request)),
    finishDelivery: async (...request) => void (await finished.ask(request)),
    refuseMail: (request) => runner.write(() => mails.refuseMail(request)),
    allowMail: (request) => runner.write(() => mails.allowMail(request)),
    refusesMail: (request) => runner.read(() => mails.refusesMail(request), BY_INDEX),
    findPerson: (person) => runner.read(() => privacy.findPerson(person)),
    forgetPerson: (request) => runner.write(() => privacy.forgetPerson(request)),
    beginKeyedRequest: (request) => runner.write(() => keyedRequests.beginKeyedRequest(request)),
    endKeyedRequest: (request, outcome) => runner.write(() => keyedRequests.endKeyedRequest(request, outcome)),
    createAppKey: (key, note) => runner.write(() => appKeys.createAppKey(key, note)),
    findAppKey: (query) => runner.read(() => appKeys.findAppKey(query)),
    listAppKeys: (query) => runner.read(() => appKeys.listAppKeys(query)),
    revokeAppKey: (request) => runner.write(() => appKeys.revokeAppKey(request)),
    noteAppKeyUse: (request) => runner.writeLightly(() => appKeys.noteAppKeyUse(request)),
    askForAccess: (request, mail) => runner.write(() => requests.askForAccess(request, mail)),
    findAccessRequest: (query) => runner.read(() => requests.findAccessRequest(query)),
    verifyAccessRequest: (request) => runner.write(() => requests.verifyAccessRequest(request)),
    listAccessRequests: (query) => runner.read(() => requests.listAccessRequests(query)),
    countAccessRequestsBefore: (query) => runner.read(() => requests.countAccessRequestsBefore(query)),
    approveAccessRequest: (decision, invite, deliveryId) =>
      runner.write(() => decisions.approveAccessRequest(decision, invite, deliveryId)),
    declineAccessRequest: (decision) => runner.write(() => decisions.declineAccessRequest(decision)),
    nextWebhookAt: (endpoint) => runner.read(() => webhooks.nextWebhookAt(endpoint)),
    leaseWebhooks: (request) => runner.writeLightly(() => webhooks.leaseWebhooks(request)),
    finishWebhook: (webhook, outcome) => runner.writeLightly(() => webhooks.finishWebhook(webhook, outcome)),
    listFailedWebhooks: (query) => runner.read(() => webhooks.listFailedWebhooks(query)),
    retryWebhooks: (request) => runner.write(() => webhooks.retryWebhooks(request)),
    prune: (request) => runner.write(() => pruning.prune(request)),
  }
  return { store, claims }
}
