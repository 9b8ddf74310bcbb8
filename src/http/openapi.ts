// The description of the routes, made from the schemas that read requests and type answers.
import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import type { Config } from '../config.js'
import {
  checkSchema,
  emptySchema,
  listSchema,
  pageSchema,
  resendSchema,
  sendSchema,
  settingsSchema,
  updateSchema,
} from '../input.js'
import {
  acceptancePageSchema,
  acceptanceSchema,
  appSettingsSchema,
  invitePageSchema,
  inviteSchema,
  previewSchema,
  problemSchema,
} from '../output.js'

type Fields = v.StrictObjectSchema<v.ObjectEntries, undefined>

interface Operation {
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
    failures: [...managed, 409, 413, 415, 422],
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
  { method: 'get', path: '/openapi.json', summary: 'This document', isPublic: true, status: 200, failures: [] },
]

/** The OpenAPI 3.1 document of the routes. */
export function openApiDocument({ baseUrl }: Config): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Invites', version: '1', description: 'Invite-only signup, by express-invite-only.' },
    servers: [{ url: baseUrl }],
    paths,
  }
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key and request again, within 24 hours: the same answer, and nothing is done twice.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
}

function describe(operation: Operation): object {
  const { path, summary, isPublic = false, isRepeatable = false, isForm = false } = operation
  const { query, body, status, answer, failures } = operation
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const inQuery = Object.entries(query?.entries ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: jsonSchema(schema as v.GenericSchema),
  }))
  const page = isForm && { 'text/html': { schema: { type: 'string' } } }
  const problem = {
    description: 'Why not',
    content: { 'application/problem+json': { schema: jsonSchema(problemSchema) }, ...page },
  }
  const inBody = body && { schema: jsonSchema(body) }
  return {
    summary,
    ...(!isPublic && { description: 'For whom the host lets: see `authorize`.' }),
    parameters: [...inPath, ...inQuery, ...(isRepeatable ? [idempotencyKey] : [])],
    ...(inBody && {
      requestBody: {
        content: { 'application/json': inBody, ...(isForm && { 'application/x-www-form-urlencoded': inBody }) },
      },
    }),
    responses: {
      ...(page && { 200: { description: 'Done, for browsers: a page that goes on', content: page } }),
      [status]: {
        description: 'Done',
        ...(answer && { content: { 'application/json': { schema: jsonSchema(answer) } } }),
      },
      ...Object.fromEntries(failures.map((failure) => [failure, problem])),
    },
  }
}

function jsonSchema(schema: v.GenericSchema): object {
  // What JSON Schema cannot say (that an address is one) is left to the answer's `errors`.
  const { $schema, ...rest } = toJsonSchema(schema, { typeMode: 'input', errorMode: 'ignore', target: 'draft-2020-12' })
  return rest
}
