// Files in a host's folder of templates that nothing would ever use: misnamed ones, most often.
import { readdirSync } from 'node:fs'
import { join, sep } from 'node:path'
import { hint } from './place.js'

const ENDING = '.hbs'
const PARTIAL = /^(?:email|dashboard|pages)\/partials\/[^/]+\.(?:html|text)\.hbs$/

/** @throws TypeError that names such a file, and what it may have been meant to be. */
export function refuseUnused(folder: string, ours: string): void {
  const known = templatesIn(ours).filter((name) => !PARTIAL.test(name))
  for (const name of templatesIn(folder)) {
    const [group = '', inner = '', ...rest] = name.split('/')
    const isLocal = group === 'email' && rest.length > 0 && inner !== 'partials' // in a locale's folder, which mails have
    const common = isLocal ? [group, ...rest].join('/') : name
    if (known.includes(common) || PARTIAL.test(common)) continue
    throw new TypeError(`The template ${join(folder, name)} is used by nothing.${hint(common, known)}`)
  }
}

function templatesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.split(sep).join('/'))
    .filter((name) => name.endsWith(ENDING) && !/(?:^|\/)\./.test(name))
}
