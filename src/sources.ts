// Where invites come from, as their `metadata.source` says: what statistics count by.

// No address has this form, so that a source may stand in the log.
const SOURCE = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._:/+-]{0,63}$/u

/** The label in an invite's metadata; `null` where there is none that can be counted by. */
export function sourceOf(metadata: Readonly<Record<string, unknown>> | null | undefined): string | null {
  const source = metadata?.source
  return typeof source === 'string' && SOURCE.test(source) ? source : null
}
