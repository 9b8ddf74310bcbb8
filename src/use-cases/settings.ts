// What is switched at run time: the app's mode, a planned switch of it, and its seats, its quotas.
import { supervisorsOnly } from '../actors.js'
import type { AppConfig } from '../app-config.js'
import { appOf, type Context, type KnownScope } from '../context.js'
import { type InputOf, invalidField, read } from '../input.js'
import { modeAt } from '../modes.js'
import { noteOf } from '../notes.js'
import { settingsSchema } from '../schemas/settings.js'
import type { StoredSettings } from '../store.js'
import type { Settings } from '../types.js'
import { isoTime } from '../views.js'

/**
 * What is to change about an app; what is absent stays.
 * @interface
 */
export type SettingsChange = InputOf<typeof settingsSchema>

export async function getSettings(context: Context, scope: KnownScope): Promise<Settings> {
  const app = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  return settingsView(app, await context.store.getSettings(app.appId), context.config.clock())
}

export async function updateSettings(context: Context, change: SettingsChange, scope: KnownScope): Promise<Settings> {
  const app = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const { mode, schedule, seats, quota } = read(settingsSchema, change)
  const now = context.config.clock()
  const request = {
    ...(mode !== undefined && { mode }),
    ...(schedule !== undefined && { schedule: schedule && { mode: schedule.mode, at: futureTime(schedule.at, now) } }),
    ...(seats !== undefined && { seats }),
    ...(quota !== undefined && { quota }),
  }
  if (Object.keys(request).length === 0) return await getSettings(context, scope)
  const planned = request.schedule
  const logged = planned ? { ...request, schedule: { ...planned, at: isoTime(planned.at) } } : request
  const note = noteOf(context, 'settings.write', scope, logged)
  return settingsView(app, await context.store.changeSettings({ appId: app.appId, change: request, now, note }), now)
}

function futureTime(given: string, now: number): number {
  const at = Date.parse(given)
  if (at <= now) throw invalidField('schedule/at', `must be in the future: it is ${isoTime(now)}`)
  return at
}

function settingsView(app: AppConfig, stored: StoredSettings, now: number): Settings {
  const { schedule } = stored
  return {
    appId: app.appId,
    mode: modeAt(stored, app.mode, now),
    schedule: schedule && schedule.at > now ? { mode: schedule.mode, at: isoTime(schedule.at) } : null,
    seats: stored.seats === undefined ? app.seats : stored.seats,
    quota: stored.quota ?? app.quota,
  }
}
