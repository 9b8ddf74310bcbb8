// The host's own users: what the app asks of them, whichever database they are in.
import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import type { Claim, InviteStore } from 'express-invite-only'

export interface User {
  readonly id: number
  readonly email: string
  /** Whether they have shown that the address is theirs: by the link mailed to it, or by a provider that says so. */
  readonly emailVerified: boolean
  readonly supervisor: boolean
  readonly role: string | null
  readonly invitedBy: string | null
}

interface NewUser {
  readonly email: string
  readonly emailVerified?: boolean | undefined
  /** Whoever comes by a provider has none. */
  readonly password?: string
  /** The provider's issuer, and what it calls the user. */
  readonly providerId?: string
  readonly supervisor?: boolean
}

export interface Users {
  byId(id: number): Promise<User | undefined>
  byEmail(email: string): Promise<User | undefined>
  byProviderId(providerId: string): Promise<User | undefined>
  withPassword(email: string, password: string): Promise<User | undefined>
  /** Adds a user and, in the same transaction, counts the invite as used: neither is ever there without the other. */
  add(user: NewUser, invite?: Claim): Promise<User>
  /** Lets a user log in by a provider from now on. */
  link(user: User, providerId: string): Promise<User>
}

/** A user as both databases keep it. */
export interface UserRow {
  readonly id: number
  readonly email: string
  readonly email_verified: boolean | 0 | 1
  readonly password: string | null
  readonly supervisor: boolean | 0 | 1
  readonly role: string | null
  readonly invited_by: string | null
}

export function toUser(row: UserRow | undefined): User | undefined {
  if (row === undefined) return undefined
  const { id, email, email_verified: isVerified, supervisor, role, invited_by: invitedBy } = row
  return { id, email, emailVerified: Boolean(isVerified), supervisor: Boolean(supervisor), role, invitedBy }
}

/** A database of the example's: its users, and the store of the invites that live beside them. */
export interface Database {
  readonly users: Users
  readonly store: InviteStore
  /** What the greeting calls it. */
  readonly place: string
  close(): Promise<void>
}

export function hash(password: string, salt = randomBytes(16)): string {
  return `${salt.toString('hex')}:${scryptSync(password, salt, 32).toString('hex')}`
}

export function matches(password: string, stored: string | null): boolean {
  if (stored === null) return false
  const [salt = ''] = stored.split(':')
  return timingSafeEqual(Buffer.from(hash(password, Buffer.from(salt, 'hex'))), Buffer.from(stored))
}
