// Which texts came before, in a few bytes each: a list of millions must not fill the memory.
import { createHash } from 'node:crypto'

/** Told apart by 48 bits of their hash: among a million texts, one in 560 such sets takes one for another. */
export function createSeen(): { add(text: string): boolean } {
  const seen = new Set<number>()
  return {
    /** Whether it is new. */
    add(text) {
      const before = seen.size
      return seen.add(createHash('sha256').update(text).digest().readUIntBE(0, 6)).size > before
    },
  }
}
