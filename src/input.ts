// Reading what was asked for, by the schemas from which validation, types and the description of the routes come.
import * as v from 'valibot'
import { type FieldError, InviteError } from './errors.js'

type FieldsSchema = v.StrictObjectSchema<v.ObjectEntries, undefined>

type Entries<Schema extends FieldsSchema> = Schema['entries']
type MayBeLeftOut<Schema extends v.GenericSchema> = undefined extends v.InferInput<Schema> ? true : false

/** What a caller passes: `v.InferInput`, written such that each field keeps its one doc comment. */
export type InputOf<Schema extends FieldsSchema> = {
  readonly [Name in keyof Entries<Schema> as MayBeLeftOut<Entries<Schema>[Name]> extends true
    ? Name
    : never]?: v.InferInput<Entries<Schema>[Name]>
} & {
  readonly [Name in keyof Entries<Schema> as MayBeLeftOut<Entries<Schema>[Name]> extends true
    ? never
    : Name]: v.InferInput<Entries<Schema>[Name]>
}

/** Reads `input`. @throws InviteError `input_invalid` naming every field that is wrong. */
export function read<Schema extends FieldsSchema>(schema: Schema, input: unknown): v.InferOutput<Schema> {
  if (!isPlainObject(input)) throw invalid([{ pointer: '#', detail: 'must be a JSON object' }])
  // Sorted out here, since the schema would name only the first.
  const names = Object.keys(input)
  const unknown = names.filter((name) => !Object.hasOwn(schema.entries, name))
  const known = Object.fromEntries(names.filter((name) => !unknown.includes(name)).map((name) => [name, input[name]]))
  const result = v.safeParse(schema, known, { abortPipeEarly: true })
  if (result.success && unknown.length === 0) return result.output
  throw invalid([
    ...(result.issues ?? []).map(({ path, message }) => ({
      pointer: pointerTo((path ?? []).map(({ key }) => key)),
      detail: message.startsWith('Invalid key:') ? 'must be there' : message,
    })),
    ...unknown.map((name) => ({ pointer: pointerTo([name]), detail: 'is not a field of this request' })),
  ])
}

/** The failure for these fields. */
export function invalid(errors: readonly FieldError[]): InviteError {
  const detail = errors.map(({ pointer, detail }) => `${pointer.slice(2) || 'request'} ${detail}`).join('; ')
  return new InviteError('input_invalid', { errors, detail: `${detail}.` })
}

/** A field's failure. */
export function invalidField(field: string, detail: string): InviteError {
  return invalid([{ pointer: `#/${field}`, detail }])
}

/** RFC 6901, section 6: the URI fragment form. */
function pointerTo(path: readonly unknown[]): string {
  return `#/${path.map((key) => encodeURIComponent(String(key).replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`
}

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
