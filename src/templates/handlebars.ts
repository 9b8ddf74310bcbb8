// The way to Handlebars, which is loaded with the first template and not with the package.
import { createRequire } from 'node:module'
import type Handlebars from 'handlebars'

const require = createRequire(import.meta.url)

/**
 * Its build in one file: that takes half the time of its forty modules, and teaches `require` no new endings, as its
 * main module does to the whole process.
 */
export function loadHandlebars(): typeof Handlebars {
  return require('handlebars/dist/handlebars.js') as typeof Handlebars
}
