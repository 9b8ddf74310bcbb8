// The forms of the dashboard that decide on the waiting list.
import { InviteError } from '../errors.js'
import type { DecidedRequests } from '../use-cases/request-decisions.js'
import { readForm } from './body.js'
import type { Desk, DeskVisit } from './dashboard-desk.js'

interface RequestDesk<Visit> extends Desk<Visit> {
  back(visit: Visit, done: 'approved' | 'declined' | 'undecided'): void
}

export function addRequestForms<Visit extends DeskVisit>({ router, invites, visit, back }: RequestDesk<Visit>): void {
  const form = (decide: (which: Which, scope: object) => Promise<DecidedRequests>, done: 'approved' | 'declined') =>
    visit('request.decide', async (visit) => {
      const which = readWhich(await readForm(visit.req, visit.res))
      const { decided } = await decide(which, { appId: visit.app.appId, actor: visit.actor })
      back(visit, decided > 0 ? done : 'undecided')
    })

  router.post('/requests/approve', form(invites.approveRequests, 'approved'))
  router.post('/requests/decline', form(invites.declineRequests, 'declined'))
}

type Which = { readonly requests: string[] } | { readonly next: number }

function readWhich({ request, next }: Readonly<Record<string, unknown>>): Which {
  if (typeof request === 'string') return { requests: [request] }
  if (typeof next === 'string' && /^\d{1,4}$/.test(next)) return { next: Number(next) }
  throw new InviteError('input_invalid', { detail: 'Type how many to approve, from 1 to 500.' })
}
