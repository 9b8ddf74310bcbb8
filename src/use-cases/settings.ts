// What is switched at run time: the app's mode.
import { supervisorsOnly } from '../actors.js'
import { appOf, type Context, type KnownScope, modeOf } from '../context.js'
import { type InputOf, read, settingsSchema } from '../input.js'
import type { Settings } from '../types.js'

/**
 * What is to change about an app; what is absent stays.
 * @interface
 */
export type SettingsChange = InputOf<typeof settingsSchema>

export async function getSettings(context: Context, scope: KnownScope): Promise<Settings> {
  const app = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  return { appId: app.appId, mode: await modeOf(context, app) }
}

export async function updateSettings(context: Context, change: SettingsChange, scope: KnownScope): Promise<Settings> {
  const app = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const { mode } = read(settingsSchema, change)
  if (mode !== undefined) await context.store.setMode(app.appId, mode, context.config.clock())
  return await getSettings(context, scope)
}
