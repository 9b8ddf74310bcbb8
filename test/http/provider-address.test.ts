// Which address of a login is verified, from what strategies really pass: without a provider, value by value.
import { expect } from 'chai'
import type { Request } from 'express'
import { assertedAddress, profileIn } from '../../src/http/provider-address.js'

const token = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`
const ada = { sub: 'ada', email: 'ada@example.com' }
const verified = { ...ada, email_verified: true }
const issuer = 'https://id.example'
const profile = { id: 'ada', emails: [{ value: 'ada@example.com' }] }
const context = {}
const hidden = { value: '1+ada@users.noreply.github.com', primary: false, verified: true }

/** What a strategy passes between `req` and `done`, and the address that is verified by it. */
const logins: Readonly<Record<string, readonly [values: unknown[], address?: string]>> = {
  'openidconnect, 4 parameters: no ID token': [[issuer, profile]],
  'openidconnect, 5': [[issuer, profile, context]],
  'openidconnect, 6': [[issuer, profile, context, token(verified)], ada.email],
  'openidconnect, 8': [[issuer, profile, context, token(verified), 'access', 'refresh'], ada.email],
  'openidconnect, 9': [[issuer, profile, context, token(verified), 'access', undefined, {}], ada.email],
  'openidconnect, 10': [[issuer, profile, profile, context, token(verified), 'access', 'refresh', {}], ada.email],
  'openidconnect, 10, no userinfo': [
    [issuer, undefined, profile, context, token(verified), 'access', 'refresh', {}],
    ada.email,
  ],
  'openidconnect, 10, an address in userinfo only': [
    [issuer, { ...profile, _json: verified }, { id: 'ada' }, context, token({ sub: 'ada' }), 'access', 'refresh', {}],
    ada.email,
  ],
  'openidconnect, 10, the userinfo of somebody else': [
    [issuer, { ...profile, _json: verified }, { id: 'eve' }, context, token({ sub: 'eve' }), 'access', 'refresh', {}],
  ],
  'openidconnect of Microsoft: `email` without `email_verified`': [[issuer, profile, context, token(ada)]],
  oauth2: [['access', 'refresh', { ...profile, _json: verified }], ada.email],
  'oauth2, no refresh token': [['access', undefined, { ...profile, _json: verified }], ada.email],
  'oauth2 with params': [['access', undefined, {}, { ...profile, _json: verified }], ada.email],
  'oauth2 with an ID token in params': [['access', 'refresh', { id_token: token(verified) }, profile], ada.email],
  'oauth2 with an ID token and an empty profile': [['access', 'refresh', { id_token: token(verified) }, {}], ada.email],
  'oauth2, the userinfo of somebody else': [
    ['access', 'refresh', { id_token: token({ sub: 'eve' }) }, { ...profile, _json: verified }],
  ],
  'oauth (1.0)': [['token', 'secret', { ...profile, _json: { ...ada, verified: true } }]],
  Google: [
    ['access', 'refresh', { id: 'ada', emails: [{ value: ada.email, verified: true }], _json: verified }],
    ada.email,
  ],
  'Google, not verified': [
    [
      'access',
      'refresh',
      { id: 'ada', emails: [{ value: ada.email, verified: false }], _json: { ...ada, email_verified: false } },
    ],
  ],
  'GitHub, whose public address says nothing': [
    [
      'access',
      undefined,
      { _json: { email: 'eve@example.com' }, emails: [hidden, { value: ada.email, primary: true, verified: true }] },
    ],
    ada.email,
  ],
  'GitHub, whose primary address is not verified': [
    ['access', undefined, { emails: [{ value: ada.email, primary: true, verified: false }, hidden] }],
    hidden.value,
  ],
  'GitHub without allRawEmails': [
    ['access', undefined, { _json: { email: ada.email }, emails: [{ value: ada.email }] }],
  ],
  'Facebook, whose `verified` was of something else': [
    ['access', undefined, { ...profile, _json: { ...ada, verified: true } }],
  ],
  'Apple, who writes strings': [['access', 'refresh', token({ ...ada, email_verified: 'true' }), {}], ada.email],
  'Apple, not verified': [['access', 'refresh', token({ ...ada, email_verified: 'false' }), {}]],
  'openid-client 6': [[{ access_token: 'a', claims: () => verified }], ada.email],
  'openid-client 6 without an ID token': [[{ access_token: 'a', claims: () => undefined }]],
  'openid-client 5': [[{ claims: () => verified }, { sub: 'ada' }], ada.email],
  'openid-client 5 without an ID token, whose claims() throws': [
    [{ claims: () => JSON.parse('') }, verified],
    ada.email,
  ],
  SAML: [[{ nameID: ada.email, email: ada.email, mail: ada.email }]],
  'what is almost `true`': [[{ ...ada, email_verified: 'TRUE', verified_email: 1, verified: true }]],
  'what is no address': [[{ email: 'ada@example.com, eve@example.com', email_verified: true }]],
  'a local login': [['ada@example.com', 'orchard']],
}

describe('the address that a provider asserts', () => {
  for (const [what, [values, address]] of Object.entries(logins)) {
    it(`R-13 ${what}: ${address ?? 'none'}`, () => {
      const details = { req: {} as Request, values }
      const found = assertedAddress(profileIn(details), details)
      expect(found?.verified ? found.address : undefined).to.equal(address)
    })
  }

  const broken = [
    '',
    'x',
    'a.b',
    'a.!.c',
    token(null),
    token('text'),
    `e30.${Buffer.from('{').toString('base64url')}.x`,
  ]
  for (const idToken of [...broken, undefined, 7, {}]) {
    it(`R-13 a broken ID token says nothing, and throws nothing: ${JSON.stringify(idToken)}`, () => {
      const forms = [
        [issuer, profile, context, idToken],
        ['access', 'refresh', { id_token: idToken }, {}],
        ['access', 'refresh', idToken, {}],
      ]
      for (const values of forms) {
        const details = { req: {} as Request, values }
        expect(assertedAddress(profileIn(details), details)?.verified ?? false).to.equal(false)
      }
    })
  }
})
