// The options of `createInvites`, as a host writes them.
import type { InviteStore } from './store.js'
import type { Actor, Mode, QuotaRuleInput } from './types.js'
import type { WebhookType } from './webhook-types.js'

/** What is mailed. `to` is one plain address. */
export interface MailMessage {
  /** The app's `from`, as it was given. */
  readonly from: string
  /** The invitee's address as it was given, never a list (RFC 5321, 4.1.2). */
  readonly to: string
  /** One line, without control characters. */
  readonly subject: string
  /** The mail for readers without HTML. */
  readonly text: string
  /** A whole HTML document. */
  readonly html: string
  /** The same for every try of one mail, so that a repeated one can be told. */
  readonly messageId: string
  /**
   * `Auto-Submitted`, so that nobody's vacation answers (RFC 3834); `List-Unsubscribe` and `List-Unsubscribe-Post`, so
   * that mail programs have a button for no more mail (RFC 8058).
   */
  readonly headers: Readonly<Record<string, string>>
}

/** Anything with nodemailer's `sendMail`. It rejects where the mail was not taken. */
export interface Mailer {
  /** Resolves once the mail server took the mail. A rejection with nodemailer's `responseCode` of 5xx is final. */
  sendMail(message: MailMessage): Promise<unknown>
}

/** The look of mails, without templates of one's own. An app's fields come before the install's. */
export interface Branding {
  /** An absolute URL of a picture, shown 40 pixels high in place of the app's name. */
  readonly logoUrl?: string | undefined
  /** Of the button: `#` and six hexadecimal digits. Default: `#4338ca`. */
  readonly color?: string | undefined
  /** Under every mail, such as a postal address: up to 500 characters, line breaks kept. Default: nothing. */
  readonly footer?: string | undefined
}

/**
 * A Handlebars helper. It is given the values of its call and, last, the options that Handlebars adds; what it returns
 * is escaped where the output is HTML.
 */
// biome-ignore lint/suspicious/noExplicitAny: a template passes whatever it likes
export type TemplateHelper = (this: any, ...values: any[]) => unknown

/** Templates of the host's own, and what they may do. */
export interface TemplateOptions {
  /** A folder laid out like the package's `templates/`; each file in it is used instead of ours of that name. */
  readonly folder?: string | undefined
  /** Handlebars helpers, by the name that templates call them by. */
  readonly helpers?: Readonly<Record<string, TemplateHelper>> | undefined
  /**
   * Whether HTML templates may write values raw, `{{{so}}}`, and put any value into a link, style, script or unquoted
   * attribute. Without it, what a helper of the host's returns may stand there, and no other text. Whoever allows it answers
   * for every value: names and messages are written by strangers. Default: false.
   */
  readonly allowRaw?: boolean | undefined
}

/** What is asked of who asks for access. */
export interface RequestQuestion {
  /** The question, as supervisors read it. */
  readonly label: string
  /** Whether it must be answered. Default: false. */
  readonly required?: boolean | undefined
  /** How many characters an answer may have, up to 2000. Default: 500. */
  readonly maxLength?: number | undefined
  /** All answers that there are. Default: any text. */
  readonly options?: readonly string[] | undefined
}

/** Where webhooks go. They are signed and sent as Standard Webhooks has it: https://www.standardwebhooks.com */
export interface WebhookEndpoint {
  /** What they are posted to. Plain http only to this very machine, or you are warned. */
  readonly url: string
  /**
   * What they are signed with: `whsec_` and 24 to 64 random bytes in base64. A list, newest first, signs with each, so
   * that the receiver can go over to a new one.
   */
  readonly secret: string | readonly string[]
  /** What to tell. Default: everything. */
  readonly events?: readonly WebhookType[] | undefined
  /**
   * Names it in the database: up to 64 letters, digits, `_` and `-`. What waits is for that name, so give one where the
   * URL may change. Default: made from the URL.
   */
  readonly id?: string | undefined
}

/** What may differ between the apps of one install. */
export interface AppOptions {
  /** The app's name, as mails and pages show it. Default: the host name of `signupUrl`. */
  readonly appName?: string | undefined
  /** Where the host's signup page is. */
  readonly signupUrl?: string | undefined
  /** The sender of mails: `Acme <hello@acme.dev>`. Required with a mailer. */
  readonly from?: string | undefined
  /** The language of mails to invitees who have no `locale` of their own. Default: `en`. */
  readonly locale?: string | undefined
  /** The look of mails. Default: the name in place of a logo, and a colour of ours. */
  readonly branding?: Branding | undefined
  /** Templates of the host's own: a folder, or more. An app's come before the install's. Default: ours. */
  readonly templates?: string | TemplateOptions | undefined
  /** The mode before anybody has switched it. Default: `invite-only`. A stored one wins. */
  readonly mode?: Mode | undefined
  /**
   * How many may join by invite, in all, before anybody has changed it; `null`: any number. Default: `null`. A stored one
   * wins. Nobody is counted who joins without an invite in mode `open`.
   */
  readonly seats?: number | null | undefined
  /**
   * How many invites each member may send, before anybody has changed it: a number, `null` for any number, or with
   * refills as {@link QuotaRuleInput} has them. Each account that an invite may make counts as one. Default: 0, so that
   * supervisors alone invite. A stored one wins.
   */
  readonly quota?: number | null | QuotaRuleInput | undefined
  /**
   * What is asked of who asks for access in mode `waitlist`, by the names that the answers have: up to 20, whose answers
   * are texts, at most 4 kB together. Default: nothing.
   */
  readonly requestQuestions?: Readonly<Record<string, RequestQuestion>> | undefined
  /** The term of an invite, in ms; `null`: it never expires. Default: 7 days. */
  readonly ttlMs?: number | null | undefined
  /** Who is told by HTTP of what happens: one endpoint, or several. An app's come instead of the install's. Default: nobody. */
  readonly webhooks?: WebhookEndpoint | readonly WebhookEndpoint[] | undefined
}

/** How many wrong made-up codes are looked up, while `limits.wrongCodes.windowMs` lasts, before clients are told apart. */
export interface HumanCodeLimits {
  /** In one app. Default: 100. */
  readonly perApp?: number | undefined
  /** In all apps together. Default: 1000. */
  readonly overall?: number | undefined
}

/** So many in so much time. */
export interface MailLimit {
  /** How many mails, 1 or more. */
  readonly limit: number
  /** In how much time, in ms; it begins with the first of them. */
  readonly windowMs: number
}

/** How many invites may be mailed, sent again included; lists aside, which `perHour` spreads. What is absent is unlimited. */
export interface MailLimits {
  /** To one address, of all apps. */
  readonly perRecipient?: MailLimit | undefined
  /** In one inviter's name, in one app. */
  readonly perInviter?: MailLimit | undefined
  /** By one app. */
  readonly perApp?: MailLimit | undefined
  /** In all. */
  readonly overall?: MailLimit | undefined
}

/** What is counted, and how much of it is let through. */
export interface InviteLimits {
  /**
   * Wrong codes from one `req.ip`, after which it must wait; and as many wrong keys of apps, which are counted apart and
   * never cost the right one anything. Default: 100 in 15 minutes.
   */
  readonly wrongCodes?: InviteLimit | undefined
  /** Requests for access from one `req.ip`, after which it must wait. Default: 20 in 15 minutes. */
  readonly accessRequests?: InviteLimit | undefined
  /** Mails. Counted in the store, so by all processes together. Default: no limit. */
  readonly mails?: MailLimits | undefined
}

/** How much of something is let through. */
export interface InviteLimit {
  /** How many. Default: as {@link InviteLimits} has it. */
  readonly limit?: number | undefined
  /** For how long they count, in ms. Default: 15 minutes. */
  readonly windowMs?: number | undefined
  /** An express-rate-limit store with `get`, for several processes. Default: this process's memory. */
  readonly store?: unknown
}

/** What housekeeping keeps, and for how long. */
export interface PruneOptions {
  /** How long to keep what is over, in ms; a day at least. Default: 90 days. */
  readonly olderThanMs?: number | undefined
  /**
   * After how long the addresses of those who joined are forgotten, in ms, with all that their invites say of them; a day
   * at least. What is left can be counted. Default: they are kept.
   */
  readonly forgetAfterMs?: number | undefined
}

export interface InvitesOptions extends AppOptions {
  /** Where invites are kept: `sqliteStore(…)`, or a store of your own. */
  readonly store: InviteStore
  /** At least 32 characters. Seals codes at rest, signs cookies and mailed proofs. `[new, old]` to rotate. */
  readonly secret: string | readonly string[] | undefined
  /** Where `inviteRouter` is reachable from outside. Links in mail are built from it alone. */
  readonly baseUrl: string
  /** What sends the mail; without one, codes and links are passed on by hand. */
  readonly mailer?: Mailer | undefined
  /** Names an inviter by id or address and says what it may grant; `null` where it has no access (any more). */
  readonly findInviter?:
    | ((query: { readonly appId: string; readonly id?: string; readonly email?: string }) => Awaitable<Actor | null>)
    | undefined
  /** Several apps in one install, by id. Default: one app, `default`. */
  readonly apps?: Readonly<Record<string, AppOptions>> | undefined
  /** All roles there are. Default: any of 1 to 64 letters, digits and `. _ : -`. */
  readonly roles?: readonly string[] | undefined
  /** How long a use is held while the account is being made, in ms. Default: 2 minutes. */
  readonly claimTtlMs?: number | undefined
  /** Whether this process delivers mail and webhooks. Default: true. */
  readonly deliver?: boolean | undefined
  /**
   * How long what is over is kept: what `invites.prune()` does unless it is told otherwise. Where it is given, `{}` too,
   * processes that deliver mail, or would if there were a mailer, prune by themselves when they start and once a day.
   * Default: nothing is removed unless `prune` is called.
   */
  readonly retention?: PruneOptions | undefined
  /**
   * Whether supervisors may make codes up, such as `LAUNCH-2026`, with `customCode`. They can be guessed, so each that is
   * wrong counts for its client, its app and all apps together; where one of the latter is spent, an event `guessing`
   * tells, and a client that has guessed wrong once may try no other made-up code for the rest of the time. Whoever has
   * a code that is right gets in all the same. Default: false; codes that were made up are good for nobody then.
   */
  readonly humanCodes?: boolean | HumanCodeLimits | undefined
  /** Limits on guessing, and on mails. Default: those of {@link InviteLimits}. */
  readonly limits?: InviteLimits | undefined
  /** The domain of the join cookie, where the signup page and `baseUrl` are on different hosts of one domain. */
  readonly cookie?:
    | {
        /** Such as `example.com`, for `www.` and `api.example.com`. Default: the host of `baseUrl` alone. */
        readonly domain?: string | undefined
      }
    | undefined
  /** The time, in ms since 1970. Default: `Date.now`. For tests. */
  readonly clock?: (() => number) | undefined
}

/** What may be returned at once or promised. */
export type Awaitable<T> = T | Promise<T>
