// What only a request can show to be set up wrong. Each is told once, and changes nothing about the answer.
import type { Request } from 'express'
import type { Context } from '../context.js'
import { warnOnce } from '../warnings.js'

const formPostsExpected = new WeakMap<Context, Set<string>>()

/** Everything about the app that the request came through. */
export function warnOfApp(context: Context, req: Request): void {
  if (req.app.get('trust proxy') === true) {
    warnOnce(
      context,
      'INVITE_TRUST_PROXY',
      "app.set('trust proxy', true) lets every client choose its own req.ip, so nobody is ever throttled. " +
        'Set the number of proxies in front of the app instead.',
    )
  }
  // Express's own word for it, so that the host may have another than NODE_ENV's.
  if (context.config.isExposed && req.app.get('env') === 'production') {
    warnOnce(
      context,
      'INVITE_INSECURE_BASE_URL',
      `baseUrl is ${context.config.baseUrl} in production: invite links and their cookie travel unencrypted. ` +
        'Serve the app by https and say so in baseUrl.',
    )
  }
}

/** A key that everybody on its way could read. */
export function warnOfExposedKey(context: Context): void {
  if (!context.config.isExposed) return
  warnOnce(
    context,
    'INVITE_INSECURE_BASE_URL',
    `A key of an app came with a request, and baseUrl is ${context.config.baseUrl}: keys travel unencrypted. ` +
      'Serve the app by https and say so in baseUrl.',
  )
}

/** The gate on a route for reading. */
export function warnOfSafeMethod(context: Context, req: Request): void {
  if (req.method === 'OPTIONS' || req.method === 'TRACE') return
  warnOnce(
    context,
    'INVITE_GET_MOUNT',
    `requireInvite stands before ${routeOf(req)}, and lets nobody pass there: links and ` +
      'mail scanners must not use invites up. Mount it on the POST route that makes the account, and on no other.',
  )
}

/** A body that nobody parsed. Returns what to throw. */
export function missingBodyParser(context: Context, owner = 'requireInvite'): TypeError {
  const why =
    `${owner} found no req.body: mount a body parser before it, such as app.use(express.json()) or ` +
    'app.use(express.urlencoded()).'
  warnOnce(context, 'INVITE_NO_BODY_PARSER', why)
  return new TypeError(why)
}

/** A signup that named no address, though its invite is for one: perhaps the host's field has another name. */
export function warnOfNoAddress(context: Context): void {
  warnOnce(
    context,
    'INVITE_NO_ADDRESS',
    'A signup with an invite for one address named no address, and was refused. If your form has one under another name ' +
      'than `email`, say so: requireInvite(invites, { email: (req) => req.body.mail }), or email: false without addresses.',
  )
}

/** A login that a page of another site posted, with no invite: browsers hold the join cookie back there. */
export function warnOfFormPost(context: Context, req: Request, appId: string): void {
  if (req.method !== 'POST' || req.get('Sec-Fetch-Site') !== 'cross-site') return
  if (formPostsExpected.get(context)?.has(appId)) return // then they just had none
  warnOnce(
    context,
    'INVITE_FORM_POST',
    `A login came to ${routeOf(req)} from a form of another site, with neither a code nor a cookie, and was refused: ` +
      'browsers send no join cookie with it. If this provider answers by form POST (Apple, SAML), put ' +
      'carryInvite(invites, { formPost: true }) before the route that starts the login.',
  )
}

/** A login that is to come back by a form, and by nothing of its own. */
export function warnOfUnboundFormPost(context: Context, req: Request): void {
  warnOnce(
    context,
    'INVITE_FORM_POST',
    `The login that began at ${routeOf(req)} has neither a state nor a SAML request, so no invite went along with it: in ` +
      'a cookie that comes with the forms of other sites too, it would be anybody’s. Turn on `state` at the strategy.',
  )
}

/** Has logins by form POST without an invite taken for what they seem. */
export function expectFormPosts(context: Context, appId: string): void {
  formPostsExpected.set(context, (formPostsExpected.get(context) ?? new Set()).add(appId))
}

/** A redirect that says neither that it worked nor that it did not. */
export function warnOfRedirect(context: Context, req: Request): void {
  warnOnce(
    context,
    'INVITE_REDIRECT_COUNTED',
    `${routeOf(req)} answered with a redirect that may mean success or failure, and the use was counted. ` +
      'Call req.invite.accept({ userId }) where the account is made, or pass succeeded: (req, res) => boolean.',
  )
}

/** Where the request went, without what may be a code: a host may have put it into the path. */
function routeOf({ method, originalUrl }: Request): string {
  const [path = ''] = originalUrl.split('?')
  return `${method} ${path.replace(/[^/]{28,}/g, '…')}` // a code has 28 letters
}
