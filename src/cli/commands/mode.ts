// `mode`: shows how an app lets people in, or switches it.
import { Argument, type Command } from 'commander'
import { type Mode, modes } from '../../types.js'
import type { Cli } from '../cli.js'

export function addMode(program: Command, cli: Cli): void {
  program
    .command('mode')
    .description('show the mode, or switch it; holds at once in every process')
    .addArgument(new Argument('[new-mode]', 'the mode to switch to').choices(modes))
    .action(async (mode: Mode | undefined) => {
      const { invites, context, scope, knows } = await cli.open()
      if (mode !== undefined) {
        const settings = await invites.settings({ mode }, scope)
        return await cli.answer(settings, `The mode of ${settings.appId} is ${settings.mode} from now on.`)
      }
      if (!knows.mode && (await context.store.getMode(scope.appId)) === undefined) {
        const text = "Never switched: your app's option `mode` holds, which is invite-only unless it says otherwise."
        return await cli.answer({ ...scope, mode: null }, text)
      }
      const settings = await invites.settings(undefined, scope)
      await cli.answer(settings, settings.mode)
    })
}
