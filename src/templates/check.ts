// What Handlebars itself would only notice while a mail is being made, or not at all: names that are not there, raw
// output, links that a value could make dangerous. A template is walked with the shape of its values in hand, through
// every partial it uses.
import { closest, distance } from 'fastest-levenshtein'
import { isA, literal, nameOf } from './ast.js'
import { type AnyShape, isList, isNamed } from './shape.js'

/** A parsed file. */
export interface Parsed {
  readonly file: string
  readonly program: hbs.AST.Program
}

export interface CheckOptions {
  readonly partials: ReadonlyMap<string, Parsed>
  readonly helpers: readonly string[]
  readonly isHtml: boolean
  /** Whether `{{{raw}}}` output and any value as a link are allowed in HTML. */
  readonly allowRaw: boolean
}

type Call = hbs.AST.MustacheStatement | hbs.AST.BlockStatement | hbs.AST.SubExpression
type Names = ReadonlyMap<string, AnyShape>

/** Where in the templates the walk is. */
interface Place {
  readonly file: string
  /** The contexts, innermost last; the first is what `@root` names. */
  readonly contexts: readonly [AnyShape, ...AnyShape[]]
  /** Block parameters: `as |name|`. */
  readonly names: Names
  readonly inline: ReadonlyMap<string, Parsed>
  /** The partials that the walk is in. */
  readonly within: readonly string[]
  /** What `{{> @partial-block}}` stands for. */
  readonly block?: { readonly program: hbs.AST.Program; readonly place: Place } | undefined
}

// An attribute that is followed as a link, up to where its value begins.
const LINK_BEGINS = /[\s"'](?:href|src|srcset|action|formaction|background|poster|data|xlink:href)\s*=\s*["']?\s*$/i

/** @throws TypeError that names file, line and the nearest right name. */
export function checkTemplate(template: Parsed, shape: AnyShape, options: CheckOptions): void {
  const { partials, helpers, isHtml, allowRaw } = options
  let written = '' // the end of what stands before the current place

  function walk(program: hbs.AST.Program | undefined, place: Place): void {
    if (program === undefined) return
    const inline = new Map(place.inline)
    for (const statement of program.body) {
      if (isA<hbs.AST.DecoratorBlock>(statement, 'DecoratorBlock')) {
        inline.set(literal(statement.params[0]) ?? '', { file: place.file, program: statement.program })
      }
    }
    for (const statement of program.body) walkStatement(statement, { ...place, inline })
  }

  function walkStatement(statement: hbs.AST.Statement, place: Place): void {
    if (isA<hbs.AST.ContentStatement>(statement, 'ContentStatement')) {
      written = (written + statement.value).slice(-200)
    } else if (isA<hbs.AST.MustacheStatement>(statement, 'MustacheStatement')) {
      walkValue(statement, place)
      written += '…'
    } else if (isA<hbs.AST.BlockStatement>(statement, 'BlockStatement')) {
      walkBlock(statement, place)
    } else if (isA<hbs.AST.PartialBlockStatement>(statement, 'PartialBlockStatement')) {
      walkPartial(statement, place, statement.program)
    } else if (isA<hbs.AST.PartialStatement>(statement, 'PartialStatement')) {
      walkPartial(statement, place)
    } else if (isA<hbs.AST.Decorator>(statement, 'Decorator')) {
      fail(place, statement, 'there are no decorators here but `inline`')
    }
  }

  function walkValue(value: hbs.AST.MustacheStatement, place: Place): void {
    if (isHtml && !allowRaw && !value.escaped) {
      fail(place, value, 'values are never written raw into HTML: use {{…}}, or set `templates: { allowRaw: true }`')
    }
    const kind = shapeOfCall(value, place)
    if (isHtml && !allowRaw && LINK_BEGINS.test(written) && kind === 'text') {
      const name = String((value.path as hbs.AST.PathExpression).original)
      fail(place, value, `\`${name}\` is a text that anybody may have written, and no link: it may be javascript:`)
    }
  }

  function walkBlock(block: hbs.AST.BlockStatement, place: Place): void {
    const name = nameOf(block.path)
    const [subject] = block.params
    const before = written
    if (name === 'if' && subject !== undefined && isLeftOut(subject, place)) {
      walk(block.inverse, place)
      return
    }
    const shape = shapeOfCall(block, place)
    walk(block.program, within(block, shape, place))
    written = before
    walk(block.inverse, place)
  }

  /** Where the inside of a block is. */
  function within(block: hbs.AST.BlockStatement, shape: AnyShape, place: Place): Place {
    const name = nameOf(block.path) ?? ''
    const [subject] = block.params
    if (name === 'if' || name === 'unless') return place
    const isOurs = name === 'each' || name === 'with'
    const isSection = subject === undefined && !helpers.includes(name)
    // What a helper of the host's does with its block is its own affair.
    if (!isOurs && !isSection) return entered(place, 'any', block.program, 'any', ['any'])
    const entity = subject === undefined ? shape : shapeOf(subject, place)
    const isLoop = name === 'each' || (isSection && isList(entity))
    const context = isList(entity) ? entity[0] : isLoop || !isNamed(entity) ? 'any' : entity
    return entered(place, context, block.program, context, place.contexts)
  }

  function entered(
    place: Place,
    context: AnyShape,
    program: hbs.AST.Program | undefined,
    parameter: AnyShape,
    outer: Place['contexts'],
  ): Place {
    const names = new Map(place.names)
    for (const [index, name] of (program?.blockParams ?? []).entries())
      names.set(name, index === 0 ? parameter : 'text')
    return { ...place, names, contexts: [...outer, context] }
  }

  function walkPartial(
    call: hbs.AST.PartialStatement | hbs.AST.PartialBlockStatement,
    place: Place,
    program?: hbs.AST.Program,
  ): void {
    const name = call.name.type === 'SubExpression' ? undefined : String((call.name as hbs.AST.PathExpression).original)
    if (name === undefined) fail(place, call, 'a partial is named, not computed')
    const context = callContext(call, place)
    if (name === '@partial-block') {
      if (place.block === undefined) fail(place, call, 'this partial is used without a block')
      const { program, place: outside } = place.block
      walk(program, { ...outside, contexts: [...outside.contexts, context] })
      return
    }
    const partial = place.inline.get(name) ?? partials.get(name)
    if (partial === undefined) {
      fail(place, call, `there is no partial \`${name}\`.${hint(name, [...place.inline.keys(), ...partials.keys()])}`)
    }
    if (place.within.includes(name)) fail(place, call, `the partial \`${name}\` includes itself`)
    walk(partial.program, {
      ...place,
      file: partial.file,
      contexts: [...place.contexts, context],
      names: new Map(),
      within: [...place.within, name],
      block: program && { program, place },
    })
  }

  /** What a partial sees: the context it is given, and the values beside it. */
  function callContext(call: hbs.AST.PartialStatement | hbs.AST.PartialBlockStatement, place: Place): AnyShape {
    const [given] = call.params
    const context = given === undefined ? innermost(place) : shapeOf(given, place)
    const pairs = (call.hash as hbs.AST.Hash | undefined)?.pairs ?? []
    const values = Object.fromEntries(pairs.map(({ key, value }) => [key, shapeOf(value, place)]))
    return isNamed(context) ? { ...context, ...values } : context
  }

  /** Checks a value, or the call of a helper. */
  function shapeOfCall(call: Call, place: Place): AnyShape {
    const name = nameOf(call.path)
    const pairs = (call.hash as hbs.AST.Hash | undefined)?.pairs ?? []
    const isCall = call.params.length > 0 || pairs.length > 0
    if (!isCall && !(name !== undefined && helpers.includes(name))) return shapeOf(call.path, place)
    if (name === undefined || !helpers.includes(name)) {
      fail(place, call, `there is no helper \`${name}\`.${hint(name ?? '', helpers)}`)
    }
    for (const each of [...call.params, ...pairs.map(({ value }) => value)]) shapeOf(each, place)
    return 'any'
  }

  function shapeOf(expression: hbs.AST.Expression, place: Place): AnyShape {
    if (isA<hbs.AST.SubExpression>(expression, 'SubExpression')) return shapeOfCall(expression, place)
    if (isA<hbs.AST.PathExpression>(expression, 'PathExpression')) return shapeOfPath(expression, place)
    return 'url' // a literal: the template's author wrote it
  }

  function shapeOfPath(path: hbs.AST.PathExpression, place: Place): AnyShape {
    const parts = [...path.parts] as string[]
    if (path.data && parts[0] !== 'root') return 'any' // @index, @key …
    let owner = ''
    let shape: AnyShape | undefined
    if (path.data) {
      parts.shift()
      shape = place.contexts[0]
    } else if (path.depth === 0 && !/^(?:this|\.)/.test(path.original) && place.names.has(parts[0] ?? '')) {
      owner = parts.shift() ?? ''
      shape = place.names.get(owner)
    } else shape = place.contexts.at(-1 - path.depth)
    for (const part of parts) {
      shape = member(shape ?? 'any', part, { owner, path, place })
      owner += `${owner && '.'}${part}`
    }
    return shape ?? 'any'
  }

  walk(template.program, { ...template, contexts: [shape], names: new Map(), inline: new Map(), within: [] })
}

interface Lookup {
  readonly owner: string
  readonly path: hbs.AST.PathExpression
  readonly place: Place
}

function member(shape: AnyShape, name: string, { owner, path, place }: Lookup): AnyShape {
  if (shape === 'any' || (name === 'length' && !isNamed(shape))) return 'any'
  if (isList(shape) && /^\d+$/.test(name)) return shape[0]
  const known = isNamed(shape) ? shape : {}
  if (Object.hasOwn(known, name)) return known[name] ?? 'any'
  const what = owner === '' ? `there is no variable \`${name}\`` : `\`${owner}\` has no \`${name}\``
  return fail(place, path, `${what}.${hint(name, Object.keys(known))}`)
}

function hint(name: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const nearest = closest(name, [...known])
  const isNear = distance(name.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, name.length / 3)
  return isNear ? ` Did you mean \`${nearest}\`?` : ` There are ${known.map((each) => `\`${each}\``).join(', ')}.`
}

function fail(place: Place, node: hbs.AST.Node, why: string): never {
  throw new TypeError(`The template ${place.file}, line ${node.loc.start.line}: ${why}`)
}

function innermost({ contexts }: Place): AnyShape {
  return contexts.at(-1) ?? 'any'
}

/** Whether a partial asks for what this use of it was not given. */
function isLeftOut(asked: hbs.AST.Expression, place: Place): boolean {
  if (place.within.length === 0 || !isA<hbs.AST.PathExpression>(asked, 'PathExpression')) return false
  if (asked.original === '@partial-block') return place.block === undefined
  const context = innermost(place)
  const isName = !asked.data && asked.depth === 0 && asked.parts.length === 1
  return isName && !place.names.has(asked.original) && isNamed(context) && !Object.hasOwn(context, asked.original)
}
