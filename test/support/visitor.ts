// A visitor of an app under test who keeps cookies as a browser does, but for `Secure`, and lets them be looked at.
import type { Express } from 'express'
import request from 'supertest'

export interface Visitor {
  /** Its cookies, by their names. */
  readonly cookies: Map<string, string>
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<request.Response>
  /** Posts a form. */
  post(path: string, fields: object, headers?: Readonly<Record<string, string>>): Promise<request.Response>
  /** Goes where the provider sends it that an app redirected to, which is back to the app. */
  throughProvider(start: request.Response): Promise<URL>
}

export function openVisitor(app: Express): Visitor {
  const cookies = new Map<string, string>()
  const visit = async (test: request.Test, headers: Readonly<Record<string, string>>) => {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const res = await test.set({ ...(cookie && { Cookie: cookie }), ...headers }).redirects(0)
    for (const line of res.get('Set-Cookie') ?? []) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s)
      if (/; Max-Age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return res
  }
  return {
    cookies,
    get: (path, headers = {}) => visit(request(app).get(path), headers),
    post: (path, fields, headers = {}) => visit(request(app).post(path).type('form').send(fields), headers),
    async throughProvider(start) {
      const { headers } = await fetch(start.get('Location') ?? '', { redirect: 'manual' })
      return new URL(headers.get('Location') ?? '')
    },
  }
}
