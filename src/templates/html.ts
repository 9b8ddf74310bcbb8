// Where in HTML a value stands: what is harmless as text may be followed as a link, or run.
import type { AnyShape } from './shape.js'

/** A place in HTML, as a browser reads it (HTML Living Standard, 13.2.5). */
export interface Position {
  readonly part: Part
  /** The element that is open or being written, with a slash before it where it is being closed. */
  readonly tag: string
  readonly attribute: string
  readonly quote: string
  /** What stands in this part already, as far as it matters. */
  readonly seen: string
}

type Part =
  | 'text'
  | 'raw text'
  | 'opening'
  | 'tag name'
  | 'tag'
  | 'attribute name'
  | 'after name'
  | 'before value'
  | 'value'
  | 'comment'
  | 'conditional comment'

/** What a value could do at a position, beside being read. */
type Risk = 'link' | 'script' | 'style' | 'unquoted' | 'markup'

// What may stand where more happens to it than being read.
const HARMLESS: Readonly<Record<Risk, readonly AnyShape[]>> = {
  link: ['url', 'made'],
  style: ['url', 'color', 'made'],
  unquoted: ['url', 'color', 'made'],
  script: ['url', 'color', 'made'],
  markup: ['made'],
}
const WHY: Readonly<Record<Risk, string>> = {
  link: 'is a text that anybody may have written, and no link: it may be javascript:',
  script: 'would be run as a script, and anybody may have written it',
  style: 'would be read as a style, and anybody may have written it',
  unquoted: 'stands in an attribute without quotes, which it may leave: write name="{{…}}"',
  markup: 'stands within a tag, where it would be read as an attribute',
}

export const START: Position = { part: 'text', tag: '', attribute: '', quote: '', seen: '' }

const RAW_TEXT = ['script', 'style', 'title', 'textarea', 'iframe', 'noembed', 'noframes', 'xmp']
const LINKS =
  /^(?:href|src|srcset|imagesrcset|action|formaction|background|poster|data|ping|cite|longdesc|manifest|xlink:href)$/
// What a browser leaves out before the scheme of a link.
const IGNORED = /[\0-\x20]|&(?:#x?[\da-f]+|tab|newline|nbsp);?/gi
const SCRIPTS = ['javascript:', 'vbscript:']
const MAX_SEEN = 200

/** Where what follows `html` may stand. */
export function afterText(positions: readonly Position[], html: string): readonly Position[] {
  return distinct(positions.map((each) => advance(each, html)))
}

/** Where what follows a value may stand. It may be empty, so that this is where it began. */
export function afterValue(positions: readonly Position[]): readonly Position[] {
  return distinct(
    positions.flatMap((each) => {
      const after = advance(each, '…')
      return each.part === 'value' && each.quote !== '' ? [each, after] : [after]
    }),
  )
}

export function distinct(positions: readonly Position[]): readonly Position[] {
  return [...new Map(positions.map((each) => [JSON.stringify(each), each])).values()]
}

/** Why a value of this shape must not stand at one of these positions; `undefined` where it may. */
export function whyUnsafe(positions: readonly Position[], shape: AnyShape): string | undefined {
  const risk = positions.map(riskAt).find((each) => each !== undefined && !HARMLESS[each].includes(shape))
  return risk && WHY[risk]
}

function advance(from: Position, html: string): Position {
  let position = from
  for (const char of html) position = { ...position, ...next(position, char) }
  return position
}

function riskAt({ part, tag, attribute, quote, seen }: Position): Risk | undefined {
  if (part === 'raw text') return tag === 'script' || tag === 'style' ? tag : undefined
  if (part === 'opening' || part === 'tag name' || part === 'tag' || part === 'attribute name') return 'markup'
  if (part === 'after name') return 'markup'
  if (part !== 'before value' && part !== 'value') return undefined
  if (attribute.startsWith('on') || attribute === 'srcdoc') return 'script'
  if (attribute === 'style') return 'style'
  if (LINKS.test(attribute)) {
    const link = seen.replace(IGNORED, '').toLowerCase()
    if (SCRIPTS.some((each) => each !== link && each.startsWith(link))) return 'link'
    if (SCRIPTS.some((each) => link.startsWith(each))) return 'script'
  }
  if (tag === 'meta' && attribute === 'content' && /url=['"]?$/i.test(seen)) return 'link'
  return quote === '' ? 'unquoted' : undefined
}

function next(position: Position, char: string): Partial<Position> {
  const { part, tag, attribute, quote, seen } = position
  const isSpace = /\s/.test(char)
  const more = (seen + char).slice(0, MAX_SEEN)
  switch (part) {
    case 'text':
      return char === '<' ? { part: 'opening', seen: '' } : {}
    case 'raw text': {
      const end = (seen + char.toLowerCase()).slice(-2 - tag.length)
      return end === `</${tag}` ? { part: 'tag', tag: `/${tag}`, seen: '' } : { seen: end }
    }
    case 'opening':
      if (more === '!--') return { part: 'comment', seen: '' }
      if (seen === '' && /[!/?]/.test(char)) return { seen: more }
      if (/^[!?]/.test(seen)) return char === '>' ? START : { seen: more }
      return /[a-z]/i.test(char) ? { part: 'tag name', tag: seen + char.toLowerCase() } : START
    case 'comment':
      if (more === '[if') return { part: 'conditional comment', seen: '' }
      if (char === '>' && (seen === '' || seen === '-' || seen.endsWith('--'))) return START
      return { seen: seen.length < 3 ? more : (seen + char).slice(-3) }
    case 'conditional comment': // Outlook reads what stands in it
      return char === '>' && seen === ']' ? START : { seen: char }
    case 'tag name':
      if (isSpace || char === '/') return { part: 'tag' }
      return char === '>' ? inside(tag) : { tag: tag + char.toLowerCase() }
    case 'tag':
    case 'after name':
      if (char === '>') return inside(tag)
      if (char === '=' && part === 'after name') return { part: 'before value', seen: '' }
      if (isSpace) return {}
      return char === '/' ? { part: 'tag' } : { part: 'attribute name', attribute: char.toLowerCase() }
    case 'attribute name':
      if (char === '>') return inside(tag)
      if (char === '=') return { part: 'before value', quote: '', seen: '' }
      if (isSpace) return { part: 'after name' }
      return char === '/' ? { part: 'tag' } : { attribute: attribute + char.toLowerCase() }
    case 'before value':
      if (char === '>') return inside(tag)
      if (isSpace) return {}
      return char === '"' || char === "'"
        ? { part: 'value', quote: char, seen: '' }
        : { part: 'value', quote: '', seen: whatMatters(position, char) }
    case 'value':
      if (quote === '' ? isSpace : char === quote) return { part: 'tag', attribute: '', quote: '', seen: '' }
      return quote === '' && char === '>' ? inside(tag) : { seen: whatMatters(position, more) }
  }
}

/** As little of a value as can be told apart: else every condition in it would double the positions. */
function whatMatters({ tag, attribute }: Position, seen: string): string {
  const dense = seen.replace(/[\0-\x20]/g, '')
  if (tag === 'meta') return dense.slice(-5)
  if (!LINKS.test(attribute)) return ''
  const link = dense.replace(IGNORED, '').toLowerCase()
  const scheme = SCRIPTS.find((each) => link.startsWith(each))
  return (
    scheme ?? (SCRIPTS.some((each) => each.startsWith(link)) || dense.startsWith('&') ? dense.slice(0, MAX_SEEN) : '/')
  )
}

/** After the `>` of a tag. */
function inside(tag: string): Position {
  return RAW_TEXT.includes(tag) ? { ...START, part: 'raw text', tag } : START
}
