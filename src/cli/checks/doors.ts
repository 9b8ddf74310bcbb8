// The check of the signup doors that the app's module declares, as `invites.selfTest` tries them.
import { type DoorReport, headOf, type SelfTestReport } from '../../self-test-report.js'
import type { Install } from '../install.js'
import { count } from '../text.js'
import { type Finding, failed, ok, skipped } from './check.js'

/** What tries the doors: the gate itself, which is of HTTP, as the app's module hands it over. */
interface SelfTesting {
  selfTest(app: unknown, options: { readonly doors: unknown; readonly appId: string }): Promise<SelfTestReport>
}

interface DoorFinding extends Finding {
  readonly check: string
  readonly readme: string
}

const named = { check: 'doors', readme: 'Test your doors' } as const

/** What keeps the doors from being tried; `undefined`: nothing. */
export function withoutDoors({ module }: Install): Finding | undefined {
  const { app, doors } = module ?? {}
  if (Array.isArray(doors) && doors.length > 0 && app !== undefined) return undefined
  const missing = ['app', 'doors'].filter((name) => Object(module)[name] === undefined)
  return failed(
    module === undefined ? 'are not known without the module of your app' : `it does not export ${missing.join(', ')}`,
    "Export your Express app and its ways to sign up beside `invites`: export const doors = [{ path: '/signup', body: { … } }].",
  )
}
