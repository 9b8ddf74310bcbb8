// The README's first program, run as a stranger would: copied to a folder, with the package installed beside it.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import request from 'supertest'
import { afterThis } from './support/cleanup.js'
import { makeProject, root } from './support/project.js'

describe('the README', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')

  for (const express of ['express', 'express4']) {
    it(`holds a working program in its first 60 lines, under ${express}`, async () => {
      const program = /```js\n(\/\/ app\.mjs[\s\S]*?)```/.exec(readme.split('\n').slice(0, 60).join('\n'))?.[1] ?? ''
      const port = await freePort()
      const files = { 'app.mjs': program.replaceAll('3000', String(port)) }
      const folder = makeProject({ files, aliases: { express } })
      const server = spawn(process.execPath, ['app.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
      afterThis(() => server.kill())
      await new Promise((resolve) => server.stdout.once('data', resolve))

      const url = `http://localhost:${port}`
      const who = { Authorization: 'Bearer let-me-invite' }
      const sent = await request(url).post('/invites/app/default/invite').set(who).send({ email: 'ada@example.com' })
      expect(sent.status).to.equal(201)
      const signup = () =>
        request(url).post('/signup').send({ email: 'ada@example.com', inviteCode: sent.body.inviteCode })
      expect((await request(url).post('/signup').send({ email: 'ada@example.com' })).status).to.equal(403)
      expect((await signup()).body).to.deep.equal({ welcome: 'ada@example.com', role: null })
      expect((await signup()).status).to.equal(410)
      expect((await request(url).get('/admin/invites').set(who)).text).to.contain('Outstanding invites')
    })
  }

  it('names every error code, warning and option that there is', async () => {
    const source = (file: string) => readFileSync(join(root, 'src', file), 'utf8')
    const later = ['quota_exceeded'] // fixed by the contract, given by nothing yet
    const codes = [...source('errors.ts').matchAll(/^ {2}(\w+): \[\d{3},/gm)].map(([, code = '']) => code)
    const warnings = [...source('warnings.ts').matchAll(/'(INVITE_\w+)'/g)].map(([, code = '']) => code)
    const options = [...source('options.ts').matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name = '']) => name)
    expect(codes.length + warnings.length + options.length).to.be.greaterThan(30)
    const notOptions = ['to', 'subject', 'text', 'html', 'messageId', 'headers']
    const named = [...codes, ...warnings, ...options].filter((name) => ![...later, ...notOptions].includes(name))
    expect(named.filter((name) => !readme.includes(name))).to.deep.equal([])
  })
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
