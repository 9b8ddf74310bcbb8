// Recognising a host's Kysely transaction by its shape, whichever version of Kysely it comes from.
import type { CompiledQuery } from 'kysely'

/** The part of Kysely's `Transaction` that is used. */
export interface KyselyTransaction {
  readonly isTransaction: boolean
  withoutPlugins(): { executeQuery(query: CompiledQuery): Promise<{ readonly rows: readonly unknown[] }> }
}

export function isKyselyTransaction(trx: unknown): trx is KyselyTransaction {
  const candidate = trx as Partial<KyselyTransaction> | null | undefined
  return candidate?.isTransaction === true && typeof candidate.withoutPlugins === 'function'
}

/** How that transaction answers a query. The host's plugins stay out of it: they may rename our columns. */
export function queryIn(trx: KyselyTransaction): (query: CompiledQuery) => Promise<readonly unknown[]> {
  const bare = trx.withoutPlugins()
  return async (query) => (await bare.executeQuery(query)).rows
}
