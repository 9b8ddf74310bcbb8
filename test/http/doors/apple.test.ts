// passport-apple, at a provider that does as Apple does: it answers by a form that the browser posts, and its profile is
// empty: what there is to know stands in the ID token, `email_verified` as a string.
import { generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import express from 'express'
import AppleStrategy from 'passport-apple'
import { admit } from '../../../src/index.js'
import { useApi } from './api.js'
import { describeDoor } from './matrix.js'
import { mountPassport } from './passport-host.js'
import { useProvider } from './provider.js'

const signer = useProvider()
const apple = useApi((app) => {
  app.get('/auth/authorize', ({ query }, res) => {
    expect(query).to.include({ response_mode: 'form_post', scope: 'name email' })
    const input = (name: string, value: unknown) => `<input type="hidden" name="${name}" value="${value}">`
    res.send(`<body onload="document.forms[0].submit()">
      <form method="post" action="${query.redirect_uri}">${input('state', query.state)}${input('code', 'c0de')}</form>`)
  })
  app.post('/auth/token', express.urlencoded({ extended: false }), async ({ body }, res) => {
    expect(body).to.include({ client_id: 'app', code: 'c0de' })
    expect(body.client_secret).to.match(/^ey.+\..+\..+/)
    res.json({ access_token: 'a', refresh_token: 'r', token_type: 'Bearer', id_token: await signer.idToken() })
  })
})

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

describeDoor('passport-apple', {
  provider: 'asserts',
  says: ({ verified, ...person }) => signer.says({ ...person, verified: verified && ('true' as never) }),
  mount(site) {
    const options = {
      authorizationURL: `${apple.origin}/auth/authorize`,
      tokenURL: `${apple.origin}/auth/token`,
      callbackURL: `${site.origin}/login/callback`,
      clientID: 'app',
      teamID: 'TEAM',
      keyID: 'KEY',
      privateKeyString: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      passReqToCallback: true as const,
    }
    const verify = admit(
      site.invites,
      site.options(({ sub }: { readonly sub: string }) => sub),
    )
    return mountPassport(site, new AppleStrategy(options, verify))
  },
})
