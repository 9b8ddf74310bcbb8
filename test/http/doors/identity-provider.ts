// A SAML 2.0 identity provider on loopback: redirect or POST binding in, signed response out by a form that the browser posts.
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import express from 'express'
import { SignedXml } from 'xml-crypto'
import { useApi } from './api.js'

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

interface Subject {
  readonly nameId: string
  readonly attributes: Readonly<Record<string, string | undefined>>
}

/** Of `subject`, as it is when they log in. */
export function useIdentityProvider(subject: () => Subject) {
  const api = useApi((app) => {
    app.all('/sso', express.urlencoded({ extended: false }), ({ query, body }, res) => {
      const given = String(query.SAMLRequest ?? body.SAMLRequest)
      const request = inflateRawSync(Buffer.from(given, 'base64')).toString()
      const named = (name: string) => new RegExp(`${name}="([^"]+)"`).exec(request)?.[1] ?? ''
      const to = { id: named('ID'), acs: named('AssertionConsumerServiceURL'), audience: 'app' }
      const response = Buffer.from(sign(sign(responseXml(subject(), to), 'Assertion'), 'Response')).toString('base64')
      res.send(`<body onload="document.forms[0].submit()"><form method="post" action="${to.acs}">
        <input type="hidden" name="SAMLResponse" value="${response}"><button>Continue</button></form>`)
    })
  })
  return {
    idpCert: publicKey,
    get entryPoint() {
      return `${api.origin}/sso`
    },
  }
}

function responseXml({ nameId, attributes }: Subject, to: { id: string; acs: string; audience: string }): string {
  const at = (ms: number) => new Date(Date.now() + ms).toISOString()
  const until = at(60_000)
  const named = (element: string) => `ID="_${randomUUID()}" Version="2.0" IssueInstant="${at(0)}" ${element}`
  const values = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        `<saml:Attribute Name="${name}"><saml:AttributeValue>${value}</saml:AttributeValue></saml:Attribute>`,
    )
  const issuer = '<saml:Issuer>https://idp.example</saml:Issuer>'
  return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ${named(`InResponseTo="${to.id}" Destination="${to.acs}"`)}>${issuer}<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ${named('')}>${issuer}<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">${nameId}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="${to.id}" Recipient="${to.acs}" NotOnOrAfter="${until}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="${at(-60_000)}" NotOnOrAfter="${until}"><saml:AudienceRestriction><saml:Audience>${to.audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="${at(0)}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>${values.join('')}</saml:AttributeStatement></saml:Assertion></samlp:Response>`
}

/** With an enveloped signature in this element, after its issuer. */
function sign(xml: string, element: 'Assertion' | 'Response'): string {
  const xpath = `//*[local-name(.)='${element}']`
  const signature = new SignedXml({
    privateKey,
    signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    canonicalizationAlgorithm: 'http://www.w3.org/2001/10/xml-exc-c14n#',
  })
  signature.addReference({
    xpath,
    digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
    transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', 'http://www.w3.org/2001/10/xml-exc-c14n#'],
  })
  const location = { reference: `${xpath}/*[local-name(.)='Issuer']`, action: 'after' } as const
  signature.computeSignature(xml, { location })
  return signature.getSignedXml()
}
