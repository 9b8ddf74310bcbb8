// The code blocks of the README, each with the heading that it stands under.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/project.js'

export interface Block {
  /** The nearest heading above, without its `#`. */
  readonly heading: string
  /** `js`, `ts`, `sh`, … */
  readonly language: string
  readonly source: string
  /** The line of the README that the source begins on. */
  readonly line: number
}

/** The README as it stands, and the blocks in it. */
export const readme = readFileSync(join(root, 'README.md'), 'utf8')
export const blocks = blocksOf(readme)

function blocksOf(text: string): readonly Block[] {
  const found: Block[] = []
  let heading = ''
  for (const { 0: whole, 1: title, 2: language, 3: source = '', index } of text.matchAll(
    /^#+ (.*)$|^```(\w+)\n([\s\S]*?)^```$/gm,
  )) {
    if (language === undefined) heading = title ?? whole
    else found.push({ heading, language, source, line: text.slice(0, index).split('\n').length + 1 })
  }
  return found
}
