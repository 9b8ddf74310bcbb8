// The tests of the HTTP surface once more: on the oldest Express that is promised, 4.21.0, and on Postgres. Both run in
// processes of their own, one after the other, from the moment this file is loaded: beside the other tests.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'chai'
import { root, unmeasured } from '../support/project.js'

interface Ended {
  readonly status: number
  readonly output: string
}

const http = ['test/http/*.test.ts', 'test/http/doors/*.test.ts', 'test/hosts/setups/*.test.ts']
const withMail = ['test/http/*.test.ts', 'test/mail/delivery.test.ts', 'test/events.test.ts', 'test/secrets.test.ts']

const underExpress4 = runTests(http, { preload: './test/hosts/under-express4.ts' })
const onPostgres = underExpress4.then(() => runTests(withMail, { env: { TEST_STORE: 'postgres' } }))

interface How {
  readonly preload?: string
  readonly env?: NodeJS.ProcessEnv
}

async function runTests(files: readonly string[], { preload, env }: How): Promise<Ended> {
  const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js')
  const preloaded = ['--no-experimental-require-module', '--import', 'tsx', ...(preload ? ['--import', preload] : [])]
  const options = ['--no-package', '--exit', '--timeout', '40000', '--reporter', 'dot']
  const child = spawn(process.execPath, [...preloaded, mocha, ...options, ...files], {
    cwd: root,
    env: { ...unmeasured, ...env },
  })
  let output = ''
  const read = (chunk: Buffer) => {
    output += chunk
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  const [status] = await once(child, 'close')
  return { status, output }
}

describe('the tests of the HTTP surface pass once more', function () {
  this.timeout(300_000)

  for (const [where, run] of Object.entries({ 'under Express 4.21.0': underExpress4, 'on Postgres': onPostgres })) {
    it(where, async () => {
      const { status, output } = await run
      expect(status, output.slice(-10_000)).to.equal(0)
      expect(Number(/(\d+) passing/.exec(output)?.[1])).to.be.greaterThan(400)
    })
  }
})
