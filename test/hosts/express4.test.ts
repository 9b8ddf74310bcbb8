// The oldest Express that is promised: every test of the HTTP surface and of hosts' set-ups once more, on 4.21.0.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../support/project.js'

describe('Express 4.21.0', function () {
  this.timeout(300_000)

  it('passes test/http and test/hosts/setups', () => {
    const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js')
    const preloaded = ['--import', 'tsx', '--import', './test/hosts/under-express4.ts']
    const files = ['test/http/*.test.ts', 'test/hosts/setups/*.test.ts']
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...preloaded, mocha, '--no-package', '--exit', '--timeout', '20000', '--reporter', 'dot', ...files],
      { cwd: root, encoding: 'utf8', timeout: 240_000 },
    )
    expect(status, `${stdout}\n${stderr}`.slice(-10_000)).to.equal(0)
    expect(Number(/(\d+) passing/.exec(stdout)?.[1])).to.be.greaterThan(400)
  })
})
