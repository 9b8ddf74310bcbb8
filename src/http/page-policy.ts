// What browsers may do with our pages: the headers that say it.
import { createHash } from 'node:crypto'
import type { Response } from 'express'
import type { AppConfig } from '../app-config.js'
import type { Context } from '../context.js'

interface Styled {
  readonly styles: readonly string[]
  readonly mayBeOwn: boolean
}

/** Sends a page that nothing else may be made of. */
export function sendHtml(res: Response, policy: string, html: string): void {
  res.set({
    'Content-Security-Policy': policy,
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
  })
  res.type('html').send(html)
}

/** Nothing runs, and nothing is loaded but the logo and, where the host has templates of its own, what is at its site. */
export function policyOf({ config }: Context, app: AppConfig | undefined, page: Styled): string {
  const { styles, mayBeOwn } = page
  const own = mayBeOwn ? ["'self'"] : []
  const logo = app?.branding.logoUrl
  const directives: Readonly<Record<string, readonly string[]>> = {
    'default-src': ["'none'"],
    'style-src': [...own, ...styles.map(hashOf)],
    'img-src': [...own, ...(logo === undefined ? [] : [new URL(logo).origin])],
    'font-src': own,
    'form-action': [config.origin],
    'base-uri': ["'none'"],
    'frame-ancestors': ["'none'"],
  }
  return Object.entries(directives)
    .filter(([, sources]) => sources.length > 0)
    .map(([name, sources]) => `${name} ${sources.join(' ')}`)
    .join('; ')
}

/** As CSP names an inline style; browsers read any line break as one character. */
function hashOf(style: string): string {
  return `'sha256-${createHash('sha256').update(style.replace(/\r\n?/g, '\n')).digest('base64')}'`
}
