// What a host app of the benchmark is, and what all of them are made of.
import { createHash, randomInt, randomUUID } from 'node:crypto'
import express, { type Express } from 'express'
import type { HostSpec, RequestKind, Sent } from '../host-process.js'

/** An app, and the requests that it is measured by. */
export interface Host {
  readonly app: Express
  /** Makes what so many requests need. */
  readonly prepare: Partial<
    Readonly<Record<RequestKind, (count: number) => Promise<readonly Sent[]> | readonly Sent[]>>
  >
  /** What it can do besides, by name. */
  readonly tasks?: Readonly<Record<string, (count: number) => Promise<unknown>>>
  close(): Promise<void>
}

export type Variants = Readonly<Record<string, (spec: HostSpec) => Promise<Host>>>

/** How long a claim of a hand-written gate lasts. */
export const CLAIM_MS = 120_000

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** What hand-written ones hash as ours does. */
export const hashOf = (code: string) => createHash('sha256').update(code.replaceAll('-', '')).digest('base64url')

/** As ours are: 28 letters and digits in groups of four. */
export function makeCode(): string {
  const group = () => Array.from({ length: 4 }, () => ALPHABET[randomInt(32)]).join('')
  return Array.from({ length: 7 }, group).join('-')
}

export const newEmail = () => `${randomUUID()}@example.com`

/** An app that reads JSON, as hosts have it. */
export function jsonApp(): Express {
  const app = express()
  app.use(express.json())
  return app
}

export function signupWith(inviteCode: string, status = 201): Sent {
  return { path: '/signup', body: JSON.stringify({ email: newEmail(), inviteCode }), status }
}

/** Signups of people who have a code each, whether anybody looks at it or not. */
export const unchecked = (count: number) => Array.from({ length: count }, () => signupWith(makeCode()))

/** Signups with codes that nobody has made. */
export const badCodes = (count: number) => Array.from({ length: count }, () => signupWith(makeCode(), 403))
