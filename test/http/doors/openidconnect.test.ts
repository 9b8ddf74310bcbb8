// passport-openidconnect, for each number of parameters that it knows with a request.
import { expect } from 'chai'
import OpenIdConnectStrategy from 'passport-openidconnect'
import { admit } from '../../../src/index.js'
import { sendInvite } from '../../support/host.js'
import { type Door, openDoor } from './door-host.js'
import { describeDoor } from './matrix.js'
import { mountPassport } from './passport-host.js'
import { useProvider } from './provider.js'

const provider = useProvider()

function door(arity?: number, isInUserinfoOnly?: boolean): Door {
  return {
    provider: 'asserts',
    says: (person) => provider.says(person, isInUserinfoOnly),
    mount(site) {
      const { endpoints, issuer, userinfoURL } = provider
      const callbackURL = `${site.origin}/login/callback`
      const options = { ...endpoints, issuer, userInfoURL: userinfoURL, callbackURL, passReqToCallback: true }
      const verify = admit(site.invites, { ...site.options(({ id }: { readonly id: string }) => id), arity })
      return mountPassport(site, new OpenIdConnectStrategy(options, verify))
    },
  }
}

describeDoor('passport-openidconnect', door())
describeDoor('passport-openidconnect, with userinfo beside the ID token', door(10))

describe('passport-openidconnect', () => {
  const ada = { id: 'ada', email: 'ada@example.com', verified: true }
  const outcomes = [
    [4, 'invite_email_mismatch'], // to which it does not give the ID token
    [5, 'invite_email_mismatch'],
    [6, undefined],
    [8, undefined],
    [9, undefined],
    [10, undefined],
  ] as const
  for (const [arity, code] of outcomes) {
    it(`R-13 given ${arity} parameters, says ${code ? 'nothing' : 'which address is verified'}`, async () => {
      const opened = await openDoor(door(arity))
      const { joinUrl } = await sendInvite(opened.host, { email: 'ada@example.com' }, 'default')
      expect((await opened.logIn(ada, joinUrl)).code).to.equal(code)
    })
  }

  it('R-13 says it for an address in userinfo alone where it is asked for that', async () => {
    for (const [arity, code] of [
      [undefined, 'invite_email_mismatch'],
      [10, undefined],
    ] as const) {
      const opened = await openDoor(door(arity, true))
      const { joinUrl } = await sendInvite(opened.host, { email: 'ada@example.com' }, 'default')
      expect((await opened.logIn(ada, joinUrl)).code).to.equal(code)
    }
  })
})
