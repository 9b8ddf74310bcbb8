// The host app: its own users, sessions and pages. What makes it invite-only is marked with (gate).
import express, { type ErrorRequestHandler, type Express, type Request } from 'express'
import {
  type Actor,
  InviteError,
  type Invites,
  inviteDashboard,
  inviteRouter,
  previewInvite,
  requireInvite,
} from 'express-invite-only'
import session from 'express-session'
import passport from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'
import type { Email } from 'postal-mime'
import { addExampleId } from './example-id.js'
import type { Provider } from './provider.js'
import type { User, Users } from './users.js'
import * as views from './views.js'

export interface AppParts {
  readonly users: Users
  readonly invites: Invites
  /** Where people may sign in as well. */
  readonly provider: Provider
  readonly sessionSecret: string
  /** What the inbox page shows; absent where mail goes to a server elsewhere. */
  readonly mails: readonly Email[] | undefined
}

export function createApp({ users, invites, provider, sessionSecret, mails }: AppParts): Express {
  const app = express()
  app.use(express.urlencoded({ extended: false }))
  app.use(session({ secret: sessionSecret, resave: false, saveUninitialized: false, cookie: { sameSite: 'lax' } }))
  app.use(passport.session())

  passport.serializeUser((user, done) => done(null, (user as User).id))
  passport.deserializeUser<number>((id, done) => {
    users.byId(id).then((user) => done(null, user ?? false), done)
  })
  passport.use(
    'login',
    new LocalStrategy({ usernameField: 'email' }, (email, password, done) => {
      users.withPassword(email, password).then((user) => done(null, user ?? false), done)
    }),
  )
  passport.use(
    'signup',
    new LocalStrategy({ usernameField: 'email', passReqToCallback: true }, (req, email, password, done) => {
      // (gate) `add` makes the account and counts the invite in one transaction.
      const signUp = async () => {
        const address = req.invite?.email ?? email // the one that was judged: `emailVerified` is said of no other
        if (await users.byEmail(address)) return false
        return await users.add({ email: address, emailVerified: req.invite?.emailVerified, password }, req.invite)
      }
      signUp().then((user) => done(null, user), done)
    }),
  )

  // (gate) Who may manage invites: supervisors all of them, members those that they send, of which they have five.
  const authorize = ({ user }: Request): Actor | null => {
    if (user === undefined) return null
    const { id, email, supervisor } = user as User
    return supervisor ? { id, email, name: 'Sam Supervisor', access: 'supervisor' } : { id, email, access: 'member' }
  }
  app.use('/invites', inviteRouter(invites, { authorize }))
  app.use('/admin/invites', (req, res, next) => (req.user ? next() : res.redirect('/login')))
  app.use('/admin/invites', inviteDashboard(invites, { authorize }))

  app.get('/signup', async (req, res) => {
    const taken = req.query.taken === undefined ? {} : { error: views.TAKEN }
    const { mode } = await invites.settings()
    res.send(views.signupPage({ mode, invite: await previewInvite(invites, req), ...taken }))
  })
  app.post(
    '/signup',
    requireInvite(invites), // (gate)
    passport.authenticate('signup', { successRedirect: '/member', failureRedirect: '/signup?taken' }),
  )

  // (gate) In mode waitlist, whoever has no invite asks for one; supervisors approve on the dashboard.
  app.post('/ask', async (req, res) => {
    const { email, plan } = req.body as Record<string, string>
    await invites.requestAccess({ email: email ?? '', answers: plan ? { plan } : {} })
    res.send(views.messagePage('Look into your mail', 'Open the link in it, and you are on the waiting list.'))
  })

  app.get('/login', (_req, res) => void res.send(views.loginPage()))
  app.post('/login', (req, res, next) => {
    passport.authenticate('login', (error: unknown, user: User | false) => {
      if (error) return next(error)
      if (!user) return res.status(401).send(views.loginPage({ error: 'The address or the password is wrong.' }))
      req.login(user, (failed) =>
        failed ? next(failed) : res.redirect(user.supervisor ? '/admin/invites' : '/member'),
      )
    })(req, res, next)
  })
  addExampleId(app, { users, invites, provider })
  app.post('/logout', (req, res, next) => req.logout((error) => (error ? next(error) : res.redirect('/'))))

  app.get('/', (req, res) => void res.send(views.homePage(req.user as User | undefined)))
  app.get('/style.css', (_req, res) => void res.type('css').send(views.stylesheet))
  app.get('/member', (req, res) => (req.user ? res.send(views.memberPage(req.user as User)) : res.redirect('/login')))
  addInbox(app, mails)

  app.use((async (error, req, res, next) => {
    if (res.headersSent || !(error instanceof InviteError)) return next(error)
    // (gate) Whatever kept somebody out is told on the form, with what they had typed.
    const { email, inviteCode } = (req.body ?? {}) as Partial<Record<string, string>>
    const { mode } = error.status < 500 ? await invites.settings() : { mode: 'invite-only' as const }
    const why = error.expose ? error.message : 'Something went wrong. Try again in a moment.'
    res.status(error.status).set(error.headers)
    res.send(views.signupPage({ mode, error: why, ...(email && { email }), ...(inviteCode && { inviteCode }) }))
  }) satisfies ErrorRequestHandler)
  return app
}

function addInbox(app: Express, mails: readonly Email[] | undefined): void {
  app.get('/inbox', (req, res) => {
    if (mails) res.send(views.inboxPage(req.user as User | undefined, mails))
    else res.send(views.messagePage('Inbox', 'Mail goes to the server in SMTP_URL; read it there.'))
  })
  app.get('/inbox/:number', (req, res) => {
    const mail = mails?.[mails.length - Number(req.params.number)]
    if (mail) res.send(views.mailPage(req.user as User | undefined, mail))
    else res.status(404).send(views.messagePage('Inbox', 'There is no such mail.'))
  })
}
