// Finding and compiling the Handlebars templates: the host's own file where it has one, else the package's.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import Handlebars from 'handlebars'

/** Fills a template. Values are data: they are escaped where the output is HTML, and never compiled. */
export type Render = (values: object) => string

// Of our own, so that helpers and partials of the host's Handlebars stay out, and ours out of it.
const handlebars = Handlebars.create()

// `import.meta.resolve` would do, but is missing where a loader turns modules into CommonJS.
const { resolve } = createRequire(import.meta.url)

/**
 * Compiles `name` (such as `email/invite.html.hbs`), from `folder` where that has it.
 * @throws TypeError where the template does not compile; it names the file.
 */
export function loadTemplate(name: string, folder: string | undefined): Render {
  const file = templateFile(name, folder)
  const source = readFileSync(file, 'utf8')
  const options = { noEscape: !/\.html\.hbs$/.test(name) }
  try {
    new TemplateCheck(!options.noEscape).accept(handlebars.parse(source))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TypeError(`The template ${file} does not compile: ${why}`, { cause })
  }
  return handlebars.compile<object>(source, options)
}

/** Where the file `name` is: in the host's folder if it is there, else in the package's `templates/`. */
export function templateFile(name: string, folder: string | undefined): string {
  const own = folder === undefined ? undefined : join(folder, name)
  return own !== undefined && existsSync(own) ? own : resolve(`#templates/${name}`)
}

/** What Handlebars itself would only notice while a mail is being made, or not at all. */
class TemplateCheck extends Handlebars.Visitor {
  readonly #isHtml: boolean

  constructor(isHtml: boolean) {
    super()
    this.#isHtml = isHtml
  }

  override PartialStatement(partial: hbs.AST.PartialStatement): void {
    fail(partial, 'there are no partials here')
  }

  override PartialBlockStatement(partial: hbs.AST.PartialBlockStatement): void {
    fail(partial, 'there are no partials here')
  }

  override MustacheStatement(mustache: hbs.AST.MustacheStatement): void {
    if (this.#isHtml && !mustache.escaped) fail(mustache, 'values are never written raw into HTML: use {{…}}')
    this.#checkHelper(mustache)
    super.MustacheStatement(mustache)
  }

  override BlockStatement(block: hbs.AST.BlockStatement): void {
    this.#checkHelper(block)
    super.BlockStatement(block)
  }

  override SubExpression(expression: hbs.AST.SubExpression): void {
    this.#checkHelper(expression)
    super.SubExpression(expression)
  }

  #checkHelper(call: hbs.AST.MustacheStatement | hbs.AST.BlockStatement | hbs.AST.SubExpression): void {
    if (call.params.length === 0 && call.hash === undefined) return
    const name = 'original' in call.path ? String(call.path.original) : ''
    if (!(name in handlebars.helpers)) fail(call, `there is no helper \`${name}\``)
  }
}

function fail(node: hbs.AST.Node, why: string): never {
  throw new Error(`line ${node.loc.start.line}: ${why}`)
}
