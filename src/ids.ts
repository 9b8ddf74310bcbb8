// Ids of new things: random, or the same again where a request is carried out again.
import { nanoid } from 'nanoid'

/** Makes the id of what `name` stands for within one request, such as `invite`. 21 letters of base64url. */
export type NewId = (name: string) => string

export const randomId: NewId = () => nanoid()
