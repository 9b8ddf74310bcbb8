// All the pages of a list, one after another.
import type { Page } from '../types.js'

const FULL_PAGE = 100

/** From the page after `cursor` to the last. */
export async function allPages<Item>(
  fetch: (page: { readonly limit: number; readonly cursor: string | undefined }) => Promise<Page<Item>>,
  cursor: string | undefined,
): Promise<Page<Item>> {
  const items: Item[] = []
  let next = cursor
  do {
    const page = await fetch({ limit: FULL_PAGE, cursor: next })
    items.push(...page.items)
    next = page.nextCursor ?? undefined
  } while (next !== undefined)
  return { items, nextCursor: null }
}
