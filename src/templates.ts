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
    handlebars.parse(source)
  } catch (cause) {
    throw new TypeError(`The template ${file} does not compile: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    })
  }
  return handlebars.compile<object>(source, options)
}

/** Where the file `name` is: in the host's folder if it is there, else in the package's `templates/`. */
export function templateFile(name: string, folder: string | undefined): string {
  const own = folder === undefined ? undefined : join(folder, name)
  return own !== undefined && existsSync(own) ? own : resolve(`#templates/${name}`)
}
