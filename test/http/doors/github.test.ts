// passport-github2, at an API that answers as GitHub's does: of the public address in /user it says nothing.
import { expect } from 'chai'
import { Strategy as GitHubStrategy, type Profile } from 'passport-github2'
import { admit } from '../../../src/index.js'
import { sendInvite } from '../../support/host.js'
import { useApi } from './api.js'
import { type Door, openDoor, type Person } from './door-host.js'
import { describeDoor } from './matrix.js'
import { mountPassport } from './passport-host.js'
import { useProvider } from './provider.js'

let person: Person & { readonly publicEmail?: string }
const provider = useProvider()
const api = useApi((app) => {
  app.get('/user', (_req, res) => {
    res.json({
      id: person.id,
      node_id: 'MDQ',
      login: person.id,
      name: null,
      email: person.publicEmail ?? person.email ?? null,
    })
  })
  app.get('/user/emails', (_req, res) => {
    const { id, email, verified } = person
    const hidden = { email: `1+${id}@users.noreply.github.com`, primary: false, verified: true, visibility: null }
    res.json([hidden, ...(email ? [{ email, primary: true, verified, visibility: 'private' }] : [])])
  })
})

function door(allRawEmails: boolean): Door {
  return {
    provider: 'asserts',
    says(given) {
      person = given
    },
    mount(site) {
      const options = {
        ...provider.endpoints,
        userProfileURL: `${api.origin}/user`,
        userEmailURL: `${api.origin}/user/emails`,
        callbackURL: `${site.origin}/login/callback`,
        scope: ['user:email'],
        allRawEmails,
        passReqToCallback: true as const,
      }
      return mountPassport(
        site,
        new GitHubStrategy(
          options,
          admit(
            site.invites,
            site.options(({ id }: Profile) => id),
          ),
        ),
      )
    },
  }
}

describeDoor('passport-github2 (allRawEmails)', door(true))

describe('passport-github2', () => {
  const ada = { id: 'ada', email: 'ada@example.com', verified: true }

  it('R-13 the verified primary address counts, whatever the public one is', async () => {
    const opened = await openDoor(door(true))
    const { joinUrl } = await sendInvite(opened.host, { email: 'ada@example.com' }, 'default')
    const somebody: Person = { ...ada, publicEmail: 'hello@ada.example' } as Person
    expect((await opened.logIn(somebody, joinUrl)).me).to.equal('ada')
  })

  it('R-13 the public address counts for nothing', async () => {
    const opened = await openDoor(door(true))
    const { joinUrl } = await sendInvite(opened.host, { email: 'eve@example.com' }, 'default')
    const somebody: Person = { ...ada, publicEmail: 'eve@example.com' } as Person
    expect((await opened.logIn(somebody, joinUrl)).code).to.equal('invite_email_mismatch')
  })

  it('R-13 without `allRawEmails` it is not said which is verified: none is', async () => {
    const opened = await openDoor(door(false))
    const { joinUrl } = await sendInvite(opened.host, { email: 'ada@example.com' }, 'default')
    expect((await opened.logIn(ada, joinUrl)).code).to.equal('invite_email_mismatch')
  })
})
