// The waiting list at the command line: who waits, and deciding on it with the module of the host's app.
import { join } from 'node:path'
import { expect } from 'chai'
import { openHost, SECRET } from '../support/host.js'
import { makeProject } from '../support/project.js'
import { known, runProgram } from './program.js'

/** An app with some people who wait, and the program run in its folder. */
async function openApp(...names: readonly string[]) {
  const cwd = makeProject({
    files: {
      'invites.mjs': `
        import { createInvites } from 'express-invite-only'
        import { sqliteStore } from 'express-invite-only/adapters/sqlite'
        export const invites = createInvites({
          store: sqliteStore('app.db'),
          secret: '${SECRET}',
          baseUrl: 'https://acme.dev/invites',
          signupUrl: 'https://acme.dev/signup',
          mailer: { sendMail: async () => undefined },
          from: 'Acme <hello@acme.dev>',
        })`,
    },
  })
  const host = await openHost({
    file: join(cwd, 'app.db'),
    invites: {
      mode: 'waitlist',
      mailer: { sendMail: async () => undefined },
      requestQuestions: { company: { label: 'Where?' } },
    },
  })
  for (const name of names) {
    const email = `${name}@example.com`
    const now = host.clock()
    await host.invites.requestAccess({ email, answers: { company: `${name} & \u202eCo` } })
    const request = await host.store.findAccessRequest({ appId: 'default', emailCanonical: email })
    await host.store.verifyAccessRequest({ appId: 'default', requestId: request?.id ?? '', askedAt: now, now })
    host.clock.advance(1000)
  }
  const main = join(cwd, 'node_modules/express-invite-only/dist/src/cli/main.js')
  const run = (command: string) => runProgram(`approve ${command} --config invites.mjs`, { cwd, main })
  const bare = (command: string) =>
    runProgram(`approve ${command}`, { cwd, main, env: { ...known, INVITE_DATABASE: 'app.db' } })
  const statuses = async () => {
    const lists = await Promise.all(
      (['waiting', 'approved', 'declined'] as const).map((status) => host.invites.listRequests({ status })),
    )
    return lists.map(({ items }) => items.map(({ email }) => email.split('@')[0]).sort())
  }
  return { host, run, bare, statuses }
}

describe('the command line, approve', () => {
  it('shows who waits, with what they answered', async () => {
    const { bare } = await openApp('ada', 'eve')
    const { code, stdout } = await bare('')
    expect(code).to.equal(0)
    expect(stdout).to.match(
      /^PLACE +FOR +CONFIRMED +REQUEST +ANSWERS\n1 +ada@example\.com +2026-11-21 09:00 UTC +\S+ +company: ada & {1,2}Co\n2 +eve@/,
    )
    const document = JSON.parse((await bare('--json')).stdout)
    expect(document.items.map(({ position }: { readonly position: number }) => position)).to.deep.equal([1, 2])
    const none = await openApp()
    expect((await none.bare('')).stdout).to.equal('Nobody waits.\n')
    expect((await none.run('--next 5')).stdout).to.equal('Nobody waits.\n')
  })

  it('invites the next of them, and then who is named', async () => {
    const { host, run, statuses } = await openApp('ada', 'bob', 'eve')
    const { code, stdout, stderr } = await run('--next 2 --role nurse')
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: 'Their mails are queued: your app delivers them.\n' })
    expect(stdout).to.match(/^Approved 2 requests\.\nada@example\.com {2}approved {2}\S+\nbob@example\.com {2}approved/)
    expect(await statuses()).to.deep.equal([['eve'], ['ada', 'bob'], []])
    const again = JSON.parse((await run('EVE@example.com bob@example.com --json')).stdout)
    expect([again.decided, again.items.length]).to.deep.equal([1, 2])
    const { items } = await host.invites.list()
    expect(items.map(({ email, role, delivery }) => [email, role, delivery.state])).to.have.deep.members([
      ['ada@example.com', 'nurse', 'queued'],
      ['bob@example.com', 'nurse', 'queued'],
      ['eve@example.com', null, 'queued'],
    ])
    expect((await run('bob@example.com')).stdout).to.include('1 request left alone: approved before.')
  })

  it('declines, also without the module, and takes that back', async () => {
    const { bare, run, statuses } = await openApp('ada', 'bob')
    expect((await bare('--decline --next 1')).stdout).to.match(/^Declined 1 request\./)
    expect(await statuses()).to.deep.equal([['bob'], [], ['ada']])
    await run('ada@example.com bob@example.com')
    await bare('bob@example.com --decline')
    expect(await statuses()).to.deep.equal([[], ['ada'], ['bob']])
  })

  it('refuses what it does not understand, and what it cannot mail', async () => {
    const { bare, run, statuses } = await openApp('ada')
    expect(await bare('ada@example.com')).to.deep.include({ code: 2, stdout: '' })
    expect((await bare('--next 1')).stderr).to.include('there is no mailer here')
    for (const wrong of ['--decline', 'ada@example.com --next 1', '--next 0', '--next 1 --by name']) {
      expect((await run(wrong)).code, wrong).to.equal(2)
    }
    const unknown = await run('nobody@example.com')
    expect(unknown.code).to.equal(1)
    expect(unknown.stderr).to.include('There is no confirmed request for access of nobody@example.com')
    expect(await statuses()).to.deep.equal([['ada'], [], []])
  })
})
