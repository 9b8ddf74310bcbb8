// Invite codes: made, read, looked up.
import { expect } from 'chai'
import { generateCode, hashCode, isBlankCode, normalizeCode } from '../src/codes.js'

describe('codes', () => {
  it('R-18 have 140 bits: 28 of 32 symbols, in groups of four', () => {
    const codes = Array.from({ length: 500 }, generateCode)
    for (const code of codes) expect(code).to.match(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){6}$/)
    expect(new Set(codes).size).to.equal(500)
    const symbols = new Set(codes.join('').replaceAll('-', ''))
    expect(symbols.size).to.equal(32)
  })

  it('are read as they may be typed', () => {
    const code = '0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV'
    const bare = code.replaceAll('-', '')
    for (const typed of [
      code,
      bare,
      code.toLowerCase(),
      ` ${code} `,
      code.replaceAll('-', ' '),
      code.replaceAll('-', '—'),
    ]) {
      expect(normalizeCode(typed)).to.equal(bare)
    }
    expect(normalizeCode(code.replace('0', 'O').replace('1', 'l'))).to.equal(bare)
    expect(normalizeCode(code.replace('0', 'o').replace('1', 'I'))).to.equal(bare)
  })

  it('are none where a text cannot be one', () => {
    const code = '0123456789ABCDEFGHJKMNPQRSTV'
    const others = [
      '',
      'x',
      code.slice(1),
      `${code}0`,
      code.replace('0', 'U'),
      code.replace('0', 'é'),
      code.replace('0', '\0'),
    ]
    for (const text of [...others, `${code.slice(0, 27)}ı`, ' '.repeat(200)])
      expect(normalizeCode(text)).to.equal(undefined)
  })

  it('are blank where nothing was typed', () => {
    for (const text of ['', ' ', '--', '\t–']) expect(isBlankCode(text)).to.equal(true)
    expect(isBlankCode('x')).to.equal(false)
  })

  it('are looked up by a hash that tells nothing of them', () => {
    expect(hashCode('A')).to.equal('VZrq0IJk1XldOQlxjN0Fq9SVcuhP5VWQ7vMaiKCP3_0') // sha256
    expect(hashCode('A')).not.to.equal(hashCode('B'))
  })
})
