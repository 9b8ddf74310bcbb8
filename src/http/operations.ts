// What the routes take and answer with: the table that their description is made from.
import type * as v from 'valibot'
import {
  acceptancePageSchema,
  acceptanceSchema,
  appQuotaSchema,
  appSettingsSchema,
  grantedSchema,
  invitePageSchema,
  inviteSchema,
  noMoreMailSchema,
  previewSchema,
} from '../output.js'
import {
  checkSchema,
  emptySchema,
  listSchema,
  pageSchema,
  resendSchema,
  sendSchema,
  updateSchema,
} from '../schemas/invites.js'
import { noMoreSchema } from '../schemas/no-more.js'
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
  readonly query?: Fields
  readonly body?: Fields
  /** The answer to a request that could be carried out. */
  readonly status: number
  readonly answer?: v.GenericSchema
  /** What else it may answer with. */
  readonly failures: readonly number[]
}

const managed = [400, 401, 403, 404, 503]

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
    query: pageSchema,
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
  { method: 'get', path: '/openapi.json', summary: 'This document', isPublic: true, status: 200, failures: [] },
]
