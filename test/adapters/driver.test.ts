// better-sqlite3 that is missing, or not made for the Node that runs: a sentence with the cure, and never a crash.
import { spawnSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { temporaryFolder } from '../support/cleanup.js'
import { fetchNodes, type Nodes } from '../support/nodes.js'
import { makeProject, root } from '../support/project.js'

const program = `
  import { sqliteStore } from 'express-invite-only/adapters/sqlite'
  try {
    const store = sqliteStore('app.db')
    await store.migrate()
    await store.close()
    console.log('works')
  } catch (error) {
    console.log(error.constructor.name, error.cause === undefined ? 'alone' : 'caused', error.message)
  }`

/** What the program says with this better-sqlite3. Fails where it crashes. */
function say(betterSqlite: string | null, node: string): string {
  const folder = makeProject({ files: { 'app.mjs': program }, aliases: { 'better-sqlite3': betterSqlite } })
  const { status, signal, stdout, stderr } = spawnSync(node, ['app.mjs'], { cwd: folder, encoding: 'utf8' })
  expect([status, signal, stderr]).to.deep.equal([0, null, ''])
  return stdout.trim()
}

/** A copy of the package as an install without its binary leaves it. */
function withoutBinary(source: string): string {
  const folder = join(temporaryFolder(), 'node_modules', 'better-sqlite3')
  for (const name of ['lib', 'package.json']) cpSync(join(source, name), join(folder, name), { recursive: true })
  cpSync(join(root, 'node_modules', 'bindings'), join(folder, '..', 'bindings'), { recursive: true })
  cpSync(join(root, 'node_modules', 'file-uri-to-path'), join(folder, '..', 'file-uri-to-path'), { recursive: true })
  return folder
}

describe('the driver of sqliteStore', function () {
  this.timeout(120_000)

  const installed = join(root, 'node_modules', 'better-sqlite3')
  const runs22 = process.versions.node.startsWith('22.')
  let nodes: Nodes
  before(function () {
    nodes = fetchNodes(this)
  })

  it('is loaded where it is in order', () => {
    expect(say(installed, process.execPath)).to.equal('works')
    expect(say(nodes.betterSqlite13, nodes.node('22'))).to.equal('works')
    expect(say(nodes.betterSqlite13, nodes.node('24'))).to.equal('works')
  })

  it('that is not installed leaves the import alone, and is asked for by the store', () => {
    const needs = 'TypeError caused sqliteStore needs better-sqlite3, which is not installed: run `npm install better-'
    expect(say(null, nodes.node('20'))).to.equal(`${needs}sqlite3@12\`.`)
    expect(say(null, nodes.node('22'))).to.equal(`${needs}sqlite3@13\`.`)
    expect(say(null, nodes.node('22.12.0'))).to.equal(`${needs}sqlite3@12\`.`)
  })

  it('13 is refused by Node 20 and early 22, whose process it would end', () => {
    for (const version of ['20', '22.12.0'] as const) {
      expect(say(nodes.betterSqlite13, nodes.node(version))).to.match(
        /^TypeError alone better-sqlite3 13\.\S+ needs Node 22\.14 or later, and this is Node 2\S+: run `npm install better-sqlite3@12`/,
      )
    }
  })

  it('that was built for another Node says for which, and what to run', () => {
    expect(say(installed, nodes.node(runs22 ? '24' : '22'))).to.match(
      /^TypeError caused better-sqlite3 12\.\S+ cannot run here: its binary was built for another Node \(ABI \d+; Node 2\d\.\S+ has 1\d+\): run `npm rebuild better-sqlite3` with the Node that runs your app, or `npm install better-sqlite3@13`\.$/,
    )
  })

  it('that came without its binary says so', () => {
    const missing =
      /^TypeError caused better-sqlite3 1[23]\.\S+ cannot run here: its binary is missing, .* run `npm rebuild/
    expect(say(withoutBinary(installed), process.execPath)).to.match(missing)
    expect(say(withoutBinary(nodes.betterSqlite13), nodes.node('22'))).to.match(missing)
  })
})
