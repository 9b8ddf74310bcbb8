// The forms of the dashboard that switch settings: the mode, a plan to switch it, the seats.
import type { TypedSettings } from '../dashboard-settings.js'
import { InviteError } from '../errors.js'
import { modes } from '../types.js'
import type { SettingsChange } from '../use-cases/settings.js'
import { readForm } from './body.js'
import type { Desk, DeskVisit } from './dashboard-desk.js'

interface SettingsDesk<Visit> extends Desk<Visit> {
  back(visit: Visit, done: 'mode' | 'planned' | 'unplanned' | 'seats'): void
  /** The page again, with what was typed and why it could not be set. */
  show(visit: Visit, extra: { readonly typedSettings: TypedSettings }, status: number): Promise<void>
}

// As a field of type `datetime-local` sends it, and as it is typed where a browser has no such field.
const LOCAL_TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)$/

export function addSettingsForms<Visit extends DeskVisit>(desk: SettingsDesk<Visit>): void {
  const { router, invites, visit, back, show } = desk
  const change = (here: Visit, settings: SettingsChange) =>
    invites.settings(settings, { appId: here.app.appId, actor: here.actor })

  /** Changes what a form asks for; where that cannot be, the page is shown again with what was typed and why. */
  async function changeOr(here: Visit, settings: SettingsChange, explain: (error: InviteError) => TypedSettings) {
    try {
      await change(here, settings)
      return true
    } catch (error) {
      if (!(error instanceof InviteError && error.code === 'input_invalid')) throw error
      await show(here, { typedSettings: explain(error) }, error.status)
      return false
    }
  }

  router.post(
    '/mode',
    visit('settings.write', async (here) => {
      const { mode } = await readForm(here.req, here.res)
      const known = modes.find((each) => each === mode)
      if (known === undefined)
        throw new InviteError('input_invalid', { detail: `The mode must be one of ${modes.join(', ')}.` })
      await change(here, { mode: known })
      back(here, 'mode')
    }),
  )

  router.post(
    '/plan',
    visit('settings.write', async (here) => {
      const fields = await readForm(here.req, here.res)
      const [mode, at] = [String(fields.mode ?? ''), String(fields.at ?? '').trim()]
      // The page says that it is UTC: a browser does not tell its zone, and cannot without a script.
      const schedule = { mode, at: at.replace(LOCAL_TIME, '$1T$2Z') } as NonNullable<SettingsChange['schedule']>
      const planned = await changeOr(here, { schedule }, (error) => ({ mode, at, planError: explainPlan(error) }))
      if (planned) back(here, 'planned')
    }),
  )

  router.post(
    '/plan/cancel',
    visit('settings.write', async (here) => {
      await change(here, { schedule: null })
      back(here, 'unplanned')
    }),
  )

  router.post(
    '/seats',
    visit('settings.write', async (here) => {
      const seats = String((await readForm(here.req, here.res)).seats ?? '').trim()
      const number = /^\d+$/.test(seats) ? Number(seats) : Number.NaN
      const seatsError = 'Type a whole number, 1 or more, or nothing for any number.'
      if (await changeOr(here, { seats: seats === '' ? null : number }, () => ({ seats, seatsError }))) {
        back(here, 'seats')
      }
    }),
  )
}

function explainPlan({ errors, message }: InviteError): string {
  if (errors?.some(({ pointer }) => pointer === '#/schedule/mode')) return `Choose one of ${modes.join(', ')}.`
  const [, now] = /in the future: it is (\S+?)\.?$/.exec(message) ?? []
  if (now !== undefined) return `Choose a time to come: it is ${now.slice(0, 10)} ${now.slice(11, 16)} in UTC now.`
  return 'Choose a day and a time, such as 2027-03-01 09:00.'
}
