// The links that a host gives the page of a refusal: checked at start, and kept for the page that answers a pasted code.
import type { Context } from '../context.js'
import type { HostLinks } from './refusal-page.js'

const given = new WeakMap<Context, Map<string | undefined, HostLinks>>()

/** Those of one app, or of every app that has none of its own. */
export function keepLinks(context: Context, appId: string | undefined, links: HostLinks): void {
  given.set(context, new Map(given.get(context)).set(appId, links))
}

export function linksFor(context: Context, appId: string): HostLinks {
  const links = given.get(context)
  return links?.get(appId) ?? links?.get(undefined) ?? {}
}

/** @throws TypeError where it leads anywhere but to a web page, or with `mailto` into a mail. */
export function checkLink(name: string, link: unknown, withMail: boolean): void {
  if (link === undefined) return
  const here = 'https://here.invalid'
  const url = typeof link === 'string' && URL.canParse(link, here) ? new URL(link, here) : undefined
  const isPath = typeof link === 'string' && link.startsWith('/') && url?.origin === here
  const protocols = withMail ? ['http:', 'https:', 'mailto:'] : ['http:', 'https:']
  const isAbsolute = typeof link === 'string' && URL.canParse(link) && protocols.includes(new URL(link).protocol)
  if (isPath || isAbsolute) return
  const mail = withMail ? ', or as in mailto:hello@acme.dev' : ''
  throw new TypeError(`inviteErrors: \`${name}\` must be a path of your site, or an absolute http or https URL${mail}.`)
}
