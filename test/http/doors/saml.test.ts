// @node-saml/passport-saml, at an identity provider that signs its response and has the browser post it. Here the two are
// one site, as browsers see it, so the cookies come along with the post.
import { type Profile, Strategy as SamlStrategy, ValidateInResponseTo } from '@node-saml/passport-saml'
import { expect } from 'chai'
import { admit } from '../../../src/index.js'
import { sendInvite } from '../../support/host.js'
import { type Door, openDoor, type Person } from './door-host.js'
import { useIdentityProvider } from './identity-provider.js'
import { describeDoor } from './matrix.js'
import { mountPassport } from './passport-host.js'

let person: Person
const provider = useIdentityProvider(() => ({ nameId: person.id, attributes: { email: person.email } }))

function door({ isTrusted }: { readonly isTrusted: boolean }): Door {
  return {
    provider: 'trusted',
    says(given) {
      person = given
    },
    mount(site) {
      const options = {
        entryPoint: provider.entryPoint,
        idpCert: provider.idpCert,
        issuer: 'app',
        callbackUrl: `${site.origin}/login/callback`,
        validateInResponseTo: ValidateInResponseTo.always,
        passReqToCallback: true as const,
      }
      const email = (profile: Profile) => ({ address: profile.email, verified: true })
      const users = { ...site.options(({ nameID }: Profile) => nameID), ...(isTrusted && { email }) }
      const logOut = () => undefined
      return mountPassport(site, new SamlStrategy(options, admit(site.invites, users), logOut))
    },
  }
}

describeDoor('passport-saml, whose identity provider the host trusts', door({ isTrusted: true }))

it('R-13 an address of SAML is not verified, unless the host says so', async () => {
  const opened = await openDoor(door({ isTrusted: false }))
  const { joinUrl } = await sendInvite(opened.host, { email: 'ada@example.com' }, 'default')
  const outcome = await opened.logIn({ id: 'ada', email: 'ada@example.com' }, joinUrl)
  expect(outcome).to.deep.include({ code: 'invite_email_mismatch', me: null })
  expect(opened.users).to.deep.equal([])
})
