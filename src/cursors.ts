// Keyset pages: a cursor names the last item shown, so pages neither skip nor repeat while the list grows.
import { invalidField } from './input.js'
import type { PagePosition } from './store.js'

/** @throws InviteError `input_invalid` where it is none of ours. */
export function readCursor(cursor: string | undefined): PagePosition | undefined {
  if (cursor === undefined) return undefined
  const [at, id, ...rest] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ')
  const position = { at: Number(at), id: id ?? '' }
  if (rest.length > 0 || position.id === '' || !Number.isSafeInteger(position.at) || writeCursor(position) !== cursor) {
    throw invalidField('cursor', 'must be the nextCursor of the page before, unchanged')
  }
  return position
}

/** The first `limit` of `records`, which holds one more where there is a next page. */
export function toPage<Item>(
  records: readonly Item[],
  limit: number,
  position: (item: Item) => PagePosition,
): { items: readonly Item[]; nextCursor: string | null } {
  const items = records.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: last && records.length > limit ? writeCursor(position(last)) : null }
}

function writeCursor({ at, id }: PagePosition): string {
  return Buffer.from(`${at} ${id}`).toString('base64url')
}
