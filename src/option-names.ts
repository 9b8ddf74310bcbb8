// Names of options: an unknown one is told at start, with the one that was probably meant.
import { closest, distance } from 'fastest-levenshtein'

/** @throws TypeError where `options` is no object or has a name that is not in `known`. */
export function checkNames(owner: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${owner} takes an object of options.`)
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const nearest = closest(name, [...known])
    const hint =
      distance(name.toLowerCase(), nearest.toLowerCase()) <= 3
        ? `Did you mean \`${nearest}\`?`
        : `It takes ${known.map((each) => `\`${each}\``).join(', ')}.`
    throw new TypeError(`${owner}: unknown option \`${name}\`. ${hint}`)
  }
}
