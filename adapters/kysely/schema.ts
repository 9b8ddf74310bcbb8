// The tables, as Kysely sees them, and what differs between the databases they live in.
import type { CompiledQuery, Generated, Kysely, RawBuilder } from 'kysely'
import type { Approval, LogActorKind } from '../../src/store.js'
import type { Mode } from '../../src/types.js'

declare const encoded: unique symbol
/** A timestamp as the driver takes and gives it. */
export type DbTime = { readonly [encoded]: 'time' }
/** A JSON document as the driver takes and gives it. */
export type DbJson = { readonly [encoded]: 'json' }

export interface InviteTable {
  id: string
  app_id: string
  email: string | null
  email_canonical: string | null
  /** The domain of `email_canonical`, for searching. */
  email_at: string | null
  /** The only domain that may use it. */
  email_domain: string | null
  once_per_person: Generated<number>
  code_hash: string
  code_sealed: string
  code_generation: number
  role: string | null
  org_id: string | null
  inviter_id: string | null
  inviter_email: string | null
  inviter_name: string | null
  message: string | null
  locale: string | null
  metadata: DbJson | null
  source: string | null
  max_uses: number | null
  uses: number
  held: number
  created_at: DbTime
  term_ms: number | null
  expires_at: DbTime | null
  revoked_at: DbTime | null
  delivery_id: string | null
  /** What its inviter's quota paid and may get back when it expires. */
  quota_cost: Generated<number>
  /** What the quota got back, and pays again should it be revived. */
  quota_back: Generated<number>
  /** The `expires_at` that housekeeping found to be past. A note for the indexes; nothing is judged by it. */
  past_expiry: DbTime | null
}

interface ClaimTable {
  id: string
  invite_id: string
  email: string | null
  lapses_at: DbTime
}

export interface AcceptanceTable {
  id: string
  invite_id: string
  app_id: string
  claim_id: string
  user_id: string | null
  email: string | null
  role: string | null
  org_id: string | null
  inviter_id: string | null
  inviter_email: string | null
  inviter_name: string | null
  accepted_at: DbTime
  reopened_at: DbTime | null
  approval: Approval | null
  decided_at: DbTime | null
}

export interface DeliveryTable {
  id: string
  /** Of these two, one. */
  invite_id: string | null
  request_id: string | null
  attempts: number
  last_error: string | null
  /** When to try (again); while it is leased, when the lease runs out. */
  next_attempt_at: DbTime
  leased_until: DbTime | null
  sent_at: DbTime | null
  failed_at: DbTime | null
  canceled_at: DbTime | null
}

export interface AccessRequestTable {
  id: string
  app_id: string
  email: string
  email_canonical: string
  answers: DbJson
  locale: string | null
  created_at: DbTime
  /** When the newest mail was queued. */
  asked_at: DbTime
  /** The newest mail. */
  delivery_id: string
  verified_at: DbTime | null
  decision: 'approve' | 'decline' | null
  decided_at: DbTime | null
  decided_by: string | null
  /** What approving made. */
  invite_id: string | null
}

interface KeyedRequestTable {
  id: string
  fingerprint: string
  /** How often it was asked for: 1 as it is made. */
  asked: number
  started_at: DbTime
  leased_until: DbTime
  answer: string | null
}

interface SettingsTable {
  app_id: string
  mode: Mode | null
  next_mode: Mode | null
  next_mode_at: DbTime | null
  /** What else was stored: `seats`, `quota`. */
  limits: DbJson | null
  updated_at: DbTime
}

interface QuotaTable {
  app_id: string
  inviter_id: string
  /** `null`: any number. */
  uses_left: number | null
  refilled_at: DbTime
}

export interface AppKeyTable {
  id: string
  app_id: string
  label: string
  /** Words with spaces between. */
  scopes: string
  key_hash: string
  created_at: DbTime
  expires_at: DbTime | null
  last_used_at: DbTime | null
  revoked_at: DbTime | null
}

export interface LogTable {
  id: string
  app_id: string
  at: DbTime
  actor_kind: LogActorKind
  actor_id: string | null
  action: string
  invite_id: string | null
  acceptance_id: string | null
  /** The invite's, at that moment: statistics are counted by it. */
  inviter_id: string | null
  /** The invite's, at that moment: statistics are counted by it. */
  role: string | null
  /** The invite's, at that moment: statistics are counted by it. */
  source: string | null
  details: DbJson | null
}

interface PausedInviterTable {
  app_id: string
  inviter_id: string
  paused_at: DbTime
}

interface MailCountTable {
  id: string
  mails: number
  /** From then on it begins anew. */
  ends_at: DbTime
}

interface MailRefusalTable {
  id: string
  refused_at: DbTime
}

export interface WebhookTable {
  id: string
  /** Of the log; for `invite.accept` of the acceptances. */
  entry_id: string
  endpoint: string
  app_id: string
  action: string
  /** The entry's. */
  at: DbTime
  attempts: number
  last_error: string | null
  /** When to try (again); while it is leased, when the lease runs out. */
  next_attempt_at: DbTime
  leased_until: DbTime | null
  sent_at: DbTime | null
  failed_at: DbTime | null
}

interface MigrationTable {
  version: number
}

export interface Tables {
  invites: InviteTable
  claims: ClaimTable
  acceptances: AcceptanceTable
  deliveries: DeliveryTable
  access_requests: AccessRequestTable
  keyed_requests: KeyedRequestTable
  settings: SettingsTable
  quotas: QuotaTable
  app_keys: AppKeyTable
  log: LogTable
  paused_inviters: PausedInviterTable
  mail_counts: MailCountTable
  mail_refusals: MailRefusalTable
  webhooks: WebhookTable
  migrations: MigrationTable
}

/** The real name of each table. Typed as the bare one, which is what Kysely's types know it by. */
export type TableNames = { readonly [Name in keyof Tables]: Name }

/** A column of rows that are sent along. */
export type ListedType = 'text' | 'integer' | 'long' | 'time' | 'json'

/** How rows are sent along. */
type ListedRows =
  | {
      readonly atOnce: true
      from(rows: { json: string }, columns: Readonly<Record<string, ListedType>>): RawBuilder<unknown>
    }
  | {
      readonly atOnce: false
      from(row: Readonly<Record<string, unknown>>, columns: readonly string[]): RawBuilder<unknown>
    }

/** Everything that differs between databases. */
export interface Dialect {
  /** Builds and compiles queries; runs none. */
  readonly db: Kysely<Tables>
  readonly tables: TableNames
  /** Of ids, addresses and words: compared and sorted by code point, whatever the database's own collation. */
  readonly textType: 'text' | 'text collate "C"'
  readonly timeType: 'integer' | 'timestamptz'
  /** Of whole numbers beyond 32 bits. */
  readonly longType: 'integer' | 'bigint'
  readonly jsonType: 'text' | 'jsonb'
  /** The database's own time, as SQL of a value as `encodeTime` makes it. */
  readonly now: string
  /** Whether rows are locked one by one. Where not, a write transaction has the whole database to itself. */
  readonly rowLocks: boolean
  /** Selects a row where there is a table of this name. */
  findTable(name: string): CompiledQuery
  /**
   * What stands in a FROM for rows that are sent along, under the name `listed`: all at once as one JSON document, or
   * one by one, each by its values. SQLite takes 20 µs a row to read JSON, and has no way to go that would be saved.
   */
  readonly listed: ListedRows
  /** The number of the day, UTC, since 1970, as SQL of a time column. */
  dayOf(column: string): string
  /** How many ms one time column is after another, as SQL. */
  msBetween(later: string, earlier: string): string
  /** What ends a CREATE TABLE. */
  readonly tableOptions: string
  /** The name of a table or index, quoted, with its schema where it must be said. */
  quote(name: string): string
  encodeTime(timestamp: number): DbTime
  decodeTime(value: DbTime): number
  encodeJson(value: object): DbJson
  decodeJson(value: DbJson): Record<string, unknown>
}

/** The tables under `prefix`. Index names carry it too. */
export function tableNames(prefix: string): TableNames {
  const name = <Name extends keyof Tables>(table: Name) => `${prefix}${table}` as Name
  return {
    invites: name('invites'),
    claims: name('claims'),
    acceptances: name('acceptances'),
    deliveries: name('deliveries'),
    access_requests: name('access_requests'),
    keyed_requests: name('keyed_requests'),
    settings: name('settings'),
    quotas: name('quotas'),
    app_keys: name('app_keys'),
    log: name('log'),
    paused_inviters: name('paused_inviters'),
    mail_counts: name('mail_counts'),
    mail_refusals: name('mail_refusals'),
    webhooks: name('webhooks'),
    migrations: name('migrations'),
  }
}
