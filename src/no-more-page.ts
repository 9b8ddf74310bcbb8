// The page on which whoever was mailed has no more of it, or takes that back.
import type { AppConfig } from './app-config.js'
import type { Shape } from './templates/shape.js'
import { openTemplates, type Render, stylesIn } from './templates/templates.js'

/** What the template of that page, `pages/no-more.html.hbs`, may use. */
export interface NoMorePageValues {
  /** The app's. */
  readonly appName: string
  /** The picture in place of the name; empty where there is none. */
  readonly logoUrl: string
  /** Of the button, as `#4338ca`. */
  readonly color: string
  /** What can be read on `color`: black or white. */
  readonly textOnColor: string
  /** How it stands, or what is asked, in a few words. */
  readonly headline: string
  /** The same in a sentence. */
  readonly detail: string
  /** Where the form posts to. */
  readonly action: string
  /** What its button `choice` says: `stop`, or `resume` where there is no mail any more. */
  readonly choice: string
  /** What stands on the button. */
  readonly label: string
}

const shape: Shape<NoMorePageValues> = {
  appName: 'text',
  logoUrl: 'url',
  color: 'color',
  textOnColor: 'color',
  headline: 'text',
  detail: 'text',
  action: 'url',
  choice: 'text',
  label: 'text',
}

/** @throws TypeError where the template does not compile, or uses what is not there. */
export function loadNoMorePage(app: AppConfig): {
  readonly render: Render<NoMorePageValues>
  readonly styles: readonly string[]
  readonly mayBeOwn: boolean
} {
  const render = openTemplates(app.templates).load('pages/no-more.html.hbs', shape)
  return { render, styles: stylesIn(render(noMoreValues(app, '', false))), mayBeOwn: app.templates.folders.length > 0 }
}

/** What the page says; `isOver`: of an address that is mailed no more. */
export function noMoreValues(app: AppConfig, action: string, isOver: boolean): NoMorePageValues {
  const { logoUrl = '', color, textOnColor } = app.branding
  const words = isOver
    ? {
        headline: 'You get no more invites by mail',
        detail:
          'Nobody can send one to this address from here. Invites that you have got already are as good as before.',
        choice: 'resume',
        label: 'Undo',
      }
    : {
        headline: 'No more invites by mail?',
        detail: 'Then nobody can send another one to the address that this link was mailed to.',
        choice: 'stop',
        label: 'No more mail',
      }
  return { appName: app.appName, logoUrl, color, textOnColor, action, ...words }
}
