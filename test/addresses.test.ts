// Which addresses are one, and what is none.
import { expect } from 'chai'
import { addressHint, canonicalDomain, parseAddress } from '../src/addresses.js'

describe('addresses', () => {
  const same: [string, string, string][] = [
    ['letter case', 'Ada@Example.COM', 'ada@example.com'],
    ['composed and decomposed letters', 'ren\u00e9@example.com', 'rene\u0301@example.com'],
    ['case of a letter beyond ASCII', 'REN\u00c9@example.com', 'ren\u00e9@example.com'],
    ['the Kelvin sign, which NFC makes a K', '\u212Aim@example.com', 'kim@example.com'],
    ['a domain in Unicode and in punycode', 'ada@b\u00fccher.example', 'ada@xn--bcher-kva.example'],
    ['a domain in full-width letters', 'ada@\uff45xample.com', 'ada@example.com'],
    ['case of a punycode domain', 'ada@XN--BCHER-KVA.example', 'ada@b\u00fccher.example'],
  ]
  for (const [what, one, other] of same) {
    it(`R-25 are the same in spite of ${what}`, () => {
      expect(parseAddress(one)?.canonical).to.be.a('string').and.equal(parseAddress(other)?.canonical)
    })
  }

  const different: [string, string, string][] = [
    ['a dotless i', 'm\u0131ke@example.com', 'mike@example.com'],
    ['a capital dotted I', 'M\u0130KE@example.com', 'mike@example.com'],
    ['a full-width letter before the @', '\uff41da@example.com', 'ada@example.com'],
    ['a plus tag', 'ada+tag@example.com', 'ada@example.com'],
    ['a dot', 'a.da@example.com', 'ada@example.com'],
    ['a subdomain', 'ada@mail.example.com', 'ada@example.com'],
    ['a look-alike in Cyrillic', '\u0430da@example.com', 'ada@example.com'],
    ['a ligature', 'o\ufb03ce@example.com', 'office@example.com'],
    ['a sharp s', 'stra\u00dfe@example.com', 'strasse@example.com'],
  ]
  for (const [what, one, other] of different) {
    it(`R-25 differ by ${what}`, () => {
      const [first, second] = [parseAddress(one)?.canonical, parseAddress(other)?.canonical]
      expect(first).to.be.a('string')
      expect(second).to.be.a('string').and.not.equal(first)
    })
  }

  const refused: [string, string][] = [
    ['nothing', ''],
    ['no @', 'ada'],
    ['nothing before the @', '@example.com'],
    ['nothing behind it', 'ada@'],
    ['a list', 'ada@example.com,eve@example.com'],
    ['a list with ;', 'ada@example.com;eve@example.com'],
    ['a second @', 'ada@example.com@evil.example'],
    ['a display name', 'Ada <ada@example.com>'],
    ['a group', 'friends:ada@example.com;'],
    ['a comment', 'ada(comment)@example.com'],
    ['a quoted local part', '"ada lovelace"@example.com'],
    ['a line feed', 'ada@example.com\nBcc: eve@example.com'],
    ['a carriage return', 'ada\r@example.com'],
    ['a NUL', 'ada\0@example.com'],
    ['a space', 'ada @example.com'],
    ['a space around it', ' ada@example.com'],
    ['a no-break space', 'ada\u00a0@example.com'],
    ['a zero-width space', 'ada\u200b@example.com'],
    ['a zero-width joiner', 'ad\u200da@example.com'],
    ['a soft hyphen', 'ad\u00ada@example.com'],
    ['a right-to-left override', '\u202eada@example.com'],
    ['a line separator', 'ada\u2028@example.com'],
    ['a byte-order mark', '\ufeffada@example.com'],
    ['a lone surrogate', 'ada\ud800@example.com'],
    ['a trailing dot', 'ada@example.com.'],
    ['an ideographic full stop', 'ada@example\u3002com'],
    ['a full-width @', 'ada\uff20example.com'],
    ['two dots', 'ada..l@example.com'],
    ['a leading dot', '.ada@example.com'],
    ['an address literal', 'ada@[127.0.0.1]'],
    ['an IP address', 'ada@127.0.0.1'],
    ['an IP address in hexadecimal', 'ada@0x7f.1'],
    ['a host without a dot', 'ada@example'],
    ['a percent escape', 'ada@ex%61mple.com'],
    ['a path', 'ada@example.com/evil'],
    ['a label that starts with a hyphen', 'ada@-example.com'],
    ['a punycode label that decodes to nothing', 'ada@xn--\u00fc.example'],
    ['65 octets before the @', `${'a'.repeat(65)}@example.com`],
    ['255 octets', `ada@${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example`],
  ]
  for (const [what, text] of refused) {
    it(`R-25 refuses ${what}`, () => expect(parseAddress(text)).to.equal(undefined))
  }

  it('are not looked for in a text that is far too long: decoding this one would take minutes', () => {
    for (const letter of ['\u00fc', 'e\u0301']) {
      expect(parseAddress(`ada@${letter.repeat(1_000_000)}.example`)).to.equal(undefined)
      expect(canonicalDomain(`${letter.repeat(1_000_000)}.example`)).to.equal(undefined)
    }
  })

  it('R-26 keeps the original as it was given', () => {
    expect(parseAddress('Ada+Tag@B\u00fccher.example')).to.deep.equal({
      original: 'Ada+Tag@B\u00fccher.example',
      canonical: 'ada+tag@xn--bcher-kva.example',
      domain: 'xn--bcher-kva.example',
    })
  })

  it('accepts what people really have', () => {
    const real = [
      "o'brien@example.com",
      'a@localhost',
      '123@example.com',
      'x_y-z=1@sub.example.co.uk',
      '\u7528\u6237@example.com',
    ]
    for (const text of real) expect(parseAddress(text), text).not.to.equal(undefined)
  })

  it('compares domains as addresses do', () => {
    expect(canonicalDomain('B\u00dcCHER.example')).to.equal('xn--bcher-kva.example')
    for (const text of ['', 'com', 'example..com', 'exa mple.com', '*.example.com', 'example.com:25']) {
      expect(canonicalDomain(text), text).to.equal(undefined)
    }
  })

  it('hints at an address without telling it', () => {
    expect(addressHint('ada@example.com')).to.equal('a\u2022\u2022\u2022@example.com')
    expect(addressHint('\u{1f98a}fox@example.com')).to.equal('\u{1f98a}\u2022\u2022\u2022@example.com')
  })
})
