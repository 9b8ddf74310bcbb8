// Trying to sign up through a Passport strategy: its verify callback is called as if a provider had sent somebody back.
import express, { type Request } from 'express'
import { type Answer, excerpt, failure } from './answer.js'
import type { SignupTry, StrategyDoor } from './doors.js'
import { serve } from './serve.js'
import { uniquely } from './unique.js'

type Verify = (...values: unknown[]) => unknown

interface Callback {
  readonly verify: Verify
  readonly takesRequest: boolean
  /** What the strategy gives between `req` and `done`. */
  values(profile: unknown): readonly unknown[]
}

/** Whether the strategy's callback can be found. @throws TypeError where not. */
export function checkCallback(at: string, { strategy }: StrategyDoor): void {
  if (verifyOf(strategy) !== undefined) return
  throw new TypeError(
    `selfTest: ${at}.strategy has no verify callback that can be called. Pass the callback itself, or declare this door by \`try\`.`,
  )
}

/** With a real request, which carries the code as a link would. */
export async function knockAtStrategy(door: StrategyDoor, signup: SignupTry, signal: AbortSignal): Promise<Answer> {
  const { profile, values } = door
  const callback = callbackOf(door.strategy)
  const who = typeof profile === 'function' ? await profile(signup) : uniquely(profile, signup.unique)
  const given = await (values === undefined ? callback.values(who) : values(signup))
  let answer: Answer = { kind: 'answered' }
  const app = express()
  app.use((req, res) => {
    if (isTyped(who)) req.body = { ...who, inviteCode: signup.inviteCode }
    void verified(callback, req, given).then((verdict) => {
      answer = verdict
      res.status(204).end()
    })
  })
  const { url, close } = await serve(app)
  try {
    const query = new URLSearchParams(signup.inviteCode === undefined ? {} : { inviteCode: signup.inviteCode })
    await fetch(`${url}/callback?${query}`, { signal })
    return answer
  } finally {
    await close()
  }
}

function verified({ verify, takesRequest }: Callback, req: Request, values: readonly unknown[]): Promise<Answer> {
  return new Promise<Answer>((resolve) => {
    const done = (error: unknown, user?: unknown, info?: { readonly message?: unknown } | null) => {
      if (error) return resolve(failure(error))
      const text = info?.message === undefined ? undefined : excerpt(String(info.message))
      resolve({ kind: 'answered', says: user ? 'in' : 'out', text })
    }
    const result = (async () => verify(...(takesRequest ? [req] : []), ...values, done))()
    result.catch((error: unknown) => resolve(failure(error)))
  })
}

function verifyOf(strategy: object): Verify | undefined {
  const { _verify, _signonVerify } = strategy as { readonly _verify?: unknown; readonly _signonVerify?: unknown }
  const found = [strategy, _verify, _signonVerify].find((each) => typeof each === 'function') // passport-saml's is last
  return found as Verify | undefined
}

function callbackOf(strategy: object): Callback {
  const verify = verifyOf(strategy) as Verify
  const { name, _passReqToCallback } = strategy as { readonly name?: unknown; readonly _passReqToCallback?: unknown }
  const takesRequest = typeof strategy === 'function' || Boolean(_passReqToCallback)
  const arity = verify.length - (takesRequest ? 1 : 0)
  const isSaml = Object.hasOwn(strategy, '_signonVerify')
  return {
    verify,
    takesRequest,
    values(profile) {
      if (isTyped(profile)) return [profile.username, profile.password]
      if (isSaml || typeof Object(profile).claims === 'function') return [profile] // openid-client gives its tokens
      if (name === 'openidconnect') return openIdConnectValues(profile, arity)
      return arity === 5 ? ['access', 'refresh', {}, profile] : ['access', 'refresh', profile]
    },
  }
}

function isTyped(profile: unknown): profile is { readonly username: string; readonly password: string } {
  const { username, password } = Object(profile)
  return typeof username === 'string' && typeof password === 'string'
}

/** As passport-openidconnect gives them, by how many parameters the callback has (lib/strategy.js). */
function openIdConnectValues(profile: unknown, arity: number): readonly unknown[] {
  const issuer = 'https://provider.example'
  const { id, emails, _json } = Object(profile)
  const [address] = Array.isArray(emails) ? emails : []
  const claims = { iss: issuer, sub: id, email: address?.value, email_verified: address?.verified, ..._json }
  const idToken = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`
  const values = [issuer, profile, {}, idToken, 'access', 'refresh', {}]
  if (arity === 9) return [issuer, profile, ...values.slice(1)]
  return values.slice(0, [4, 5, 7, 8].includes(arity) ? arity - 1 : 2)
}
