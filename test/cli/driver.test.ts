// What the program says where better-sqlite3 is missing, was not built, or was built for another Node.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { makeProject, root } from '../support/project.js'
import { runProgram } from './program.js'

describe('the command line, with a better-sqlite3 that does not load', () => {
  const cases: [string, (folder: string) => void, string][] = [
    ['missing', () => undefined, 'better-sqlite3 is not installed: run `npm install better-sqlite3@12`'],
    ['not built', install, 'better-sqlite3 is installed but not built'],
    [
      'built for another machine',
      (folder) => {
        install(folder)
        mkdirSync(join(folder, 'build', 'Release'), { recursive: true })
        writeFileSync(join(folder, 'build', 'Release', 'better_sqlite3.node'), 'no machine code')
      },
      'better-sqlite3 does not load on this machine: run `npm rebuild better-sqlite3`',
    ],
    [
      'built for another Node',
      (folder) => {
        install(folder)
        const refusal = 'was compiled against a different Node.js version using NODE_MODULE_VERSION 127'
        writeFileSync(join(folder, 'lib', 'index.js'), `throw new Error(${JSON.stringify(refusal)})`)
      },
      `better-sqlite3 was built for another Node than this one (${process.version})`,
    ],
  ]
  for (const [how, prepare, says] of cases) {
    it(`says that it is ${how}`, async () => {
      const cwd = makeProject({ files: {} })
      const folder = join(cwd, 'node_modules', 'better-sqlite3')
      rmSync(folder)
      prepare(folder)
      const main = join(cwd, 'node_modules/express-invite-only/dist/src/cli/main.js')
      const [migrated, examined] = await Promise.all([
        runProgram('migrate --database app.db', { cwd, main }),
        runProgram('doctor --database app.db', { cwd, main }),
      ])
      expect(migrated).to.include({ code: 2, stdout: '' })
      expect(migrated.stderr).to.include(says)
      expect(examined.code).to.equal(1)
      expect(examined.stdout).to.match(/^✗ {2}better-sqlite3 {2}does not load$/m)
    })
  }
})

/** Its files without what the compiler made of them. */
function install(folder: string): void {
  for (const name of ['lib', 'package.json']) {
    cpSync(join(root, 'node_modules', 'better-sqlite3', name), join(folder, name), { recursive: true })
  }
}
