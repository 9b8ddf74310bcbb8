// The page behind the link that is mailed to who asks for access: its template, and what that is told.
import type { AppConfig } from './app-config.js'
import type { Shape } from './templates/shape.js'
import { openTemplates, type Render, stylesIn } from './templates/templates.js'
import type { RequestStanding } from './use-cases/access-requests.js'

/** What the template of the page behind the mailed link, `pages/request.html.hbs`, may use. */
export interface RequestPageValues {
  /** The app's. */
  readonly appName: string
  /** The picture in place of the name; empty where there is none. */
  readonly logoUrl: string
  /** Of the button, as `#4338ca`. */
  readonly color: string
  /** What can be read on `color`: black or white. */
  readonly textOnColor: string
  /** The address that asks. */
  readonly email: string
  /** Where the form that confirms posts to; empty where it is confirmed. */
  readonly confirmAction: string
  /** What will be confirmed, by the questions' labels. */
  readonly answers: readonly GivenAnswer[]
  /** Its place on the list, from 1; empty where it does not wait, or where more than 10,000 are before it. */
  readonly place: string
  /** Not empty where it is on the list, at whatever place. */
  readonly waiting: string
  /** Not empty where an invite was sent. */
  readonly invited: string
}

/** What was answered to a question. */
export interface GivenAnswer {
  /** The question. */
  readonly label: string
  /** What was answered. */
  readonly answer: string
}

const shape: Shape<RequestPageValues> = {
  appName: 'text',
  logoUrl: 'url',
  color: 'color',
  textOnColor: 'color',
  email: 'text',
  confirmAction: 'url',
  answers: [{ label: 'text', answer: 'text' }],
  place: 'text',
  waiting: 'text',
  invited: 'text',
}

/** The page of one app, ready to be filled in. */
export interface RequestPage {
  readonly render: Render<RequestPageValues>
  /** The style sheets in it, the same for every request. */
  readonly styles: readonly string[]
  /** Whether the host has templates of its own, which may load what is at its site. */
  readonly mayBeOwn: boolean
}

/** @throws TypeError where the template does not compile, or uses what is not there. */
export function loadRequestPage(app: AppConfig): RequestPage {
  const render = openTemplates(app.templates).load('pages/request.html.hbs', shape)
  // Without anything that strangers write, so that no style of theirs is ever taken for ours.
  return { render, styles: stylesIn(render(blank(app))), mayBeOwn: app.templates.folders.length > 0 }
}

function blank({ appName, branding }: AppConfig): RequestPageValues {
  const { logoUrl = '', color, textOnColor } = branding
  const texts = { email: '', confirmAction: '', place: '', waiting: '', invited: '' }
  return { appName, logoUrl, color, textOnColor, ...texts, answers: [] }
}

/** What the page says of where a request stands. */
export function requestPageValues(
  app: AppConfig,
  { email, state, position, answers }: RequestStanding,
  confirmUrl: string,
): RequestPageValues {
  return {
    ...blank(app),
    email,
    confirmAction: state === 'unconfirmed' ? confirmUrl : '',
    answers: state === 'unconfirmed' ? answers : [],
    place: position === undefined ? '' : String(position),
    waiting: state === 'waiting' ? 'yes' : '',
    invited: state === 'invited' ? 'yes' : '',
  }
}
