// Clients that go away while the handler still works: a disconnect settles nothing, the handler's own end does.
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import type { Request, Response } from 'express'
import { afterThis } from '../support/cleanup.js'
import { type Host, openHost, sendInvite } from '../support/host.js'

const SIGNUPS = 40

/** How a handler ends. */
type End = (req: Request, res: Response) => unknown

/** A signup whose handler is at work. */
interface Working {
  readonly res: Response
  finish(end: End): void
}

/** What became of a signup by the time its connection was destroyed: `working`, or answered with a status. */
type Dropped = { readonly working: Working } | { readonly status: number }

interface Scene {
  readonly host: Host
  /** Sends a signup, waits until its handler works or it is answered, and destroys the connection. */
  drop(body: { readonly inviteCode: string; readonly email: string }): Promise<Dropped>
  /** Makes an account and answers 201. */
  readonly makeAccount: End
}

async function openScene(): Promise<Scene> {
  const expected = new Map<unknown, (working: Working) => void>()
  const host = await openHost({
    async signup(req, res) {
      const arrive = expected.get(req.body.email)
      const end = arrive ? await new Promise<End>((finish) => arrive({ res, finish })) : makeAccount
      await end(req, res)
    },
  })
  const server = host.app.listen(0, '127.0.0.1')
  afterThis(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  function makeAccount({ body, invite }: Request, res: Response): void {
    const { email } = body
    host.accounts.push({ id: host.accounts.length + 1, email, role: null, emailVerified: invite?.emailVerified })
    res.status(201).json({ email })
  }

  return {
    host,
    makeAccount,
    async drop(body) {
      const json = JSON.stringify(body)
      const socket = connect(port, '127.0.0.1')
      const head = `Host: localhost\r\nContent-Type: application/json\r\nContent-Length: ${json.length}`
      socket.write(`POST /signup HTTP/1.1\r\n${head}\r\n\r\n${json}`)
      const outcome = await new Promise<Dropped>((resolve) => {
        expected.set(body.email, (working) => resolve({ working }))
        socket.once('data', (data) => resolve({ status: Number(/^HTTP\/1.1 (\d+)/.exec(data.toString())?.[1]) }))
      })
      const noticed = 'working' in outcome ? once(outcome.working.res, 'close') : undefined
      socket.destroy()
      await noticed
      return outcome
    },
  }
}

const workingOf = (dropped: readonly Dropped[]) => dropped.flatMap((each) => ('working' in each ? [each.working] : []))
const statusesOf = (dropped: readonly Dropped[]) => dropped.flatMap((each) => ('status' in each ? [each.status] : []))

async function usesOf({ store }: Host, inviteId: string) {
  const invite = await store.findInvite({ appId: 'default', inviteId })
  return { uses: invite?.uses, held: invite?.held }
}

/** Waits for what a destroyed connection cannot tell: that the hold is gone. */
async function settled(host: Host, inviteId: string) {
  for (;;) {
    const state = await usesOf(host, inviteId)
    if (state.held === 0) return state
    await turn()
  }
}

const signups = (inviteCode: string) =>
  Array.from({ length: SIGNUPS }, (_, n) => ({ inviteCode, email: `guest${n}@example.com` }))

describe('a client that goes away settles nothing', () => {
  const orders: Record<string, (scene: Scene, inviteCode: string) => Promise<readonly Dropped[]>> = {
    'one after the other': async ({ drop }, inviteCode) => {
      const dropped: Dropped[] = []
      for (const body of signups(inviteCode)) dropped.push(await drop(body))
      return dropped
    },
    'at once': async ({ drop }, inviteCode) => await Promise.all(signups(inviteCode).map(drop)),
  }
  for (const [order, dropAll] of Object.entries(orders)) {
    it(`R-03 ${SIGNUPS} signups dropped ${order} while the handler works make one account`, async () => {
      const scene = await openScene()
      const { host, makeAccount } = scene
      const { inviteId, inviteCode } = await sendInvite(host)
      const dropped = await dropAll(scene, inviteCode)
      expect(workingOf(dropped)).to.have.length(1)
      expect(statusesOf(dropped)).to.deep.equal(Array(SIGNUPS - 1).fill(409))
      expect(await usesOf(host, inviteId)).to.deep.equal({ uses: 0, held: 1 })

      for (const working of workingOf(dropped)) working.finish(makeAccount)
      expect(await settled(host, inviteId)).to.deep.equal({ uses: 1, held: 0 })
      expect(host.accounts).to.have.length(1)
      expect((await host.signup({ inviteCode })).body.code).to.equal('invite_used')
    })
  }

  it(`R-03 ${SIGNUPS} dropped signups whose handlers then answer 400 make none, and give the use back each time`, async () => {
    const { host, drop, makeAccount } = await openScene()
    const { inviteId, inviteCode } = await sendInvite(host)
    for (const body of signups(inviteCode)) {
      const [working] = workingOf([await drop(body)])
      expect(await usesOf(host, inviteId)).to.deep.equal({ uses: 0, held: 1 })
      working?.finish((_req, res) => res.status(400).json({}))
      expect(await settled(host, inviteId)).to.deep.equal({ uses: 0, held: 0 })
    }
    expect(host.accounts).to.deep.equal([])
    const [last] = workingOf([await drop({ inviteCode, email: 'last@example.com' })])
    last?.finish(makeAccount)
    expect(await settled(host, inviteId)).to.deep.equal({ uses: 1, held: 0 })
  })

  const ends: Record<string, { readonly uses: 0 | 1; readonly end: End }> = {
    'answers 204': { uses: 1, end: (_req, res) => res.sendStatus(204) },
    redirects: { uses: 1, end: (_req, res) => res.redirect('/welcome') },
    accepts: {
      uses: 1,
      async end(req, res) {
        await req.invite?.accept({ userId: 7 })
        res.status(201).json({})
      },
    },
    'accepts and then fails': {
      uses: 1,
      async end(req) {
        await req.invite?.accept({ userId: 7 })
        throw new Error('after the account was made')
      },
    },
    'writes, then ends': {
      uses: 1,
      end(_req, res) {
        res.write('made')
        res.end()
      },
    },
    throws: { uses: 0, end: () => Promise.reject(new Error('no account was made')) },
    'gives it back': {
      uses: 0,
      async end(req, res) {
        await req.invite?.release()
        res.status(200).json({})
      },
    },
  }
  for (const [name, { uses, end }] of Object.entries(ends)) {
    it(`R-03 a handler that then ${name} ${uses === 1 ? 'counts the use' : 'gives it back'}`, async () => {
      const { host, drop } = await openScene()
      const { inviteId, inviteCode } = await sendInvite(host)
      const [working] = workingOf([await drop({ inviteCode, email: 'ada@example.com' })])
      expect(await usesOf(host, inviteId)).to.deep.equal({ uses: 0, held: 1 })
      working?.finish(end)
      expect(await settled(host, inviteId)).to.deep.equal({ uses, held: 0 })
      const next = await host.signup({ inviteCode, email: 'next@example.com' })
      expect(next.status).to.equal(uses === 1 ? 410 : 201)
    })
  }
})
