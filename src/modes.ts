// Which mode is in force, of what was stored and what the options say.
import type { StoredSettings } from './store-settings.js'
import type { Mode } from './types.js'

/** The mode at `now`: a planned one from its time on, else the stored one, else the option's. */
export function modeAt({ mode, schedule }: StoredSettings, defaultMode: Mode, now: number): Mode {
  return schedule && schedule.at <= now ? schedule.mode : (mode ?? defaultMode)
}
