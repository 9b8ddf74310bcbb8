// Ids of new things: random, or the same again where a request is carried out again.
import { nanoid } from 'nanoid'

/** Makes the id of what `name` stands for within one request, such as `invite`. 21 letters of base64url. */
export type NewId = (name: string) => string

export const randomId: NewId = () => nanoid()

let counter = 0

/**
 * As random, but each later one sorts behind: an index takes a million of those at its end, and not all over itself,
 * which halves the time of writing them.
 */
export const orderedId: NewId = () => {
  counter = (counter + 1) % 36 ** 4
  const at = Date.now().toString(36).padStart(8, '0')
  return at + counter.toString(36).padStart(4, '0') + nanoid(9)
}
