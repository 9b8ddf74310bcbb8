// Better Enrollment, a plugin of better-auth: whoever has a link for one redeems it, which makes their account.
import type { Sent } from '../host-process.js'
import { type Host, newEmail, type Variants } from '../hosts/kinds.js'
import { HEADERS, openAuth } from './better-auth.js'

export const betterEnrollmentVariants: Variants = {
  async 'better-enrollment'(spec): Promise<Host> {
    const { auth, app, close } = await openAuth(spec, ({ admin, betterEnrollment }) => [
      admin(),
      betterEnrollment({ sendPrivateInvitation: async () => undefined }),
    ])
    return {
      app,
      prepare: {
        async signup(count) {
          const requests: Sent[] = []
          while (requests.length < count) {
            const { token } = await auth.api.createSystemInvite({ body: { type: 'public', role: 'user', maxUses: 1 } })
            const body = JSON.stringify({ token, email: newEmail(), name: 'Somebody', password: 'a long password' })
            requests.push({ path: '/api/auth/invite/redeem', body, headers: HEADERS, status: 200 })
          }
          return requests
        },
      },
      close,
    }
  },
}
