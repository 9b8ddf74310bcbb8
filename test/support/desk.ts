// The dashboard as a browser without script has it: its pages, its forms, what a reader sees of them.
import { expect } from 'chai'
import request from 'supertest'
import type { Actor, InvitesOptions } from '../../src/index.js'
import { type Host, openHost } from './host.js'
import { textOf } from './html.js'

export const MOUNT = '/admin/invites'

/** What the mail server answers: nothing is yes. */
interface Post {
  refusal: Error | undefined
}

interface Desk {
  readonly host: Host
  readonly post: Post
}

/** Members and names by address, as a host would look them up. */
async function findInviter({ email, id }: { email?: string; id?: string }): Promise<Actor | null> {
  const [, local] = /^(mia|max)@example\.com$/.exec(email ?? `${id}@example.com`) ?? []
  return local === undefined
    ? null
    : { id: local, email: `${local}@example.com`, name: `M. ${local}`, access: 'member' }
}

export async function openDesk(invites: Partial<InvitesOptions> = {}): Promise<Desk> {
  const post: Post = { refusal: undefined }
  const mailer = {
    async sendMail() {
      if (post.refusal) throw post.refusal
    },
  }
  const host = await openHost({
    invites: { mailer, appName: 'Acme', findInviter, ...invites },
    gate: { appId: Object.keys(invites.apps ?? { default: {} })[0] },
  })
  return { host, post }
}

/** A browser of `who`, on the dashboard. */
export function visitor({ app }: Pick<Host, 'app'>, who: string | undefined = 'supervisor') {
  const as = (test: request.Test) => (who === '' ? test : test.set('X-Who', `Bearer ${who}`))
  const page = (path = '/') => as(request(app).get(path.startsWith(MOUNT) ? path : `${MOUNT}${path}`))
  const post = (path: string, fields: object = {}) =>
    as(request(app).post(path.startsWith(MOUNT) ? path : `${MOUNT}${path}`))
      .type('form')
      .send(fields)
  return {
    page,
    post,
    /** Posts, and follows the redirect to the page behind it. */
    async submit(path: string, fields?: object) {
      const posted = await post(path, fields)
      expect(posted.status, posted.text).to.equal(303)
      return await page(posted.get('Location')).expect(200)
    },
  }
}

/** The rows of the list, as a reader sees them. */
export function rowsOf(html: string): readonly string[] {
  return (html.match(/<li>[\s\S]*?<\/li>/g) ?? []).map(textOf)
}

export function noticeOf(html: string): string {
  return textOf(/<p class="notice"[\s\S]*?<\/p>/.exec(html)?.[0] ?? '').trim()
}

/** Where the forms of a page post to. */
export function actionsOf(html: string, kind = /./): readonly string[] {
  return [...html.matchAll(/<form method="post" action="([^"]*)"/g)]
    .map(([, action = '']) => action.replaceAll('&#x3D;', '=').replaceAll('&amp;', '&'))
    .filter((action) => kind.test(action))
}

export function actionOf(html: string, kind: RegExp): string {
  const [action = '', ...more] = actionsOf(html, kind)
  if (action === '' || more.length > 0) throw new Error(`the page has no such form, or several: ${kind}`)
  return action
}

export function linkOf(html: string, label: string): string | undefined {
  const href = new RegExp(`<a[^>]*href="([^"]*)"[^>]*>${label}</a>`).exec(html)?.[1]
  return href?.replaceAll('&#x3D;', '=').replaceAll('&amp;', '&')
}
