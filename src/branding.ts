// The look of an app's mail, as far as options change it.

import { readUrl, wrong } from './option-checks.js'
import { checkNames } from './option-names.js'
import type { Branding } from './options.js'

/** A look, complete. */
export interface BrandingConfig {
  readonly logoUrl: string | undefined
  readonly color: string
  /** What can be read on `color`: black or white. */
  readonly textOnColor: string
  readonly footer: string
}

const COLOR = '#4338ca'
const MAX_FOOTER = 500
const CONTROLS = /[^\P{Cc}\n]/u

interface Given {
  readonly name: string
  readonly value: Branding | undefined
}

/** Merges looks, the later one winning field by field. @throws TypeError where a field is unknown or wrong. */
export function checkBranding(...looks: readonly Given[]): BrandingConfig {
  const { logoUrl, color = COLOR, footer = '' }: Branding = Object.assign({}, ...looks.map(checkLook))
  return { logoUrl, color, textOnColor: readableOn(color), footer }
}

function checkLook({ name, value = {} }: Given): Branding {
  checkNames(`createInvites: ${name}`, value, ['logoUrl', 'color', 'footer'])
  const { logoUrl, color, footer } = value
  if (logoUrl !== undefined) readUrl(`${name}.logoUrl`, logoUrl, 'where a picture is that mail programs can load')
  if (color !== undefined && !/^#[0-9a-f]{6}$/i.test(color)) wrong(`${name}.color`, 'a colour written as #4338ca')
  if (footer !== undefined && (typeof footer !== 'string' || footer.length > MAX_FOOTER || CONTROLS.test(footer))) {
    wrong(`${name}.footer`, `a text of up to ${MAX_FOOTER} characters`)
  }
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined))
}

/** Black or white, whichever has the higher contrast (WCAG 2.2, contrast ratio). */
function readableOn(color: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? '#ffffff' : '#000000'
}
