// An app's settings, as far as they are known: without the app's module, only what was stored is.
import type { Settings } from '../types.js'
import type { Install } from './install.js'

/** `mode: null` and a missing `seats` or `quota`: never changed, so the app's option holds, which is not known here. */
export type KnownSettings = Settings | (Omit<Partial<Settings>, 'mode'> & { readonly mode: Settings['mode'] | null })

export async function knownSettings({ module, context }: Install, settings: Settings): Promise<KnownSettings> {
  if (module !== undefined) return settings
  const { appId, mode, schedule, seats, quota } = settings
  const stored = await context.store.getSettings(appId)
  const wasSwitched = stored.mode !== undefined || (stored.schedule != null && schedule === null)
  return {
    appId,
    mode: wasSwitched ? mode : null,
    schedule,
    ...(stored.seats !== undefined && { seats }),
    ...(stored.quota !== undefined && { quota }),
  }
}
