// passport-oauth2: without the token endpoint's `params` and with them, and without any profile but an ID token.
import { expect } from 'chai'
import OAuth2Strategy from 'passport-oauth2'
import { admit, type LoginDetails } from '../../../src/index.js'
import { type Door, openDoor } from './door-host.js'
import { describeDoor } from './matrix.js'
import { mountPassport } from './passport-host.js'
import { useProvider } from './provider.js'
import { Visitor } from './visitor.js'

interface Profile {
  readonly id?: string
  readonly sub?: string
}

const provider = useProvider()

class WithUserinfo extends OAuth2Strategy {
  override userProfile(accessToken: string, done: (error: unknown, profile?: unknown) => void): void {
    fetch(provider.userinfoURL, { headers: { Authorization: `Bearer ${accessToken}` } })
      .then((answer) => answer.json())
      .then((json) => done(null, { provider: 'example', id: (json as { sub: string }).sub, _json: json }), done)
  }
}

let told: LoginDetails | undefined

function door(Strategy: typeof OAuth2Strategy, arity?: number): Door {
  return {
    provider: 'asserts',
    says: provider.says,
    mount(site) {
      const options = site.options(({ id, sub }: Profile) => id ?? sub ?? '')
      const verify = admit(site.invites, {
        ...options,
        arity,
        findUser(profile, details) {
          told = details
          return options.findUser(profile, details)
        },
      })
      const callbackURL = `${site.origin}/login/callback`
      return mountPassport(site, new Strategy({ ...provider.endpoints, callbackURL, passReqToCallback: true }, verify))
    },
  }
}

describeDoor('passport-oauth2', door(WithUserinfo))
describeDoor('passport-oauth2 (plain)', door(WithUserinfo, 5))
describeDoor('passport-oauth2 with an ID token only', door(OAuth2Strategy))

describe('passport-oauth2', () => {
  it('R-14 of two providers, the one that the host exempts needs no invite, and the other does', async () => {
    const both: Door = {
      ...door(WithUserinfo),
      mount(site) {
        const options = site.options(({ id }: Profile) => id ?? '')
        const client = { ...provider.endpoints, passReqToCallback: true as const }
        const company = admit(site.invites, { ...options, exempt: () => true })
        const callbackURL = (path: string) => `${site.origin}${path}/callback`
        mountPassport(site, new WithUserinfo({ ...client, callbackURL: callbackURL('/company') }, company), '/company')
        const anybody = admit(site.invites, options)
        return mountPassport(site, new WithUserinfo({ ...client, callbackURL: callbackURL('/login') }, anybody))
      },
    }
    const opened = await openDoor(both)
    expect((await opened.logIn({ id: 'ada' })).code).to.equal('invite_required')
    expect(opened.users).to.deep.equal([])
    await new Visitor().open(`${opened.origin}/company`)
    expect(opened.users.map(({ login }) => login)).to.deep.equal(['ada'])
    expect((await opened.logIn({ id: 'ada' })).me, 'known from now on, by either').to.equal('ada')
  })

  it('gives `params` with the values, unless `arity` says that they are not wanted', async () => {
    const tokens = ['string', 'string']
    const forms = [
      [undefined, [...tokens, 'object', 'object']],
      [5, [...tokens, 'object']],
    ] as const
    for (const [arity, types] of forms) {
      const { logIn } = await openDoor(door(WithUserinfo, arity))
      await logIn({ id: 'ada' })
      expect(told?.values.map((value) => typeof value)).to.deep.equal(types)
    }
  })
})
