// The organization plugin of better-auth: whoever is logged in accepts an invitation to an organization. Their accounts
// and sessions are there before the time is taken, so it has less to do than a signup.

import type { Sent } from '../host-process.js'
import type { Host, Variants } from '../hosts/kinds.js'
import { newEmail } from '../hosts/kinds.js'
import { HEADERS, openAuth, sessionCookie } from './better-auth.js'

const TERM_MS = 7 * 24 * 60 * 60 * 1000
const AT_ONCE = 50

export const organizationVariants: Variants = {
  async 'better-auth, organization'(spec): Promise<Host> {
    const opened = await openAuth(spec, ({ organization }) => [organization({ membershipLimit: 1e9 })])
    const { auth, app, close } = opened
    const { adapter, internalAdapter } = await auth.$context

    async function invited(organizationId: string): Promise<Sent> {
      const email = newEmail()
      const user = await internalAdapter.createUser({ email, name: 'Somebody', emailVerified: true })
      const { token } = await internalAdapter.createSession(user.id)
      const now = new Date()
      const expiresAt = new Date(now.getTime() + TERM_MS)
      const { id } = await adapter.create({
        model: 'invitation',
        data: {
          organizationId,
          email,
          role: 'member',
          status: 'pending',
          expiresAt,
          createdAt: now,
          inviterId: user.id,
        },
      })
      const headers = { ...HEADERS, cookie: sessionCookie(token) }
      const body = JSON.stringify({ invitationId: id })
      return { path: '/api/auth/organization/accept-invitation', body, headers, status: 200 }
    }

    return {
      app,
      prepare: {
        // An organization for each turn, because it counts its members each time.
        async signup(count) {
          const data = { name: 'Acme', slug: newEmail(), createdAt: new Date() }
          const { id } = await adapter.create({ model: 'organization', data })
          const requests: Sent[] = []
          while (requests.length < count) {
            const some = Math.min(AT_ONCE, count - requests.length)
            requests.push(...(await Promise.all(Array.from({ length: some }, () => invited(id)))))
          }
          return requests
        },
      },
      close,
    }
  },
}
