// The person that a command is about, and the apps that it looks in.
import { plain } from '../plain-text.js'
import type { Cli } from './cli.js'
import type { Install } from './install.js'

/** Every app's, unless one is named: as `invites.export` and `invites.forget` have it. */
export function peopleScope(cli: Cli, { scope }: Install): { readonly appId?: string } {
  return cli.options().app === undefined ? {} : scope
}

/** Those apps, for people. */
export function appNames(cli: Cli, { scope, context }: Install): string {
  const appIds = cli.options().app === undefined ? [...context.config.apps.keys()] : [scope.appId]
  return `${appIds.length === 1 ? 'the app' : 'the apps'} ${plain(appIds.join(', '))}`
}

/** Without the app's module nobody knows which apps there are: what another one holds would be overlooked. */
export function noteOtherApps(cli: Cli, { module }: Install): void {
  if (module !== undefined || cli.options().app !== undefined) return
  cli.note('Without the module of your app, only the app `default` is known. Name others with --app, or --config.')
}
