// The pages of the dashboard that tell what happened: who joined, statistics, the log.
import type { Context } from '../context.js'
import { findInviter } from '../context.js'
import type { FrameInput } from '../dashboard-frame.js'
import type { DashboardTemplates } from '../dashboard-page.js'
import { joinedPage, logPage } from '../dashboard-record.js'
import { shownInviters, spanOf, statisticsPage } from '../dashboard-statistics.js'
import type { Desk, DeskVisit } from './dashboard-desk.js'

interface RecordDesk<Visit> extends Desk<Visit> {
  readonly context: Context
  /** What the page has around it. */
  frame(visit: Visit): Promise<FrameInput>
  templates(visit: Visit): DashboardTemplates | undefined
}

export function addRecordPages<Visit extends DeskVisit>(desk: RecordDesk<Visit>): void {
  const { router, invites, context, visit, frame, templates } = desk
  const scopeOf = ({ app, actor }: Visit) => ({ appId: app.appId, actor })
  const cursorOf = ({ req }: Visit) => (typeof req.query.cursor === 'string' ? req.query.cursor : undefined)

  router.get(
    '/joined',
    visit('acceptance.list', async (here) => {
      const cursor = cursorOf(here)
      const page = await invites.acceptances({ cursor }, scopeOf(here))
      const values = joinedPage({ ...(await frame(here)), page, paged: cursor !== undefined })
      here.res.type('html').send(templates(here)?.joined(values))
    }),
  )

  router.get(
    '/statistics',
    visit('stats.read', async (here) => {
      const statistics = await invites.stats(spanOf(here.req.query.by, context.config.clock()), scopeOf(here))
      const names = await namesOf(here.app.appId, shownInviters(statistics))
      here.res.type('html').send(templates(here)?.statistics(statisticsPage(await frame(here), statistics, names)))
    }),
  )

  router.get(
    '/log',
    visit('audit.read', async (here) => {
      const cursor = cursorOf(here)
      const page = await invites.audit({ cursor }, scopeOf(here))
      const values = logPage({ ...(await frame(here)), page, paged: cursor !== undefined })
      here.res.type('html').send(templates(here)?.log(values))
    }),
  )

  /** As the host has them; whoever it does not know, or cannot look up now, is shown by the id. */
  async function namesOf(appId: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = await Promise.all(
      ids.map(async (id) => {
        const actor = await findInviter(context, { appId, id }).catch(() => undefined)
        const name = actor?.name ?? actor?.email
        return name ? ([[id, name]] as const) : []
      }),
    )
    return new Map(found.flat())
  }
}
