// A process that starts while another is writing the same SQLite file.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'chai'
import { sqliteStore } from '../../adapters/sqlite.js'
import { afterThis, temporaryFolder } from '../support/cleanup.js'
import { root } from '../support/project.js'

// Opening waits without giving way, so the writer must end its transaction by itself.
const WRITER = `
  const db = new (require('better-sqlite3'))(process.argv[1])
  db.exec('begin exclusive')
  process.stdout.write('writing')
  setTimeout(() => { db.exec('commit'); db.close() }, 200)`

describe('opening a SQLite file that another process is writing', () => {
  it('waits for it', async () => {
    const file = join(temporaryFolder(), 'app.db')
    const writer = spawn(process.execPath, ['-e', WRITER, file], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(writer, 'exit')
    afterThis(() => ended)
    await once(writer.stdout, 'data')
    const store = sqliteStore(file)
    afterThis(() => store.close())
    await store.migrate()
    expect(await store.getSettings('default')).to.deep.equal({})
  })
})
