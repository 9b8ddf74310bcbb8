// Reading HTML in tests: what is text and what is markup.

/** What a reader sees of a page. */
export function textOf(html: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
    '&#x27;': "'",
    '&#x60;': '`',
    '&#x3D;': '=',
    '&amp;': '&',
  }
  return html
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/&(?:lt|gt|quot|amp|#x[0-9A-F]{2});/g, (entity) => entities[entity] ?? '')
}

/** The tags of a page without the values in them: the same for every value that is inert. */
export function tagsOf(html: string): readonly string[] {
  return (html.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/"[^"]*"/g, '""'))
}
