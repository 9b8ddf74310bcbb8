// What makes a synchronous function a method of a store.

/** A record that its store may change. */
export type Kept<Item> = { -readonly [Field in keyof Item]: Item[Field] }

/** What it is given and what it hands out are copies: nobody else's hands are on what is kept. */
export type Step = <Request extends unknown[], Result>(
  body: (...request: Request) => Result,
) => (...request: Request) => Promise<Result>

/** Steps that reject once `close` was called. */
export function steps(): { readonly step: Step; close(): Promise<void> } {
  let closed = false
  return {
    step:
      (body) =>
      async (...request) => {
        if (closed) throw new Error('The store is closed.')
        return structuredClone(body(...structuredClone(request)))
      },
    async close() {
      closed = true
    },
  }
}
