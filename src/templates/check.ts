// What Handlebars itself would only notice while a mail is being made, or not at all: names that are not there, raw
// output, links that a value could make dangerous. A template is walked with the shape of its values in hand, through
// every partial it uses.
import { isA, literal, nameOf } from './ast.js'
import { afterText, afterValue, distinct, type Position, START, whyUnsafe } from './html.js'
import { fail, hint, innermost, isLeftOut, member, type Parsed, type Place } from './place.js'
import { type AnyShape, isList, isNamed } from './shape.js'

export interface CheckOptions {
  readonly partials: ReadonlyMap<string, Parsed>
  /** Every helper there is. */
  readonly helpers: readonly string[]
  /** Those of the host's: it answers for what they return. */
  readonly ownHelpers: readonly string[]
  readonly isHtml: boolean
  /** Whether `{{{raw}}}` output and any value as a link are allowed in HTML. */
  readonly allowRaw: boolean
}

type Call = hbs.AST.MustacheStatement | hbs.AST.BlockStatement | hbs.AST.SubExpression
// How many values the helpers of Handlebars need: with others they throw, once a mail is being made.
const NEEDED: Readonly<Record<string, number>> = { if: 1, unless: 1, with: 1, each: 1, lookup: 2 }

/** @throws TypeError that names file, line and the nearest right name. */
export function checkTemplate(template: Parsed, shape: AnyShape, options: CheckOptions): void {
  const { partials, helpers, ownHelpers, isHtml, allowRaw } = options
  let positions: readonly Position[] = [START] // by every way through the conditions

  function walk(program: hbs.AST.Program | undefined, place: Place): void {
    if (program === undefined) return
    const inline = new Map([...place.inline, ...inlineOf(program, place)])
    for (const statement of program.body) walkStatement(statement, { ...place, inline })
  }

  /** The partials that are defined in a program itself. */
  function inlineOf(program: hbs.AST.Program, place: Place): Map<string, Parsed> {
    const inline = new Map<string, Parsed>()
    for (const statement of program.body) {
      if (!isA<hbs.AST.DecoratorBlock>(statement, 'DecoratorBlock')) continue
      if (nameOf(statement.path) !== 'inline') fail(place, statement, 'there are no decorators here but `inline`')
      const name = literal(statement.params[0])
      if (name === undefined) fail(place, statement, 'an inline partial is named in quotes, not computed')
      inline.set(name, { file: place.file, program: statement.program })
    }
    return inline
  }

  function walkStatement(statement: hbs.AST.Statement, place: Place): void {
    if (isA<hbs.AST.ContentStatement>(statement, 'ContentStatement')) {
      positions = afterText(positions, statement.value)
    } else if (isA<hbs.AST.MustacheStatement>(statement, 'MustacheStatement')) {
      walkValue(statement, place)
      positions = afterValue(positions)
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
    if (!isHtml || allowRaw) return
    const why = whyUnsafe(positions, kind)
    if (why !== undefined) fail(place, value, `\`${nameOf(value.path)}\` ${why}`)
  }

  function walkBlock(block: hbs.AST.BlockStatement, place: Place): void {
    const name = nameOf(block.path)
    const [subject] = block.params
    if ((name === 'if' || name === 'unless') && subject !== undefined && isLeftOut(subject, place)) {
      walk(name === 'if' ? block.inverse : block.program, place)
      return
    }
    const shape = shapeOfCall(block, place)
    const inside = within(block, shape, place)
    const before = positions
    walk(block.program, inside)
    const isLoop = name !== 'if' && name !== 'unless' && name !== 'with'
    if (isLoop && distinct([...before, ...positions]).length > before.length) walk(block.program, inside) // once more
    const after = positions
    positions = before
    walk(block.inverse, place)
    positions = distinct([...after, ...positions])
  }

  /** Where the inside of a block is. */
  function within(block: hbs.AST.BlockStatement, shape: AnyShape, place: Place): Place {
    const name = nameOf(block.path) ?? ''
    const [subject] = block.params
    if (name === 'if' || name === 'unless') return place
    const isOurs = name === 'each' || name === 'with'
    const isSection = subject === undefined && !helpers.includes(name)
    // What a helper of the host's does with its block is its own affair.
    if (!isOurs && !isSection) return { ...entered(place, block.program, 'any'), isLoose: true }
    const entity = subject === undefined ? shape : shapeOf(subject, place)
    // A section of `true` stays in its context.
    if (isSection && !isList(entity) && !isNamed(entity))
      return { ...entered(place, block.program, entity), isLoose: true }
    const context = isList(entity) ? entity[0] : name === 'each' ? 'any' : entity
    return { ...entered(place, block.program, context), contexts: [...place.contexts, context] }
  }

  function entered(place: Place, program: hbs.AST.Program | undefined, parameter: AnyShape): Place {
    const names = new Map(place.names)
    for (const [index, name] of (program?.blockParams ?? []).entries())
      names.set(name, index === 0 ? parameter : 'text')
    return { ...place, names }
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
    const isInline = place.inline.has(name)
    const partial = place.inline.get(name) ?? partials.get(name)
    if (partial === undefined) {
      // Whoever uses this partial may define the other, or leave it out.
      if (program !== undefined && place.within.length > 0) {
        walk(program, place)
        return
      }
      fail(place, call, `there is no partial \`${name}\`.${hint(name, [...place.inline.keys(), ...partials.keys()])}`)
    }
    if (place.within.includes(name)) fail(place, call, `the partial \`${name}\` includes itself`)
    walk(partial.program, {
      ...place,
      file: partial.file,
      inline: new Map([...place.inline, ...(program ? inlineOf(program, place) : [])]),
      // A partial in a file sees nothing above its own context.
      contexts: isInline ? [...place.contexts, context] : [context],
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
    if (!isCall && !(name !== undefined && helpers.includes(name))) {
      // In quotes too, it is a name and no text.
      const path = isA<hbs.AST.PathExpression>(call.path, 'PathExpression') ? undefined : literal(call.path)
      return path === undefined
        ? shapeOf(call.path, place)
        : member(innermost(place), path, { owner: '', path: call, place })
    }
    if (name === undefined || !helpers.includes(name)) {
      fail(place, call, `there is no helper \`${name}\`.${hint(name ?? '', helpers)}`)
    }
    const shapes = [...call.params, ...pairs.map(({ value }) => value)].map((each) => shapeOf(each, place))
    if (ownHelpers.includes(name)) return 'made'
    const needed = NEEDED[name]
    if (needed !== undefined && call.params.length !== needed) {
      fail(place, call, `\`${name}\` takes ${needed === 1 ? 'one value' : `${needed} values`}`)
    }
    return shapes.includes('any') ? 'any' : 'text'
  }

  function shapeOf(expression: hbs.AST.Expression, place: Place): AnyShape {
    if (isA<hbs.AST.SubExpression>(expression, 'SubExpression')) return shapeOfCall(expression, place)
    if (isA<hbs.AST.PathExpression>(expression, 'PathExpression')) return shapeOfPath(expression, place)
    return 'made' // a literal: the template's author wrote it
  }

  function shapeOfPath(path: hbs.AST.PathExpression, place: Place): AnyShape {
    const parts = [...path.parts] as string[]
    if (path.data && parts[0] !== 'root') return 'any' // @index, @key …
    if (place.isLoose && parts.length === 0) return 'any'
    let owner = ''
    let shape: AnyShape | undefined
    if (path.data) {
      parts.shift()
      shape = place.root
    } else if (path.depth === 0 && !/^(?:this|\.)/.test(path.original) && place.names.has(parts[0] ?? '')) {
      owner = parts.shift() ?? ''
      shape = place.names.get(owner)
    } else if (path.depth < place.contexts.length) shape = place.contexts.at(-1 - path.depth)
    else if (place.isLoose) shape = place.root
    else fail(place, path, `there is nothing above, where \`${path.original}\` would be`)
    for (const part of parts) {
      shape = member(shape ?? 'any', part, { owner, path, place })
      owner += `${owner && '.'}${part}`
    }
    return shape ?? 'any'
  }

  walk(template.program, {
    ...template,
    root: shape,
    contexts: [shape],
    names: new Map(),
    inline: new Map(),
    within: [],
    isLoose: false,
  })
}
