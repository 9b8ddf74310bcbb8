// passport-google-oauth20, at a provider that answers as Google's userinfo does.

import { expect } from 'chai'
import { Strategy as GoogleStrategy, type Profile } from 'passport-google-oauth20'
import { admit } from '../../../src/index.js'
import { sendInvite } from '../../support/host.js'
import { type Door, openDoor } from './door-host.js'
import { describeDoor } from './matrix.js'
import { mountPassport } from './passport-host.js'
import { useProvider } from './provider.js'

const provider = useProvider()

const door: Door = {
  provider: 'asserts',
  says: provider.says,
  mount(site) {
    const options = {
      ...provider.endpoints,
      userProfileURL: provider.userinfoURL,
      callbackURL: `${site.origin}/login/callback`,
      scope: ['openid', 'email'],
      passReqToCallback: true as const,
    }
    return mountPassport(
      site,
      new GoogleStrategy(
        options,
        admit(
          site.invites,
          site.options(({ id }: Profile) => id),
        ),
      ),
    )
  },
}

describeDoor('passport-google-oauth20', door)

it('R-13 an invite for a domain needs an address of it that passport-google-oauth20 has as verified', async () => {
  const opened = await openDoor(door)
  const ada = { id: 'ada', email: 'ada@example.com' }
  const { joinUrl } = await sendInvite(opened.host, { emailDomain: 'example.com' }, 'default')
  for (const somebody of [ada, { ...ada, verified: false }, { ...ada, email: 'ada@example.org', verified: true }]) {
    expect((await opened.logIn(somebody, joinUrl)).code).to.equal('invite_email_mismatch')
  }
  expect(opened.users).to.deep.equal([])
  expect((await opened.logIn({ ...ada, verified: true }, joinUrl)).me).to.equal('ada')
})
