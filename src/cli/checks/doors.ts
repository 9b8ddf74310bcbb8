// The check of the ways to sign up that the app's module declares, each tried by `invites.selfTest`.
import { type DoorReport, type DoorTry, faultIn, faultsOf, type SelfTestReport } from '../../self-test-report.js'
import { messageOf } from '../failures.js'
import type { Install } from '../install.js'
import { count } from '../text.js'
import { type Finding, failed, ok, type Subject, skipped } from './check.js'

/** What `createInvites` returns can do beyond the core, as far as it is needed here. */
interface SelfTesting {
  selfTest(app: unknown, options: { readonly doors: unknown; readonly appId: string }): Promise<SelfTestReport>
}

interface DoorFinding extends Finding {
  readonly check: string
  readonly readme: string
  readonly tries?: readonly DoorTry[]
}

const README = 'Test your doors'
const DECLARE =
  "Export your Express app and its ways to sign up beside `invites`: export const doors = [{ path: '/signup', body: { … } }]."

/** Whether there is anything to ask leave for. */
export function canTryDoors(opened: Subject['opened']): opened is Install {
  return !('failure' in opened) && missingIn(opened).length === 0
}

/** A finding for each door; where they are not tried, one that says so, or none where there are none. */
export async function tryDoors(
  opened: Subject['opened'],
  { asked, isDown }: { readonly asked: boolean; readonly isDown: boolean },
): Promise<readonly DoorFinding[]> {
  const all = (finding: Finding) => [{ check: 'doors', readme: README, ...finding }]
  if ('failure' in opened) return asked ? all(skipped('not tried: the configuration does not load')) : []
  const missing = missingIn(opened)
  if (!asked) {
    const declared = `${opened.origin} declares ${count(declaredBy(opened), 'door')}`
    return missing.length > 0 ? [] : all(skipped(`${declared}, which --doors tries; that makes accounts`))
  }
  if (opened.module === undefined) return all(failed('are not known without the module of your app', DECLARE))
  if (missing.length > 0) return all(failed(`${opened.origin} exports no ${missing.join(' and no ')}`, DECLARE))
  if (isDown) return all(skipped('not tried: the database cannot be used'))
  try {
    const { app, doors, invites } = opened.module
    const report = await (invites as unknown as SelfTesting).selfTest(app, { doors, ...opened.scope })
    if (report.doors.length > 0) return report.doors.map(found)
    return all(failed(report.table, 'Switch it for the test: express-invite-only mode invite-only'))
  } catch (error) {
    return all(failed(messageOf(error), 'Mend what your module exports as `doors`.'))
  }
}

function declaredBy({ module }: Install): number {
  return Array.isArray(module?.doors) ? module.doors.length : 0
}

function missingIn(install: Install): readonly string[] {
  const isThere = { app: install.module?.app !== undefined, doors: declaredBy(install) > 0 }
  return (['app', 'doors'] as const).filter((name) => !isThere[name])
}

function found(door: DoorReport): DoorFinding {
  const faults = faultsOf(door)
  const finding = door.stood
    ? ok('let in with a good invite, once, and nobody else')
    : failed(faults.map(faultIn).join('; '), faults.map(({ cure }) => cure).join(' '))
  return { check: door.name, readme: README, ...finding, tries: door.tries }
}
