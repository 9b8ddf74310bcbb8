// The host app in which the README's blocks are run: copied beside each, and imported by the preludes.
import Database from 'better-sqlite3'
import express from 'express'
import { type Claim, createInvites } from 'express-invite-only'
import { sqliteStore } from 'express-invite-only/adapters/sqlite'
import supertest from 'supertest'

export const secret = 'for the blocks of the README: 32 characters or more'
export const db = new Database('app.db')
export const store = sqliteStore(db)
await store.migrate()
export const invites = createInvites({
  store,
  secret,
  baseUrl: 'http://localhost/invites',
  signupUrl: 'http://localhost/signup',
})
export const app = express()
app.set('env', 'test') // or Express prints every error that no handler takes
export const request = supertest(app)

/** An invite with its code, sent by somebody named Me. */
export async function send(fields: Parameters<typeof invites.send>[0] = {}) {
  const invite = await invites.send(fields, { actor: { id: 'me', name: 'Me', access: 'supervisor' } })
  return { ...invite, inviteCode: invite.inviteCode ?? '' }
}

/** A use that is held. */
export async function claim(): Promise<Claim> {
  const { inviteCode } = await send()
  return await invites.claim({ inviteCode, email: false })
}

/** Has `res.render` answer with the values that the view was given, as JSON. */
export function renderAsJson(): void {
  app.engine('json', (_file, values, done) => done(null, JSON.stringify(values)))
  app.set('view engine', 'json')
  app.set('views', '.')
}
