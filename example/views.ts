// The host's pages. Invites have none here: the dashboard is the library's.
import type { InvitePreview, Mode } from 'express-invite-only'
import Handlebars from 'handlebars'
import type { Email } from 'postal-mime'
import type { User } from './users.js'

const escapeHtml = (value: unknown) => Handlebars.escapeExpression(String(value ?? ''))

function page(title: string, user: User | undefined, body: string): string {
  const session = user
    ? `<span>${escapeHtml(user.email)}</span><form method="post" action="/logout"><button class="link">Sign out</button></form>`
    : '<a href="/login">Sign in</a> <a href="/signup">Sign up</a>'
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Orchard</title><link rel="stylesheet" href="/style.css"></head>
<body><header><a class="brand" href="/">Orchard</a><nav>${user ? '<a href="/admin/invites">Invites</a>' : ''}
<a href="/inbox">Inbox</a> ${session}</nav></header><main>${body}</main></body></html>`
}

export function homePage(user: User | undefined): string {
  return page(
    'Welcome',
    user,
    `<h1>Orchard</h1><p>An example of an app that only invited people can join.</p>
<ol><li>Sign in as the supervisor and <a href="/admin/invites">send an invite</a>.</li>
<li>Read its mail in the <a href="/inbox">inbox</a> and follow the link.</li>
<li>Sign up, with a password or with Example ID. Then try the same code again, or another address.</li>
<li>As the new member, <a href="/admin/invites">invite others</a>: you have five invites.</li></ol>`,
  )
}

export const TAKEN = 'This address has an account already. Sign in with its password instead.'

const exampleIdLink = '<p class="or">or <a class="button" href="/login/example-id">Sign in with Example ID</a></p>'

const exampleIdForm = (inviteCode: string | undefined) => `<h2>or with Example ID</h2>
<form method="post" action="/login/example-id">
<label>Code of your invite<input name="inviteCode" value="${escapeHtml(inviteCode)}" autocomplete="off" spellcheck="false"></label>
<button>Sign in with Example ID</button></form>`

const askForm = `<h2>No invite yet?</h2>
<form method="post" action="/ask">
<label>Mail me at<input name="email" type="email" required></label>
<label>What would you like to grow?<input name="plan" maxlength="200"></label>
<button>Ask for access</button></form>`

export interface SignupForm {
  /** Whom the app lets in. */
  readonly mode: Mode
  readonly invite?: InvitePreview | undefined
  readonly email?: string
  readonly inviteCode?: string
  readonly error?: string
}

const welcomes: Readonly<Record<Mode, string>> = {
  'invite-only': 'Orchard is open to invited people only. Follow the link in your invite, or type its code.',
  waitlist: 'Orchard is open to invited people first. Follow the link in your invite, or type its code.',
  open: 'Everybody is welcome. If you have an invite, follow its link or type its code.',
  closed: 'Orchard takes nobody in at the moment.',
}

export function signupPage({ mode, invite, email, inviteCode, error }: SignupForm): string {
  const greeting = invite
    ? `<p class="note">You are invited to ${escapeHtml(invite.appName)}${invite.inviter?.name ? ` by ${escapeHtml(invite.inviter.name)}` : ''}. Your invite is attached: choose a password, or sign in with Example ID, and you are in.</p>`
    : `<p>${welcomes[mode]}</p>`
  const code = invite
    ? ''
    : `<label>Invite code<input name="inviteCode" value="${escapeHtml(inviteCode)}" autocomplete="off" spellcheck="false"></label>`
  return page(
    'Sign up',
    undefined,
    `<h1>Sign up</h1>${greeting}${error ? `<p class="error" role="alert">${escapeHtml(error)}</p>` : ''}
<form method="post" action="/signup">
<label>E-mail address<input name="email" type="email" value="${escapeHtml(email ?? invite?.email)}" required></label>
<label>Password<input name="password" type="password" minlength="8" autocomplete="new-password" required></label>
${code}<button>Sign up</button></form>${invite ? exampleIdLink : exampleIdForm(inviteCode)}${mode === 'waitlist' && !invite ? askForm : ''}`,
  )
}

export function loginPage({ error, note }: { readonly error?: string; readonly note?: string } = {}): string {
  return page(
    'Sign in',
    undefined,
    `<h1>Sign in</h1>${error ? `<p class="error" role="alert">${escapeHtml(error)}</p>` : ''}${note ? `<p class="note" role="status">${escapeHtml(note)}</p>` : ''}
<form method="post" action="/login"><label>E-mail address<input name="email" type="email" required></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label><button>Sign in</button></form>${exampleIdLink}`,
  )
}

export function memberPage(user: User): string {
  const invitedBy = user.invitedBy ? ` You were invited by ${escapeHtml(user.invitedBy)}.` : ''
  return page(
    'Members',
    user,
    `<h1>You are in</h1><p>Welcome, <strong>${escapeHtml(user.email)}</strong>.${invitedBy}</p>
<p><a class="button" href="/admin/invites">Invite others</a></p>`,
  )
}

export function inboxPage(user: User | undefined, mails: readonly Email[]): string {
  const rows = mails.map(
    (mail, index) =>
      `<li><a href="/inbox/${mails.length - index}">${escapeHtml(mail.subject)}</a> <span>to ${escapeHtml(mail.to?.[0]?.address)}</span></li>`,
  )
  const list =
    rows.length > 0 ? `<ul class="mails">${rows.join('')}</ul>` : '<p>No mail yet. Reload after sending an invite.</p>'
  return page('Inbox', user, `<h1>Inbox</h1><p>Every mail that this app has sent since it was started.</p>${list}`)
}

export function mailPage(user: User | undefined, mail: Email): string {
  const html = `<base target="_top">${mail.html ?? ''}`
  return page(
    mail.subject ?? 'Mail',
    user,
    `<p><a href="/inbox">Inbox</a></p><h1>${escapeHtml(mail.subject)}</h1>
<dl><dt>From</dt><dd>${escapeHtml(mail.from?.name)} &lt;${escapeHtml(mail.from?.address)}&gt;</dd><dt>To</dt><dd>${escapeHtml(mail.to?.[0]?.address)}</dd></dl>
<iframe title="The mail" sandbox="allow-top-navigation-by-user-activation" srcdoc="${escapeHtml(html)}"></iframe>
<details><summary>Plain text</summary><pre>${escapeHtml(mail.text)}</pre></details>`,
  )
}

export function messagePage(title: string, detail: string): string {
  return page(title, undefined, `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(detail)}</p><p><a href="/">Home</a></p>`)
}

export const stylesheet = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; background: light-dark(#fafaf7, #171916); color: light-dark(#1f2a1c, #e6eae2); }
header, main { max-width: 680px; margin: 0 auto; padding: 16px; }
header, nav { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; }
header { justify-content: space-between; }
.brand { font-weight: 700; font-size: 18px; text-decoration: none; }
a { color: light-dark(#2f6b1f, #9bd487); }
form { display: grid; gap: 14px; max-width: 420px; }
header form { display: inline; }
label { display: grid; gap: 4px; font-weight: 600; }
input { font: inherit; font-weight: 400; padding: 9px 11px; border: 1px solid light-dark(#b9c2b3, #4b5346); border-radius: 8px; }
button { font: inherit; font-weight: 600; padding: 10px 16px; border: 0; border-radius: 8px; background: #2f6b1f; color: #fff; cursor: pointer; }
.or { display: flex; flex-wrap: wrap; gap: 12px; align-items: center; }
.button { padding: 9px 15px; border: 1px solid light-dark(#b9c2b3, #4b5346); border-radius: 8px; font-weight: 600; text-decoration: none; }
button.link { padding: 0; background: none; color: inherit; text-decoration: underline; font-weight: 400; }
.error { padding: 10px 14px; border-radius: 8px; background: light-dark(#fdecea, #4a1d19); color: light-dark(#8c1d13, #ffc9c3); }
.note { padding: 10px 14px; border-radius: 8px; background: light-dark(#eaf5e5, #22361c); }
.mails { padding: 0; list-style: none; } .mails li { padding: 10px 0; border-bottom: 1px solid light-dark(#e0e4dc, #31372d); }
iframe { width: 100%; height: 640px; border: 1px solid light-dark(#e0e4dc, #31372d); border-radius: 8px; background: #fff; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 12px; } dd { margin: 0; }
`
