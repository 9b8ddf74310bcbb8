// Language tags (BCP 47): how one is written, and what serves somebody who asks for it.

/** How BCP 47 writes it; `undefined` where it is none, or one without a language of two or three letters. */
export function canonicalLocale(name: string): string | undefined {
  if (!/^[a-z]{2,3}(?:-|$)/i.test(name)) return undefined
  try {
    return Intl.getCanonicalLocales(name)[0]
  } catch {
    return undefined
  }
}

/** What serves `locale`, best first: `de-CH`, `de` (RFC 4647, 3.4). */
export function lookupOrder(locale: string | undefined): readonly string[] {
  if (locale === undefined) return []
  const cut = locale.lastIndexOf('-')
  return [locale, ...lookupOrder(cut < 0 ? undefined : locale.slice(0, cut))]
}
