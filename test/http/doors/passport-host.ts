// A Passport login in a host, as its README has it: a strategy, a session, and a custom callback that says why not.
import express, { type Request, type RequestHandler } from 'express'
import session from 'express-session'
import type { Strategy } from 'passport'
import passport from 'passport'
import type { Refusal } from '../../../src/index.js'
import type { Site, User } from './door-host.js'

/** Mounts `strategy` at `path`, /login, and has it called back under that. Not each has the types of Passport's that are installed here. */
export function mountPassport({ app }: Site, strategy: object, path = '/login'): (req: Request) => unknown {
  const login = new passport.Passport()
  login.use('door', strategy as Strategy)
  login.serializeUser((user, done) => done(null, (user as User).login))
  login.deserializeUser((id, done) => done(null, { login: id }))
  const enter: RequestHandler = (req, res, next) =>
    login.authenticate('door', (error: unknown, user: User | false | null, info?: Partial<Refusal>) => {
      if (error) return next(error)
      if (!user) return res.status(info?.status ?? 401).json(info)
      req.logIn(user, (failed) => (failed ? next(failed) : res.redirect('/')))
    })(req, res, next)
  app.use(session({ secret: 'cat', resave: false, saveUninitialized: false }), login.session())
  app.use(express.urlencoded({ extended: true }))
  app.all(path, enter)
  app.all(`${path}/callback`, enter)
  return (req) => (req.user as User | undefined)?.login
}
