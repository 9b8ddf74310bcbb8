// A stranger's project: the package installed in a folder of its own, and nothing of this repository beside it.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { temporaryFolder } from './cleanup.js'

export const root = resolve(import.meta.dirname, '..', '..')

export interface ProjectOptions {
  /** The files of the project, by name. */
  readonly files: Readonly<Record<string, string>>
  /** The package, unpacked. Default: what `npm run build` left here. */
  readonly packed?: string
  /** Packages to install in the place of others, such as another Express, by name or folder; `null`: not at all. */
  readonly aliases?: Readonly<Record<string, string | null>>
}

/** Makes the project, and returns its folder. What the package depends on is there, as npm would put it. */
export function makeProject({ files, packed, aliases = {} }: ProjectOptions): string {
  const folder = temporaryFolder()
  const modules = join(folder, 'node_modules')
  const own = join(modules, 'express-invite-only')
  mkdirSync(own, { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules'))) {
    const alias = aliases[name]
    if (name.startsWith('.') || alias === null) continue
    symlinkSync(resolve(root, 'node_modules', alias ?? name), join(modules, name))
  }
  if (packed !== undefined) cpSync(packed, own, { recursive: true })
  else
    for (const name of ['dist', 'templates', 'package.json'])
      cpSync(join(root, name), join(own, name), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

/** For programs whose coverage says nothing of ours, and which are slower for it: compilers, the build, what is killed. */
export const unmeasured: NodeJS.ProcessEnv = { ...process.env, NODE_V8_COVERAGE: '' }

/** Runs a program to its end and returns what it printed. */
export function run(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): string {
  return execFileSync(program, args, { cwd, encoding: 'utf8', env: { ...unmeasured, ...env } })
}
