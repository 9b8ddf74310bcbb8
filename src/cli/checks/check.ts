// What a check of `doctor` is given, and what it may find.
import type { Install } from '../install.js'

export interface Subject {
  /** The install, or why it could not be opened. */
  readonly opened: Install | { readonly failure: unknown }
  /** Whether the network may be asked: `--online`. */
  readonly online: boolean
}

export interface Finding {
  readonly state: 'ok' | 'failed' | 'skipped'
  readonly detail: string
  /** What to do about it. */
  readonly cure?: string
}

export interface Check {
  readonly name: string
  /** The heading of the README that says more. */
  readonly readme: string
  /** What it throws counts as failed. */
  run(subject: Subject): Promise<Finding> | Finding
}

/** A check of the install itself, skipped where there is none. */
export interface InstallCheck extends Omit<Check, 'run'> {
  run(install: Install, subject: Subject): Promise<Finding> | Finding
}

export function ofInstall(check: InstallCheck): Check {
  return {
    ...check,
    run(subject) {
      const { opened } = subject
      return 'failure' in opened
        ? skipped('not looked at: the configuration does not load')
        : check.run(opened, subject)
    },
  }
}

export const ok = (detail: string): Finding => ({ state: 'ok', detail })
export const skipped = (detail: string): Finding => ({ state: 'skipped', detail })
export const failed = (detail: string, cure: string): Finding => ({ state: 'failed', detail, cure })
