// What every door is held to: each state of an invite, and each rule of who is let in without one.
import { expect } from 'chai'
import { MINUTE, sendInvite } from '../../support/host.js'
import { type Door, type DoorHost, openDoor, type Person } from './door-host.js'
import { Visitor } from './visitor.js'

const ada: Person = { id: 'ada', email: 'ada@example.com', verified: true }
const eve: Person = { id: 'eve', email: 'eve@example.com', verified: true }
const bound = { email: 'Ada@Example.com', role: 'nurse' }

interface Case {
  readonly joinUrl?: string
  readonly inviteId?: string
  readonly who?: Person
  /** The code that it is refused with; absent: it is admitted. */
  readonly refused?: string
}

const states: Readonly<Record<string, (opened: DoorHost) => Promise<Case>>> = {
  valid: ({ host }) => sendInvite(host, bound, 'default'),
  async expired({ host }) {
    const invite = await sendInvite(host, { ...bound, expiresInMs: MINUTE }, 'default')
    host.clock.advance(MINUTE)
    return { ...invite, refused: 'invite_expired' }
  },
  async revoked({ host }) {
    const invite = await sendInvite(host, bound, 'default')
    await host.invites.revoke(invite.inviteId, { appId: 'default' })
    return { ...invite, refused: 'invite_invalid' }
  },
  async 'used up'({ host }) {
    const invite = await sendInvite(host, bound, 'default')
    await (
      await host.invites.claim({ inviteCode: invite.inviteCode, email: 'ada@example.com' }, { appId: 'default' })
    ).accept()
    return { ...invite, refused: 'invite_used' }
  },
  async 'of another app'({ host }) {
    const { inviteCode } = await sendInvite(host, bound, 'school')
    const { joinUrl } = await sendInvite(host, { email: 'eve@example.com' }, 'default')
    return { joinUrl: joinUrl.replace(/[^/]+$/, inviteCode), refused: 'invite_invalid' }
  },
  async 'for another address'({ host }) {
    return { ...(await sendInvite(host, bound, 'default')), who: eve, refused: 'invite_email_mismatch' }
  },
  none: async () => ({ refused: 'invite_required' }),
}

/** Holds a door to all of it. */
export function describeDoor(name: string, door: Door): void {
  describe(`the door of ${name}`, () => {
    for (const [state, prepare] of Object.entries(states)) {
      it(`R-09 R-11 an invite: ${state}`, async () => {
        const opened = await openDoor(door)
        const { joinUrl, who = ada, refused } = await prepare(opened)
        const before = await acceptances(opened)
        const outcome = await opened.logIn(who, joinUrl)
        expect(outcome.code).to.equal(refused)
        if (refused === undefined) {
          expect(outcome.me).to.equal('ada')
          expect(opened.users).to.deep.equal([{ id: 1, login: 'ada', email: bound.email, role: 'nurse' }])
          expect(await acceptances(opened)).to.have.length(before.length + 1)
          expect((await acceptances(opened))[0]?.userId).to.equal('1')
          expect(await opened.logIn(eve, joinUrl), 'a second time').to.deep.include({ code: 'invite_used', me: null })
        } else {
          expect(outcome.message).to.match(/\S+ \S+.*\./)
          expect(outcome.me).to.equal(null)
          expect(opened.users).to.deep.equal([])
          expect(await acceptances(opened)).to.deep.equal(before)
        }
      })
    }

    it('R-11 R-15 a known user is let in, without an invite or with one, which stays; nothing about them changes', async () => {
      const opened = await openDoor(door)
      const known = { id: 7, login: 'ada', email: null, role: 'guest' }
      opened.users.push(known)
      expect((await opened.logIn(ada)).me).to.equal('ada')
      const { joinUrl, inviteId } = await sendInvite(opened.host, bound, 'default')
      expect((await opened.logIn(ada, joinUrl)).me).to.equal('ada')
      expect(opened.users).to.deep.equal([known])
      expect(await opened.invites.retrieve(inviteId, { appId: 'default' })).to.include({ uses: 0, used: false })
    })

    it('R-14 nobody is exempt but whom the host names', async () => {
      const opened = await openDoor(door, { exempt: (login) => login === 'eve' })
      expect((await opened.logIn(ada)).code).to.equal('invite_required')
      expect((await opened.logIn(eve)).me).to.equal('eve')
      expect(opened.users).to.deep.equal([{ id: 1, login: 'eve', email: null, role: null }])
    })

    it('R-17 everybody is let in while the mode is open, and nobody new while it is closed, exempt or not', async () => {
      const opened = await openDoor(door, { exempt: (login) => login === 'eve' })
      await opened.invites.settings({ mode: 'open' }, { appId: 'default' })
      expect((await opened.logIn(ada)).me).to.equal('ada')
      await opened.invites.settings({ mode: 'closed' }, { appId: 'default' })
      const { joinUrl } = await sendInvite(opened.host, {}, 'default')
      expect(await opened.logIn(eve, joinUrl)).to.deep.include({ code: 'signup_closed', me: null })
      expect(await opened.logIn({ ...ada, id: 'uwe', email: 'uwe@example.com' }, joinUrl)).to.deep.include({
        code: 'signup_closed',
        me: null,
      })
      expect(opened.users.map(({ login }) => login)).to.deep.equal(['ada'])
      expect((await opened.logIn(ada)).me, 'who has a user').to.equal('ada')
    })

    it('R-27 whose inviter may no longer grant the role is refused, before there is an account', async () => {
      const opened = await openDoor(door)
      const ann = { id: 'ann', email: 'ann@example.com', access: 'supervisor' } as const
      opened.inviters.set('ann', { ...ann, roles: ['nurse'] })
      const invite = { ...bound, inviterEmail: ann.email }
      const { joinUrl } = await sendInvite(opened.host, invite, 'default')
      opened.inviters.set('ann', { ...ann, roles: [] })
      expect(await opened.logIn(ada, joinUrl)).to.deep.include({ code: 'not_allowed', me: null })
      expect(opened.users).to.deep.equal([])
      opened.inviters.set('ann', { ...ann, roles: ['nurse'] })
      expect((await opened.logIn(ada, joinUrl)).me).to.equal('ada')
    })

    it('R-03 the use is free again where the user cannot be made', async () => {
      let isDown = true
      const made = { id: 1, login: 'ada', email: null, role: null }
      const createUser = () => {
        if (isDown) throw new Error('the users are down')
        return made
      }
      const opened = await openDoor(door, { createUser })
      const { joinUrl } = await sendInvite(opened.host, bound, 'default')
      const failed = await opened.logIn(ada, joinUrl)
      expect([failed.code, failed.me]).to.deep.equal([door.failure ?? '500', null])
      expect(await acceptances(opened)).to.deep.equal([])
      isDown = false
      expect((await opened.logIn(ada, joinUrl)).me).to.equal('ada')
      expect(await acceptances(opened)).to.have.length(1)
    })

    if (door.provider === 'none') return

    const unproven: Readonly<Record<string, Person>> = {
      'no address': { id: 'ada' },
      ...(door.provider === 'asserts' && {
        'an address that is not verified': { ...ada, verified: false },
        'an address of which it is not said': { ...ada, verified: undefined },
      }),
    }
    for (const [what, who] of Object.entries(unproven)) {
      it(`R-13 ${what} opens no invite for one, and takes nothing from it`, async () => {
        const opened = await openDoor(door)
        const { joinUrl, inviteId } = await sendInvite(opened.host, bound, 'default')
        expect(await opened.logIn(who, joinUrl)).to.deep.include({ code: 'invite_email_mismatch', me: null })
        expect(opened.users).to.deep.equal([])
        expect(await opened.invites.retrieve(inviteId, { appId: 'default' })).to.include({ uses: 0, used: false })
        const open = await sendInvite(opened.host, {}, 'default')
        expect((await opened.logIn(who, open.joinUrl)).me, 'an invite for anybody').to.equal('ada')
      })
    }

    const changes: Readonly<Record<string, (opened: DoorHost, inviteId: string) => unknown>> = {
      invite_expired: ({ host }) => host.clock.advance(MINUTE),
      invite_invalid: ({ invites }, inviteId) => invites.revoke(inviteId, { appId: 'default' }),
      signup_closed: ({ invites }) => invites.settings({ mode: 'closed' }, { appId: 'default' }),
    }
    it('R-13 the invite is judged after the callback: as it is then', async () => {
      for (const [code, change] of Object.entries(changes)) {
        const opened = await openDoor(door)
        const { joinUrl, inviteId } = await sendInvite(opened.host, { ...bound, expiresInMs: MINUTE }, 'default')
        const visitor = new Visitor()
        visitor.meanwhile = () => change(opened, inviteId)
        expect(await opened.logIn(ada, joinUrl, visitor)).to.deep.include({ code, me: null })
        expect(opened.users).to.deep.equal([])
      }
    })
  })
}

async function acceptances({ invites }: DoorHost) {
  return (await invites.acceptances({}, { appId: 'default' })).items
}
