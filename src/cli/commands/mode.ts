// `mode`: shows how an app lets people in, or switches it.
import { Argument, type Command } from 'commander'
import { type Mode, modes, type Settings } from '../../types.js'
import type { Cli } from '../cli.js'
import { CliError } from '../failures.js'

const NEVER = "Never switched: your app's option `mode` holds, which is invite-only unless it says otherwise."

export function addMode(program: Command, cli: Cli): void {
  program
    .command('mode')
    .description('show the mode, or switch it; holds at once in every process')
    .addArgument(new Argument('[new-mode]', 'the mode to switch to').choices(modes))
    .option(
      '--at <time>',
      'plan the switch for this time, such as 2027-03-01T09:00:00Z; --at never: take the plan back',
    )
    .action(async (mode: Mode | undefined, { at }: { readonly at?: string }) => {
      const { invites, context, scope, knows } = await cli.open()
      if (at !== undefined) {
        if ((mode === undefined) !== (at === 'never')) {
          throw new CliError('usage_invalid', 'Plan a switch with both: mode open --at 2027-03-01T09:00:00Z.')
        }
        const settings = await invites.settings({ schedule: mode === undefined ? null : { mode, at } }, scope)
        return await cli.answer(settings, planOf(settings) ?? `No switch of ${settings.appId} is planned any more.`)
      }
      if (mode !== undefined) {
        const settings = await invites.settings({ mode }, scope)
        return await cli.answer(settings, `The mode of ${settings.appId} is ${settings.mode} from now on.`)
      }
      const settings = await invites.settings(undefined, scope)
      const { mode: stored, schedule } = await context.store.getSettings(scope.appId)
      const isKnown = knows.mode || stored !== undefined || (schedule != null && settings.schedule === null)
      const shown = isKnown ? settings : { ...scope, mode: null, schedule: settings.schedule }
      const lines = [isKnown ? settings.mode : NEVER, planOf(settings)].filter((line) => line !== undefined)
      await cli.answer(shown, lines.join('\n'))
    })
}

function planOf({ appId, schedule }: Settings): string | undefined {
  return schedule === null ? undefined : `The mode of ${appId} will be ${schedule.mode} from ${schedule.at} on.`
}
