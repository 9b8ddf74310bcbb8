// A host app in this process, and the program run beside it on the same SQLite file, or with the module of an app.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { temporaryFolder } from '../support/cleanup.js'
import { type Host, openHost, SECRET } from '../support/host.js'
import { makeProject } from '../support/project.js'
import { type Ended, known, runProgram } from './program.js'

interface Folder {
  readonly host: Host
  run(command: string, env?: Readonly<Record<string, string>>): Promise<Ended>
  /** What the command answers with `--json`, having gone well and said nothing else. */
  json<Answer>(command: string): Promise<Answer>
}

/** An app with its database in a folder, and the program run in that folder. */
export async function openFolder(): Promise<Folder> {
  const cwd = temporaryFolder()
  const run = (command: string, env: Readonly<Record<string, string>> = known) =>
    runProgram(command, { cwd, env: { INVITE_DATABASE: 'app.db', ...env } })
  return {
    host: await openHost({ file: join(cwd, 'app.db'), invites: { clock: Date.now } }),
    run,
    async json(command) {
      const { code, stdout, stderr } = await run(`${command} --json`)
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      return JSON.parse(stdout)
    },
  }
}

interface Project {
  readonly cwd: string
  /** The app of this process, on the same database; its options are its own. */
  readonly host: Host
  run(command: string): Promise<Ended>
}

/** An app whose module passes `options` to createInvites. */
export async function openProject(options: string): Promise<Project> {
  const cwd = makeProject({ files: {} })
  writeFileSync(
    join(cwd, 'express-invite-only.config.mjs'),
    `
    import { createInvites } from 'express-invite-only'
    import { sqliteStore } from 'express-invite-only/adapters/sqlite'
    export const invites = createInvites({
      store: sqliteStore('app.db'),
      secret: '${SECRET}',
      baseUrl: 'https://acme.dev/invites',
      signupUrl: 'https://acme.dev/signup',
      from: 'Acme <hello@acme.dev>',
      ${options}
    })`,
  )
  const main = join(cwd, 'node_modules/express-invite-only/dist/src/cli/main.js')
  return {
    cwd,
    host: await openHost({ file: join(cwd, 'app.db'), invites: { clock: Date.now } }),
    run: (command) => runProgram(command, { cwd, main }),
  }
}
