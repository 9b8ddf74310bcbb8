// passport-local: somebody types their address and a password.
import { Strategy as LocalStrategy } from 'passport-local'
import { admit, type LocalProfile } from '../../../src/index.js'
import type { Person } from './door-host.js'
import { describeDoor } from './matrix.js'
import { mountPassport } from './passport-host.js'

let typist: Person

describeDoor('passport-local', {
  provider: 'none',
  says(person) {
    typist = person
  },
  mount(site) {
    const options = site.options(({ username }: LocalProfile) => username.split('@')[0] ?? '')
    return mountPassport(site, new LocalStrategy({ passReqToCallback: true }, admit(site.invites, options)))
  },
  enter: (visitor, origin) => visitor.submit(`${origin}/login`, { username: typist.email ?? '', password: 'orchard' }),
})
