// The description of the routes, made from the schemas that read requests and type answers.
import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import type { Config } from '../config.js'
import { problemSchema } from '../output.js'
import { webhookSchemas } from '../output-webhooks.js'
import { type Operation, operations } from './operations.js'

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
    components: { securitySchemes: { appKey } },
    paths,
    webhooks: Object.fromEntries([...webhookSchemas].map(([type, body]) => [type, { post: describeWebhook(body) }])),
  }
}

const appKey = {
  type: 'http',
  scheme: 'basic',
  description:
    "A program's: the app's id as user, and a key of that app as password. It is let do what its scopes name. The " +
    'host lets others in as it sees fit.',
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
  const { takesCsv = false, isCsv = false } = operation
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
    ...(!isPublic && { description: 'For whom the host lets: see `authorize`; and for keys of the app.' }),
    security: isPublic ? [] : [{ appKey: [] }],
    parameters: [...inPath, ...inQuery, ...(isRepeatable ? [idempotencyKey] : [])],
    ...(inBody && {
      requestBody: {
        content: {
          'application/json': inBody,
          ...(isForm && { 'application/x-www-form-urlencoded': inBody }),
          ...(takesCsv && { 'text/csv': { schema: { type: 'string' } } }),
        },
      },
    }),
    responses: {
      ...(page && { 200: { description: 'Done, for browsers: a page that goes on', content: page } }),
      [status]: {
        description: 'Done',
        ...(isCsv && { content: { 'text/csv': { schema: { type: 'string' } } } }),
        ...(answer && {
          content: { 'application/json': { schema: jsonSchema(answer) }, ...(status === 200 && page) },
        }),
      },
      ...Object.fromEntries(failures.map((failure) => [failure, problem])),
    },
  }
}

function describeWebhook(body: v.GenericSchema): object {
  return {
    description: 'To each endpoint of `webhooks` that wants it; signed as Standard Webhooks has it.',
    security: [],
    parameters: ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => ({
      name,
      in: 'header',
      required: true,
      schema: { type: 'string' },
    })),
    requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(body) } } },
    responses: {
      '2XX': { description: 'Taken' },
      410: { description: 'Given up' },
      default: { description: 'Tried again later' },
    },
  }
}

function jsonSchema(schema: v.GenericSchema): object {
  // What JSON Schema cannot say (that an address is one) is left to the answer's `errors`.
  const { $schema, ...rest } = toJsonSchema(schema, { typeMode: 'input', errorMode: 'ignore', target: 'draft-2020-12' })
  return rest
}
