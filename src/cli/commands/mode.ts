// `mode`: shows how an app lets people in, or switches it.
import { Argument, type Command } from 'commander'
import { type Mode, modes, type Settings } from '../../types.js'
import type { Cli } from '../cli.js'
import { CliError } from '../failures.js'
import { knownSettings } from '../known-settings.js'
import { examples } from '../text.js'

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
    .addHelpText('after', examples('mode', 'mode closed', 'mode open --at 2027-03-01T09:00:00Z'))
    .action(async (mode: Mode | undefined, { at }: { readonly at?: string }) => {
      const install = await cli.open()
      const { invites, scope } = install
      if (at !== undefined) {
        if ((mode === undefined) !== (at === 'never')) {
          throw new CliError('usage_invalid', 'Plan a switch with both: mode open --at 2027-03-01T09:00:00Z.')
        }
        const settings = await invites.settings({ schedule: mode === undefined ? null : { mode, at } }, scope)
        const text = planOf(settings) ?? `No switch of ${settings.appId} is planned any more.`
        return await cli.answer(await knownSettings(install, settings), text)
      }
      const settings = await invites.settings(mode && { mode }, scope)
      const known = await knownSettings(install, settings)
      const lines = [known.mode ?? NEVER, planOf(settings)].filter((line) => line !== undefined)
      const switched = `The mode of ${settings.appId} is ${settings.mode} from now on.`
      await cli.answer(known, mode === undefined ? lines.join('\n') : switched)
    })
}

function planOf({ appId, schedule }: Settings): string | undefined {
  return schedule === null ? undefined : `The mode of ${appId} will be ${schedule.mode} from ${schedule.at} on.`
}
