// `seats`: shows how many may join an app by invite, or changes it.
import type { Command } from 'commander'
import type { Cli } from '../cli.js'
import { limit, readUses } from '../durations.js'
import { knownSettings } from '../known-settings.js'
import { examples } from '../text.js'

const NEVER = "Never changed: your app's option `seats` holds, which is any number unless it says otherwise."

export function addSeats(program: Command, cli: Cli): void {
  program
    .command('seats')
    .description('show how many may join by invite in all, or change it; holds at once in every process')
    .argument('[number]', 'how many, those who joined already counted in; or unlimited', readUses)
    .addHelpText('after', examples('seats', 'seats 500', 'seats unlimited'))
    .action(async (number: number | undefined) => {
      const install = await cli.open()
      const { invites, scope } = install
      const settings = await invites.settings(number === undefined ? undefined : { seats: limit(number) }, scope)
      const known = await knownSettings(install, settings)
      const { appId, seats } = settings
      const when = number === undefined ? '' : ' from now on'
      const text = `${seats === null ? 'Any number' : `${seats} in all`} may join ${appId} by invite${when}.`
      await cli.answer(known, known.seats === undefined ? NEVER : text)
    })
}
