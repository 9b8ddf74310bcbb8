// The page for somebody who was refused: its template, and what that is told.
import type { AppConfig } from './app-config.js'
import { checkBranding } from './branding.js'
import type { InviteError } from './errors.js'
import { refusalWords, waitingTime } from './refusal-words.js'
import type { Shape } from './templates/shape.js'
import { openTemplates, type Render, stylesIn } from './templates/templates.js'

/** What the template of the refusal page, `pages/refused.html.hbs`, may use. What may be missing is empty. */
export interface RefusalPageValues {
  /** The app's; empty where it is not known which of several is meant. */
  readonly appName: string
  /** The picture in place of the name; empty where there is none. */
  readonly logoUrl: string
  /** Of the button, as `#4338ca`. */
  readonly color: string
  /** What can be read on `color`: black or white. */
  readonly textOnColor: string
  /** The HTTP status. */
  readonly status: number
  /** Why, as `InviteError` has it; `welcome` on the way to the signup page with a code that was pasted. */
  readonly code: string
  /** What happened, in a few words. */
  readonly headline: string
  /** What happened, in a sentence; empty where `codeError` tells it. */
  readonly detail: string
  /** `You can try again in 12 minutes.`; empty where there is nothing to wait for. */
  readonly wait: string
  /** What was wrong with the fields of the form, if that is why. */
  readonly errors: readonly RefusedField[]
  /** Where the form with the field `inviteCode` posts to; empty where another code would not help. */
  readonly joinAction: string
  /** Names that field. */
  readonly codeLabel: string
  /** What was pasted and does not work; may be empty. */
  readonly typed: string
  /** What is wrong with it; empty where none was. */
  readonly codeError: string
  /** The first way forward, where there is no form: a link like a button; its `href` is empty where there is none. */
  readonly main: RefusalLink
  /** The other ways forward. */
  readonly ways: readonly RefusalLink[]
}

/** A field that was refused. */
export interface RefusedField {
  /** Its name, such as `email`. */
  readonly field: string
  /** What was wrong, and what would be right. */
  readonly detail: string
}

/** A way forward from a refusal. */
export interface RefusalLink {
  /** What leads up to it, such as `Do you have an account?`; may be empty. */
  readonly question: string
  /** What the link says; empty where there is only the question. */
  readonly label: string
  /** Where it leads. */
  readonly href: string
}

const linkShape: Shape<RefusalLink> = { question: 'text', label: 'text', href: 'url' }
const shape: Shape<RefusalPageValues> = {
  appName: 'text',
  logoUrl: 'url',
  color: 'color',
  textOnColor: 'color',
  status: 'text',
  code: 'text',
  headline: 'text',
  detail: 'text',
  wait: 'text',
  errors: [{ field: 'text', detail: 'text' }],
  joinAction: 'url',
  codeLabel: 'text',
  typed: 'text',
  codeError: 'text',
  main: linkShape,
  ways: [linkShape],
}

const NONE: RefusalLink = { question: '', label: '', href: '' }

/** The page of one app, ready to be filled in. */
export interface RefusalPage {
  readonly render: Render<RefusalPageValues>
  /** The style sheets in it, the same for every refusal. */
  readonly styles: readonly string[]
  /** Whether the host has templates of its own, which may load what is at its site. */
  readonly mayBeOwn: boolean
}

/** Without an app, our own. @throws TypeError where the template does not compile, or uses what is not there. */
export function loadRefusalPage(app: AppConfig | undefined): RefusalPage {
  const templates = openTemplates(app?.templates ?? { folders: [], helpers: {}, allowRaw: false })
  const render = templates.load('pages/refused.html.hbs', shape)
  // Without anything that strangers write, so that no style of theirs is ever taken for ours.
  const sample = render(blank(app))
  return { render, styles: stylesIn(sample), mayBeOwn: app !== undefined && app.templates.folders.length > 0 }
}

function blank(app: AppConfig | undefined): RefusalPageValues {
  const { logoUrl = '', color, textOnColor } = app?.branding ?? checkBranding()
  const brand = { appName: app?.appName ?? '', logoUrl, color, textOnColor }
  const texts = {
    code: '',
    headline: '',
    detail: '',
    wait: '',
    joinAction: '',
    codeLabel: '',
    typed: '',
    codeError: '',
  }
  return { ...brand, ...texts, status: 403, errors: [], main: NONE, ways: [] }
}

/** Where the ways forward lead; those of the host that are missing are not shown. */
export interface RefusalLinks {
  readonly joinAction?: string | undefined
  readonly signup?: string | undefined
  readonly ask?: string | undefined
  readonly signIn?: string | undefined
}

/** What the page says of this failure. `typed` is there where it answers what was pasted into such a page. */
export function refusalValues(
  app: AppConfig | undefined,
  error: InviteError,
  detail: string,
  links: RefusalLinks,
  typed: string | undefined,
): RefusalPageValues {
  const { headline, codeLabel = '', ways = {}, askHint } = refusalWords[error.code]
  const joinAction = codeLabel === '' ? '' : (links.joinAction ?? '')
  const isWrongCode = typed !== undefined && joinAction !== ''
  const shown: RefusalLink[] = []
  for (const [name, [question, label]] of Object.entries(ways) as [keyof typeof ways, readonly [string, string]][]) {
    const href = links[name]
    if (href !== undefined) shown.push({ question, label, href })
    else if (name === 'ask' && askHint !== undefined) shown.push({ ...NONE, question: askHint })
  }
  const [first = NONE] = shown
  const isMain = joinAction === '' && first.question === ''
  return {
    ...blank(app),
    status: error.status,
    code: error.code,
    headline,
    detail: isWrongCode ? '' : detail,
    wait: waitingTime(error.headers['Retry-After']),
    errors: (error.errors ?? []).map(({ pointer, detail }) => ({ field: fieldOf(pointer), detail })),
    joinAction,
    codeLabel,
    typed: typed ?? '',
    codeError: isWrongCode ? detail : '',
    main: isMain ? first : NONE,
    ways: isMain ? shown.slice(1) : shown,
  }
}

/** What the page says for a moment to somebody whose code is good. */
export function welcomeValues(app: AppConfig): RefusalPageValues {
  return {
    ...blank(app),
    status: 200,
    code: 'welcome',
    headline: 'Your invite works',
    detail: 'You are taken to the signup page.',
    main: { question: '', label: 'Go on', href: app.signupUrl },
  }
}

/** `email`, of `#/email`. */
function fieldOf(pointer: string): string {
  return pointer.replace(/^#\//, '').replaceAll('/', '.')
}
