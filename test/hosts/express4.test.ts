// The oldest Express that is promised: every test of the HTTP surface and of hosts' set-ups once more, on 4.21.0. They
// run in a process of their own, from the moment this file is loaded: beside the other tests, not after them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../support/project.js'

const underExpress4 = runUnderExpress4()

async function runUnderExpress4(): Promise<{ readonly status: number; readonly output: string }> {
  const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js')
  const preloaded = ['--import', 'tsx', '--import', './test/hosts/under-express4.ts']
  const files = ['test/http/*.test.ts', 'test/hosts/setups/*.test.ts']
  const { NODE_V8_COVERAGE: _ours, ...env } = process.env
  const child = spawn(
    process.execPath,
    [...preloaded, mocha, '--no-package', '--exit', '--timeout', '40000', '--reporter', 'dot', ...files],
    { cwd: root, env },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk))
  const [status] = await once(child, 'close')
  return { status, output }
}

describe('Express 4.21.0', function () {
  this.timeout(300_000)

  it('passes test/http and test/hosts/setups', async () => {
    const { status, output } = await underExpress4
    expect(status, output.slice(-10_000)).to.equal(0)
    expect(Number(/(\d+) passing/.exec(output)?.[1])).to.be.greaterThan(400)
  })
})
