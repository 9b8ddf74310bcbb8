// The Handlebars templates of one app: found file by file in the host's folders, else in the package's; checked, then
// compiled, once.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { canonicalLocale, lookupOrder } from '../locales.js'
import type { TemplateHelper } from '../options.js'
import { checkTemplate } from './check.js'
import { loadHandlebars } from './handlebars.js'
import type { Parsed } from './place.js'
import type { AnyShape, Shape } from './shape.js'
import { refuseUnused } from './unused.js'

/** Fills a template. Values are data: they are escaped where the output is HTML, and never compiled. */
export type Render<Values> = (values: Values) => string

/** Where an app's templates come from, and what they may do. */
export interface TemplatesConfig {
  /** The host's folders, the first one winning. */
  readonly folders: readonly string[]
  readonly helpers: Readonly<Record<string, TemplateHelper>>
  readonly allowRaw: boolean
}

export interface Templates {
  /**
   * Compiles `name`, such as `email/invite.html.hbs`, in the language of `locale`, where there is a folder of it.
   * @throws TypeError where it does not compile or uses a name that is not there; it tells file and line.
   */
  load<Values>(name: string, shape: Shape<Values>, locale?: string): Render<Values>
  /** Where the file of this name is. */
  find(name: string, locale?: string): string
  /** The locales that `group`, such as `email`, has a folder for. @throws TypeError where a folder is no locale. */
  locales(group: string): readonly string[]
  /** Whether that file is the host's own. */
  isOwn(file: string): boolean
}

const PARTIALS = 'partials'

// `import.meta.resolve` would do, but is missing where a loader turns modules into CommonJS.
const { resolve } = createRequire(import.meta.url)

export function openTemplates({ folders, helpers, allowRaw }: TemplatesConfig): Templates {
  const ours = dirname(dirname(resolve('#templates/email/invite.html.hbs')))
  const roots = [...folders, ours]
  for (const folder of folders) refuseUnused(folder, ours)

  /** The folders of `group`, the first one winning: the locale's own before those of every locale. */
  const foldersOf = (group: string, locale?: string) =>
    [...lookupOrder(locale), ''].flatMap((each) => roots.map((root) => join(root, group, each)))

  function find(name: string, locale?: string): string {
    const [group = '', file = ''] = name.split('/')
    const found = foldersOf(group, locale).find((folder) => existsSync(join(folder, file)))
    if (found === undefined) throw new TypeError(`There is no template ${name}.`)
    return join(found, file)
  }

  function partialsOf(group: string, ending: string, locale?: string): Map<string, Parsed> {
    const partials = new Map<string, Parsed>()
    for (const folder of foldersOf(group, locale).map((each) => join(each, PARTIALS))) {
      for (const file of filesIn(folder).filter((each) => each.endsWith(ending))) {
        const name = file.slice(0, -ending.length)
        if (!partials.has(name)) partials.set(name, parse(join(folder, file)))
      }
    }
    return partials
  }

  return {
    load<Values>(name: string, shape: Shape<Values>, locale?: string): Render<Values> {
      const isHtml = name.endsWith('.html.hbs')
      // Of its own, so that helpers and partials of the host's Handlebars stay out, and those of HTML out of text.
      const handlebars = loadHandlebars().create()
      handlebars.registerHelper(helpers)
      const partials = partialsOf(dirname(name), isHtml ? '.html.hbs' : '.text.hbs', locale)
      const template = parse(find(name, locale))
      const known = Object.keys(handlebars.helpers).filter((helper) => !helper.endsWith('Missing'))
      checkTemplate(template, shape as AnyShape, {
        partials,
        helpers: known,
        ownHelpers: Object.keys(helpers),
        isHtml,
        allowRaw,
      })
      const options = { noEscape: !isHtml }
      for (const [partial, { program }] of partials) {
        handlebars.registerPartial(partial, handlebars.compile(program, options))
      }
      return handlebars.compile<Values>(template.program, options)
    },
    find,
    locales(group) {
      const found = roots.flatMap((root) => foldersIn(join(root, group))).filter((each) => each !== PARTIALS)
      for (const each of found) {
        const right = canonicalLocale(each)
        if (right !== each) {
          const hint = right === undefined ? 'such as `de` or `de-CH`' : `written \`${right}\``
          throw new TypeError(`The templates have a folder ${group}/${each}: it must be named by a locale, ${hint}.`)
        }
      }
      return [...new Set(found)]
    },
    isOwn: (file) => !file.startsWith(ours + sep),
  }
}

/** The style sheets in a page. */
export function stylesIn(page: string): readonly string[] {
  return [...page.matchAll(/<style\b[^>]*>([\s\S]*?)<\/style>/gi)].map(([, style = '']) => style)
}

function parse(file: string): Parsed {
  try {
    return { file, program: loadHandlebars().parse(readFileSync(file, 'utf8')) }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TypeError(`The template ${file} does not compile: ${why}`, { cause })
  }
}

const filesIn = (folder: string) => (existsSync(folder) ? readdirSync(folder) : [])
/** Folders, also behind symbolic links; those with a dot before their name are a tool's own. */
const foldersIn = (folder: string) =>
  filesIn(folder).filter(
    (each) => !each.startsWith('.') && statSync(join(folder, each), { throwIfNoEntry: false })?.isDirectory(),
  )
