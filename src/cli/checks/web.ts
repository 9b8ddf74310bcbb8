// Checks of what invitees meet: the links, the signup page, the mails.
import { loadDashboard } from '../../dashboard-page.js'
import { createCompose } from '../../mail/message.js'
import { isExposed } from '../../option-checks.js'
import { messageOf } from '../failures.js'
import { count } from '../text.js'
import { type Check, type Finding, failed, ofInstall, ok, skipped } from './check.js'

const TIMEOUT_MS = 5000

export const baseUrl: Check = ofInstall({
  name: 'baseUrl',
  readme: 'Options of createInvites',
  async run({ context, knows }, { online }) {
    if (!knows.baseUrl) return skipped('not given: --base-url or INVITE_BASE_URL')
    const { baseUrl: url } = context.config
    if (context.config.isExposed) return failed(`${url} is plain http: codes can be read on the way`, 'Use https.')
    return online ? await ask(url) : ok(`${url} (--online asks it)`)
  },
})

export const signupUrl: Check = ofInstall({
  name: 'signupUrl',
  readme: 'Options of createInvites',
  async run({ context, scope, knows }, { online }) {
    if (!knows.signupUrl) return skipped('not given: --signup-url or INVITE_SIGNUP_URL, with the base URL')
    const { config } = context
    const url = config.apps.get(scope.appId)?.signupUrl ?? ''
    if (isExposed(new URL(url))) return failed(`${url} is plain http: passwords can be read on the way`, 'Use https.')
    const found = `${url}, which the join cookie reaches` // createInvites refuses any other
    return online ? await visit(url, found) : ok(found)
  },
})

export const templateFiles: Check = ofInstall({
  name: 'templates',
  readme: 'Send mail',
  run({ context, knows }) {
    if (!knows.mode) return skipped("your app's are not known without its module")
    const apps = [...context.config.apps.values()]
    try {
      for (const app of apps) {
        createCompose(context, app)
        loadDashboard(app)
      }
    } catch (error) {
      return failed('cannot be used', messageOf(error))
    }
    const own = apps.filter((app) => app.templates.folders.length > 0).length
    return ok(own === 0 ? 'ours are used' : `are good, in ${count(own, 'app')} with files of its own`)
  },
})

export const mailer: Check = ofInstall({
  name: 'mailer',
  readme: 'Send mail',
  async run({ context, knows }) {
    if (!knows.mode) return skipped("your app's is not known without its module")
    const found = context.config.mailer
    if (found === undefined) return skipped('there is none: codes and links are passed on by hand')
    const verify: unknown = Reflect.get(found, 'verify') // as nodemailer's transports have it
    if (typeof verify !== 'function') return skipped('has no verify() to ask')
    try {
      await within(TIMEOUT_MS, Promise.resolve(Reflect.apply(verify, found, [])))
      return ok('the mail server answers')
    } catch (error) {
      return failed(messageOf(error), 'Is the mail server up and reachable from here, and are its credentials right?')
    }
  },
})

/** Whether invitees find a page where the links lead. */
async function visit(url: string, found: string): Promise<Finding> {
  const cure = 'Is your app running, and is there a page (or a route that answers GET) where signupUrl says?'
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' })
    return status < 400 ? ok(found) : failed(`${url} answered ${status}`, cure)
  } catch (error) {
    return failed(`${url} did not answer: ${reasonOf(error)}`, cure)
  }
}

async function ask(url: string): Promise<Finding> {
  const address = `${url}/openapi.json`
  const cure = 'Is your app running, and is inviteRouter mounted where baseUrl says, as the outside sees it?'
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' })
    const body: unknown = await answer.json().catch(() => undefined)
    const isOurs = typeof body === 'object' && body !== null && 'openapi' in body
    if (answer.ok && isOurs) return ok(`${url} answers`)
    return failed(`${address} answered ${answer.status}${isOurs ? '' : ', not our description'}`, cure)
  } catch (error) {
    return failed(`${address} did not answer: ${reasonOf(error)}`, cure)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error)
}

async function within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the mail server did not answer within ${ms / 1000} seconds`)), ms)
  })
  return await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
