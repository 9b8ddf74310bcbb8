// What the program says where better-sqlite3 does not load; test/adapters/driver.test.ts tries why.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { makeProject } from '../support/project.js'
import { runProgram } from './program.js'

describe('the command line, without better-sqlite3', () => {
  it('says what to install', async () => {
    const cwd = makeProject({ files: {} })
    rmSync(join(cwd, 'node_modules', 'better-sqlite3'))
    const main = join(cwd, 'node_modules/express-invite-only/dist/src/cli/main.js')
    const [migrated, examined] = await Promise.all([
      runProgram('migrate --database app.db', { cwd, main }),
      runProgram('doctor --database app.db', { cwd, main }),
    ])
    expect(migrated).to.include({ code: 2, stdout: '' })
    expect(migrated.stderr).to.include('sqliteStore needs better-sqlite3, which is not installed: run `npm install')
    expect(examined.code).to.equal(1)
    expect(examined.stdout).to.match(/^✗ {2}better-sqlite3 {2}does not load$/m)
  })
})
