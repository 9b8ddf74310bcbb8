// passport-facebook, at an API that answers as Facebook's does: it does not say whether an address is verified.
import { expect } from 'chai'
import { Strategy as FacebookStrategy, type Profile } from 'passport-facebook'
import { admit } from '../../../src/index.js'
import { sendInvite } from '../../support/host.js'
import { useApi } from './api.js'
import { type Door, openDoor, type Person } from './door-host.js'
import { describeDoor } from './matrix.js'
import { mountPassport } from './passport-host.js'
import { useProvider } from './provider.js'

let person: Person
const provider = useProvider()
const api = useApi((app) => {
  app.get('/me', ({ query: { fields } }, res) => {
    expect(fields).to.equal('id,name,email')
    res.json({ id: person.id, name: 'Somebody', verified: true, ...(person.email && { email: person.email }) })
  })
})

function door({ isTrusted }: { readonly isTrusted: boolean }): Door {
  return {
    provider: 'trusted',
    says(given) {
      person = given
    },
    mount(site) {
      const options = {
        ...provider.endpoints,
        profileURL: `${api.origin}/me`,
        profileFields: ['id', 'displayName', 'email'],
        callbackURL: `${site.origin}/login/callback`,
        enableProof: true,
        passReqToCallback: true as const,
      }
      const email = ({ emails }: Profile) => ({ address: emails?.[0]?.value, verified: true })
      const verify = admit(site.invites, { ...site.options(({ id }: Profile) => id), ...(isTrusted && { email }) })
      return mountPassport(site, new FacebookStrategy(options, verify))
    },
  }
}

describeDoor('passport-facebook, which the host trusts', door({ isTrusted: true }))

it('R-13 an address of passport-facebook is not verified, unless the host says so', async () => {
  const opened = await openDoor(door({ isTrusted: false }))
  const { joinUrl } = await sendInvite(opened.host, { email: 'ada@example.com' }, 'default')
  const outcome = await opened.logIn({ id: 'ada', email: 'ada@example.com' }, joinUrl)
  expect(outcome).to.deep.include({ code: 'invite_email_mismatch', me: null })
  expect(opened.users).to.deep.equal([])
})

it('R-13 the link that was mailed proves the address where passport-facebook does not', async () => {
  const opened = await openDoor(door({ isTrusted: false }))
  await sendInvite(opened.host, { email: 'ada@example.com' }, 'default')
  expect((await opened.logIn({ id: 'ada' }, await opened.mailedLink())).me).to.equal('ada')
})
