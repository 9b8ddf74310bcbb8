// The types of on-headers, which brings none.
declare module 'on-headers' {
  import type { ServerResponse } from 'node:http'

  /** Calls `listener` right before the head of the response is written, the last one given first. */
  function onHeaders(res: ServerResponse, listener: () => void): void
  export = onHeaders
}
