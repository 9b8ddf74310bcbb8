// What the command line says, for people and for programs: times they can read, counts, JSON.

/** `2026-11-28 09:00 UTC`. */
export function readableTime(iso: string | null): string {
  return iso === null ? 'never' : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`
}

/** How long something has lasted, in its largest unit. */
export function readableSpan(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
  ] as const
  const [unit, size] = units.find(([, size]) => ms >= size) ?? ['s', 1000]
  return `${Math.floor(ms / size)} ${unit}`
}

/** A term in the largest unit that it is a whole number of: `36 hours`. */
export function readableTerm(ms: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ] as const
  const [unit, size] = units.find(([, size]) => ms % size === 0) ?? ['second', 1000]
  return count(ms / size, unit)
}

/** `1 invite`, `2 invites`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** JSON that a terminal obeys as little; whoever parses it reads the same. */
export function json(document: object, indent?: number): string {
  const spelled = (char: string) =>
    [...Array(char.length).keys()].map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')
  return JSON.stringify(document, null, indent).replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, spelled)
}

/** How a command is called, for the end of its help. */
export function examples(...lines: readonly string[]): string {
  return [
    '',
    lines.length === 1 ? 'Example:' : 'Examples:',
    ...lines.map((line) => `  express-invite-only ${line}`),
  ].join('\n')
}
