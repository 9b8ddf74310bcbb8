// What is done under `secret`: sealing, signing, and rotating it.
import { expect } from 'chai'
import { createKeyring, purposes } from '../src/keyring.js'
import { isProven, makeProof } from '../src/proofs.js'
import { openHost, refusal, SECRET, sendInvite } from './support/host.js'

const OLD = SECRET
const NEW = 'another secret of the tests, as long as that one'

describe('the secret', () => {
  it('seals so that only the same context opens it', () => {
    const keyring = createKeyring([OLD])
    const sealed = keyring.seal('code-seal', 'CODE', ['app', 'invite'])
    expect(sealed)
      .not.to.contain('CODE')
      .and.not.equal(keyring.seal('code-seal', 'CODE', ['app', 'invite']))
    expect(keyring.open('code-seal', sealed, ['app', 'invite'])).to.equal('CODE')
    for (const context of [['app', 'other'], ['appinvite'], ['app'], ['ap', 'pinvite'], []]) {
      expect(keyring.open('code-seal', sealed, context)).to.equal(undefined)
    }
  })

  it('opens nothing that was changed', () => {
    const keyring = createKeyring([OLD])
    const sealed = keyring.seal('code-seal', 'CODE', [])
    for (let index = 0; index < sealed.length; index++) {
      const changed = sealed.slice(0, index) + (sealed[index] === 'A' ? 'B' : 'A') + sealed.slice(index + 1)
      const opened = keyring.open('code-seal', changed, [])
      // base64url has spare bits in its last letter: then the very same bytes were sealed
      if (opened !== undefined) expect(index).to.equal(sealed.length - 1)
    }
    for (const text of ['', '1', '1.', '2.AAAA', 'nonsense'])
      expect(keyring.open('code-seal', text, [])).to.equal(undefined)
  })

  it('R-23 signs for one purpose and one set of parts', () => {
    const keyring = createKeyring([OLD])
    for (const signed of purposes) {
      const signature = keyring.sign(signed, ['a', 'bc', 1])
      for (const checked of purposes) {
        expect(keyring.verify(checked, ['a', 'bc', 1], signature)).to.equal(checked === signed)
      }
      for (const parts of [
        ['ab', 'c', 1],
        ['a', 'bc', 2],
        ['a', 'bc', '1'],
        ['a', 'bc'],
      ]) {
        expect(keyring.verify(signed, parts, signature)).to.equal(false)
      }
      for (const forged of ['', `${signature}=`, `${signature} `, signature.slice(1)]) {
        expect(keyring.verify(signed, ['a', 'bc', 1], forged)).to.equal(false)
      }
    }
  })

  it('R-23 seals for one purpose', () => {
    const keyring = createKeyring([OLD])
    const code = keyring.seal('code-seal', 'CODE', ['app', 'invite'])
    const answer = keyring.seal('answer-seal', 'CODE', ['app', 'invite'])
    expect(keyring.open('answer-seal', code, ['app', 'invite'])).to.equal(undefined)
    expect(keyring.open('code-seal', answer, ['app', 'invite'])).to.equal(undefined)
    expect(keyring.open('answer-seal', answer, ['app', 'invite'])).to.equal('CODE')
  })

  it('R-23 digests alike before and during a rotation', () => {
    const digest = (...secrets: string[]) => createKeyring(secrets).digest('keyed-request', ['a'])
    expect(digest(NEW, OLD)).to.equal(digest(OLD))
    expect(digest(NEW)).not.to.equal(digest(OLD))
  })

  it('R-23 rotates: new ones under the first, old ones still good while listed', () => {
    const before = createKeyring([OLD])
    const during = createKeyring([NEW, OLD])
    const after = createKeyring([NEW])
    const sealed = before.seal('code-seal', 'CODE', [])
    const signature = before.sign('join-cookie', ['a'])
    expect([during.open('code-seal', sealed, []), after.open('code-seal', sealed, [])]).to.deep.equal([
      'CODE',
      undefined,
    ])
    expect(during.verify('join-cookie', ['a'], signature)).to.equal(true)
    expect(after.verify('join-cookie', ['a'], signature)).to.equal(false)
    expect(after.open('code-seal', during.seal('code-seal', 'CODE', []), [])).to.equal('CODE')
    expect(before.open('code-seal', during.seal('code-seal', 'CODE', []), [])).to.equal(undefined)
  })

  it('R-23 rotating never invalidates a code; one that no secret opens is shown as null, and resend makes a new one', async () => {
    const host = await openHost()
    const invite = await sendInvite(host, { maxUses: 2 })
    const later = await openHost({ beside: host, invites: { secret: NEW } })
    expect(await later.invites.retrieve(invite.inviteId)).to.include({
      inviteCode: null,
      joinUrl: null,
      status: 'pending',
    })
    await later.signup({ inviteCode: invite.inviteCode }).expect(201)
    const again = await later.invites.resend(invite.inviteId)
    expect(again.inviteCode).to.be.a('string').and.not.equal(invite.inviteCode)
    expect(await refusal(later.invites.claim({ inviteCode: invite.inviteCode }))).to.equal('invite_invalid')
    await later.signup({ inviteCode: again.inviteCode }).expect(201)
  })

  it('R-23 a proof is good for one app, invite, address and code', () => {
    const context = { keyring: createKeyring([OLD]) } as Parameters<typeof makeProof>[0]
    const invite = { appId: 'app', id: 'id', emailCanonical: 'ada@example.com', codeGeneration: 1 }
    const proof = makeProof(context, invite)
    expect(isProven(context, invite, proof)).to.equal(true)
    for (const change of [
      { appId: 'b' },
      { id: 'b' },
      { emailCanonical: 'b@example.com' },
      { codeGeneration: 2 },
      { emailCanonical: null },
    ]) {
      expect(isProven(context, { ...invite, ...change }, proof)).to.equal(false)
    }
    expect(isProven(context, invite, undefined)).to.equal(false)
  })
})
