// What the routes take and answer with: the table that their description is made from.
import type * as v from 'valibot'
import {
  acceptancePageSchema,
  acceptanceSchema,
  appKeyPageSchema,
  appQuotaSchema,
  appSettingsSchema,
  askedSchema,
  decidedSchema,
  grantedSchema,
  invitePageSchema,
  inviteSchema,
  noMoreMailSchema,
  previewSchema,
  requestPageSchema,
  sentManySchema,
} from '../output.js'
import { forgottenSchema, personDataSchema } from '../output-privacy.js'
import { auditPageSchema, inviterStateSchema, statisticsSchema, treeViewSchema } from '../output-record.js'
import { accessRequestSchema, approveSchema, declineSchema, requestListSchema } from '../schemas/access-requests.js'
import {
  acceptancesSchema,
  checkSchema,
  emptySchema,
  listSchema,
  pageSchema,
  resendSchema,
  sendSchema,
  updateSchema,
} from '../schemas/invites.js'
import { rowsSchema, sendManySchema } from '../schemas/lists.js'
import { noMoreSchema } from '../schemas/no-more.js'
import { personSchema } from '../schemas/privacy.js'
import {
  auditSchema,
  inviteExportSchema,
  inviterOnlySchema,
  inviterSchema,
  statsSchema,
  treeSchema,
} from '../schemas/record.js'
import { grantSchema, quotaSchema, settingsSchema } from '../schemas/settings.js'

type Fields = v.StrictObjectSchema<v.ObjectEntries, undefined>

export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** As OpenAPI writes it; Express's differs in its parameters. */
  readonly path: string
  readonly summary: string
  /** Whether it goes without `authorize`. */
  readonly isPublic?: boolean
  /** Whether it may be sent again under an `Idempotency-Key`. */
  readonly isRepeatable?: boolean
  /** Whether browsers send it as a form, and are answered with pages. */
  readonly isForm?: boolean
  /** Whether it answers with CSV. */
  readonly isCsv?: boolean
  readonly query?: Fields
  readonly body?: v.GenericSchema
  /** Whether the body may be CSV. */
  readonly takesCsv?: boolean
  /** The answer to a request that could be carried out. */
  readonly status: number
  readonly answer?: v.GenericSchema
  /** What else it may answer with. */
  readonly failures: readonly number[]
}

const managed = [400, 401, 403, 404, 429, 503]

export const operations: readonly Operation[] = [
  {
    method: 'post',
    path: '/app/{appId}/invite',
    summary: 'Make an invite, and mail it',
    isRepeatable: true,
    body: sendSchema,
    status: 201,
    answer: inviteSchema,
    failures: [...managed, 409, 413, 415, 422, 429],
  },
  {
    method: 'post',
    path: '/app/{appId}/invite/bulk',
    summary: 'Make up to 1,000 invites, and mail them',
    isRepeatable: true,
    query: sendManySchema,
    body: rowsSchema,
    takesCsv: true,
    status: 200,
    answer: sentManySchema,
    failures: [...managed, 409, 413, 415, 422],
  },
  {
    method: 'get',
    path: '/app/{appId}/invite',
    summary: 'A page of invites',
    query: listSchema,
    status: 200,
    answer: invitePageSchema,
    failures: managed,
  },
  {
    method: 'get',
    path: '/app/{appId}/invite/{inviteId}',
    summary: 'An invite that has a use left',
    status: 200,
    answer: inviteSchema,
    failures: managed,
  },
  {
    method: 'patch',
    path: '/app/{appId}/invite/{inviteId}',
    summary: 'Edit role, term or metadata',
    body: updateSchema,
    status: 200,
    answer: inviteSchema,
    failures: [...managed, 409, 413, 415],
  },
  {
    method: 'delete',
    path: '/app/{appId}/invite/{inviteId}',
    summary: 'Revoke an invite',
    status: 200,
    answer: emptySchema,
    failures: managed,
  },
  {
    method: 'post',
    path: '/app/{appId}/invite/{inviteId}/resend',
    summary: 'Mail an invite again',
    isRepeatable: true,
    body: resendSchema,
    status: 200,
    answer: inviteSchema,
    failures: [...managed, 409, 413, 415, 422, 429],
  },
  {
    method: 'post',
    path: '/app/{appId}/invite/check',
    summary: 'What a signup page may show',
    isPublic: true,
    body: checkSchema,
    status: 200,
    answer: previewSchema,
    failures: [400, 404, 413, 415, 429, 503],
  },
  {
    method: 'get',
    path: '/app/{appId}/join/{token}',
    summary: 'The link in the mail: on to the signup page',
    isPublic: true,
    status: 302,
    failures: [404],
  },
  {
    method: 'post',
    path: '/app/{appId}/join',
    summary: 'A code or join link that was pasted: on to the signup page; browsers are answered with pages',
    isPublic: true,
    isForm: true,
    body: checkSchema,
    status: 303,
    failures: [400, 403, 404, 413, 415, 429, 503],
  },
  {
    method: 'get',
    path: '/app/{appId}/no-more/{token}',
    summary: 'Whether this address is mailed no more; browsers are answered with a page',
    isPublic: true,
    isForm: true,
    status: 200,
    answer: noMoreMailSchema,
    failures: [404, 503],
  },
  {
    method: 'post',
    path: '/app/{appId}/no-more/{token}',
    summary: 'No more mail to this address, or mail again; browsers are answered with a page',
    isPublic: true,
    isForm: true,
    body: noMoreSchema,
    status: 200,
    answer: noMoreMailSchema,
    failures: [400, 404, 413, 415, 503],
  },
  {
    method: 'get',
    path: '/app/{appId}/acceptance',
    summary: 'A page of who joined',
    query: acceptancesSchema,
    status: 200,
    answer: acceptancePageSchema,
    failures: managed,
  },
  {
    method: 'post',
    path: '/app/{appId}/acceptance/{acceptanceId}/reopen',
    summary: 'Give a use back',
    status: 200,
    answer: acceptanceSchema,
    failures: [...managed, 409],
  },
  {
    method: 'post',
    path: '/app/{appId}/acceptance/{acceptanceId}/approve',
    summary: 'Approve who joined pending approval',
    status: 200,
    answer: acceptanceSchema,
    failures: managed,
  },
  {
    method: 'post',
    path: '/app/{appId}/acceptance/{acceptanceId}/decline',
    summary: 'Decline who joined pending approval',
    status: 200,
    answer: acceptanceSchema,
    failures: managed,
  },
  {
    method: 'get',
    path: '/app/{appId}/settings',
    summary: 'What is switched at run time',
    status: 200,
    answer: appSettingsSchema,
    failures: managed,
  },
  {
    method: 'put',
    path: '/app/{appId}/settings',
    summary: 'Switch it',
    body: settingsSchema,
    status: 200,
    answer: appSettingsSchema,
    failures: [...managed, 413, 415],
  },
  {
    method: 'get',
    path: '/app/{appId}/quota/{inviterId}',
    summary: 'How many invites a member may still send',
    status: 200,
    answer: appQuotaSchema,
    failures: managed,
  },
  {
    method: 'put',
    path: '/app/{appId}/quota/{inviterId}',
    summary: 'Set how many',
    body: quotaSchema,
    status: 200,
    answer: appQuotaSchema,
    failures: [...managed, 413, 415],
  },
  {
    method: 'post',
    path: '/app/{appId}/quota',
    summary: 'Give one, or everybody who joined in some time, more',
    isRepeatable: true,
    body: grantSchema,
    status: 200,
    answer: grantedSchema,
    failures: [...managed, 409, 413, 415, 422],
  },
  {
    method: 'get',
    path: '/app/{appId}/key',
    summary: 'A page of the keys of the app',
    query: pageSchema,
    status: 200,
    answer: appKeyPageSchema,
    failures: managed,
  },
  {
    method: 'delete',
    path: '/app/{appId}/key/{keyId}',
    summary: 'Revoke a key',
    status: 200,
    answer: emptySchema,
    failures: managed,
  },
  {
    method: 'post',
    path: '/app/{appId}/access-request',
    summary: 'Ask for access, in mode waitlist: one answer for everybody, and a mail with a link that confirms',
    isPublic: true,
    body: accessRequestSchema,
    status: 202,
    answer: askedSchema,
    failures: [400, 403, 404, 413, 415, 429, 503],
  },
  {
    method: 'get',
    path: '/app/{appId}/access-request/{token}',
    summary: 'The link in that mail: a page with a button, or with the place on the list',
    isPublic: true,
    status: 200,
    failures: [404, 503],
  },
  {
    method: 'post',
    path: '/app/{appId}/access-request/{token}',
    summary: 'The button on that page: confirm the request',
    isPublic: true,
    status: 200,
    failures: [404, 503],
  },
  {
    method: 'get',
    path: '/app/{appId}/access-request',
    summary: 'A page of confirmed requests for access',
    query: requestListSchema,
    status: 200,
    answer: requestPageSchema,
    failures: managed,
  },
  {
    method: 'post',
    path: '/app/{appId}/access-request/approve',
    summary: 'Invite those who asked, or the next of them',
    isRepeatable: true,
    body: approveSchema,
    status: 200,
    answer: decidedSchema,
    failures: [...managed, 409, 413, 415, 422, 429],
  },
  {
    method: 'post',
    path: '/app/{appId}/access-request/decline',
    summary: 'Decline those who asked, and take back their invites',
    isRepeatable: true,
    body: declineSchema,
    status: 200,
    answer: decidedSchema,
    failures: [...managed, 409, 413, 415, 422],
  },
  {
    method: 'get',
    path: '/app/{appId}/acceptance.csv',
    summary: 'Everybody who joined, newest first',
    isCsv: true,
    query: inviterOnlySchema,
    status: 200,
    failures: managed,
  },
  {
    method: 'get',
    path: '/app/{appId}/invite.csv',
    summary: 'All invites, newest first, without their codes',
    isCsv: true,
    query: inviteExportSchema,
    status: 200,
    failures: managed,
  },
  {
    method: 'get',
    path: '/app/{appId}/audit',
    summary: 'A page of the log: who did what',
    query: auditSchema,
    status: 200,
    answer: auditPageSchema,
    failures: managed,
  },
  {
    method: 'get',
    path: '/app/{appId}/stats',
    summary: 'What happened over time',
    query: statsSchema,
    status: 200,
    answer: statisticsSchema,
    failures: managed,
  },
  {
    method: 'get',
    path: '/app/{appId}/tree',
    summary: 'Who joined by somebody’s invites, and by theirs',
    query: treeSchema,
    status: 200,
    answer: treeViewSchema,
    failures: managed,
  },
  {
    method: 'get',
    path: '/app/{appId}/inviter/{inviterId}',
    summary: 'Whether an inviter is paused',
    status: 200,
    answer: inviterStateSchema,
    failures: managed,
  },
  {
    method: 'put',
    path: '/app/{appId}/inviter/{inviterId}',
    summary: 'Pause an inviter, or end that',
    body: inviterSchema,
    status: 200,
    answer: inviterStateSchema,
    failures: [...managed, 413, 415],
  },
  {
    method: 'post',
    path: '/app/{appId}/person/export',
    summary: 'What is held on an address',
    body: personSchema,
    status: 200,
    answer: personDataSchema,
    failures: [...managed, 413, 415],
  },
  {
    method: 'post',
    path: '/app/{appId}/person/forget',
    summary: 'Forget an address, and what names its owner',
    body: personSchema,
    status: 200,
    answer: forgottenSchema,
    failures: [...managed, 413, 415],
  },
  { method: 'get', path: '/openapi.json', summary: 'This document', isPublic: true, status: 200, failures: [] },
]
