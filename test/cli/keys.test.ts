// `keys`: the credentials of programs, made, listed and revoked on a SQLite file.
import { join } from 'node:path'
import { expect } from 'chai'
import request from 'supertest'
import * as v from 'valibot'
import { appKeyPageSchema } from '../../src/output.js'
import { temporaryFolder } from '../support/cleanup.js'
import { openHost } from '../support/host.js'
import { runProgram } from './program.js'

/** An app with its database in a folder, and the program run in that folder, with neither secret nor base URL. */
async function openFolder() {
  const cwd = temporaryFolder()
  const host = await openHost({ file: join(cwd, 'app.db'), invites: { clock: Date.now } })
  return {
    host,
    run: (command: string) => runProgram(command, { cwd, env: { INVITE_DATABASE: 'app.db' } }),
    list: (key: string) => request(host.app).get('/invites/app/default/invite').auth('default', key),
  }
}

describe('the command line, keys', () => {
  it('prints a key once, which is good at once', async () => {
    const { host, run, list } = await openFolder()
    const { code, stdout, stderr } = await run('keys create --label Mendix')
    expect(code).to.equal(0)
    expect(stderr).to.equal('Keep the password now: it is not shown again. Programs send both as HTTP Basic.\n')
    const [, key = ''] =
      /^user +default\npassword +(eio_\S+)\nscopes +invites,acceptances,quotas,\S+\nexpires +never\n$/.exec(stdout) ??
      []
    await list(key).expect(200)
    const [kept] = (await host.invites.listKeys()).items
    expect(kept?.label).to.equal('Mendix')
    const shown = await run('keys list')
    expect(shown.stdout).to.match(
      /^KEY +LABEL +STATE +LAST USED +EXPIRES +SCOPES\n\w{12} +Mendix +active +\d{4}-.* UTC/,
    )
    expect(shown.stdout + JSON.stringify(await host.database.tables())).not.to.include(key.split('_')[2])
  })

  it('takes scopes and a term, and answers in the shape of the HTTP route', async () => {
    const { run } = await openFolder()
    const made = await run('keys create --label CRM --scope invites,settings --expires-in 90d --json')
    expect({ code: made.code, stderr: made.stderr }).to.deep.equal({ code: 0, stderr: '' })
    const { key, ...rest } = JSON.parse(made.stdout)
    expect(key).to.include(rest.keyId)
    expect(rest.scopes).to.deep.equal(['invites', 'settings'])
    expect(Date.parse(rest.expiresAt) - Date.parse(rest.createdAt)).to.equal(90 * 24 * 60 * 60 * 1000)
    const listed = v.parse(appKeyPageSchema, JSON.parse((await run('keys list --json')).stdout))
    expect(listed).to.deep.equal({ items: [rest], nextCursor: null })
    expect((await run('keys list --app clinic')).stdout).to.equal('No keys.\n')
    const never = await run('keys create --label CRM --expires-in never --json')
    expect(JSON.parse(never.stdout).expiresAt).to.equal(null)
    const wrong = await run(`keys create --label ${'x'.repeat(65)}`)
    expect(wrong).to.deep.include({ code: 1, stdout: '' })
    expect(wrong.stderr).to.equal('error: --label must be a line of 1 to 64 characters. [input_invalid]\n')
  })

  it('revokes a key, if that is meant, and then it is good no more', async () => {
    const { host, run, list } = await openFolder()
    const { key, keyId } = await host.invites.createKey({ label: 'Mendix' })
    const unasked = await run(`keys revoke ${keyId}`)
    expect(unasked.code).to.equal(2)
    expect(unasked.stderr).to.include(`Revoke the key of Mendix [${keyId}], never used?`).and.include('say --yes')
    await list(key).expect(200)
    const revoked = await run(`keys revoke ${keyId} --yes --json`)
    expect(JSON.parse(revoked.stdout)).to.deep.equal({ keyId, revoked: true })
    await list(key).expect(401)
    const again = await run(`keys revoke ${keyId} --yes`)
    expect(again.code).to.equal(0)
    expect(again.stdout).to.match(/^Mendix \[\w+\], .* was revoked before\.\n$/)
    expect((await run('keys list')).stdout).to.include('revoked')
  })

  it('knows no key of another app', async () => {
    const { host, run, list } = await openFolder()
    const { key, keyId } = await host.invites.createKey({ label: 'Mendix' })
    for (const command of [`keys revoke ${keyId} --yes --app clinic`, 'keys revoke none --yes']) {
      const { code, stderr } = await run(command)
      expect(code).to.equal(1)
      expect(stderr).to.match(/^error: There is no key \w+\. \[invite_not_found\]\n$/)
    }
    await list(key).expect(200)
  })
})
