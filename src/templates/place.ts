// Where in the templates a check is, and what the names there stand for.
import { closest, distance } from 'fastest-levenshtein'
import { isA } from './ast.js'
import { type AnyShape, isList, isNamed } from './shape.js'

/** A parsed file. */
export interface Parsed {
  readonly file: string
  readonly program: hbs.AST.Program
}

type Names = ReadonlyMap<string, AnyShape>

/** Where in the templates the walk is. */
export interface Place {
  readonly file: string
  /** What `@root` names. */
  readonly root: AnyShape
  /** The contexts, innermost last. */
  readonly contexts: readonly [AnyShape, ...AnyShape[]]
  /** Block parameters: `as |name|`. */
  readonly names: Names
  readonly inline: ReadonlyMap<string, Parsed>
  /** The partials that the walk is in. */
  readonly within: readonly string[]
  /** Whether a helper of the host's may have put another context in place of the innermost. */
  readonly isLoose: boolean
  /** What `{{> @partial-block}}` stands for. */
  readonly block?: { readonly program: hbs.AST.Program; readonly place: Place } | undefined
}

/** A name that is looked up, and what was before it. */
interface Lookup {
  readonly owner: string
  readonly path: hbs.AST.Node
  readonly place: Place
}

export function member(shape: AnyShape, name: string, { owner, path, place }: Lookup): AnyShape {
  if (shape === 'any' || shape === 'made' || (name === 'length' && !isNamed(shape))) return 'any'
  if (isList(shape) && /^\d+$/.test(name)) return shape[0]
  const known = isNamed(shape) ? shape : {}
  if (Object.hasOwn(known, name)) return known[name] ?? 'any'
  if (place.isLoose) return 'any'
  const what = owner === '' ? `there is no variable \`${name}\`` : `\`${owner}\` has no \`${name}\``
  return fail(place, path, `${what}.${hint(name, Object.keys(known))}`)
}

export function hint(name: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const nearest = closest(name, [...known])
  const isNear = distance(name.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, name.length / 3)
  return isNear ? ` Did you mean \`${nearest}\`?` : ` There are ${known.map((each) => `\`${each}\``).join(', ')}.`
}

export function fail(place: Place, node: hbs.AST.Node, why: string): never {
  throw new TypeError(`The template ${place.file}, line ${node.loc.start.line}: ${why}`)
}

export function innermost({ contexts }: Place): AnyShape {
  return contexts.at(-1) ?? 'any'
}

/** Whether a partial asks for what this use of it was not given. */
export function isLeftOut(asked: hbs.AST.Expression, place: Place): boolean {
  if (place.within.length === 0 || place.isLoose || !isA<hbs.AST.PathExpression>(asked, 'PathExpression')) return false
  if (asked.original === '@partial-block') return place.block === undefined
  const context = innermost(place)
  const isName = !asked.data && asked.depth === 0 && asked.parts.length === 1
  const name = String(asked.parts[0]) // `original` may be `this.name` or `./name`
  return isName && !place.names.has(name) && isNamed(context) && !Object.hasOwn(context, name)
}
