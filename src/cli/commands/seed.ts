// `seed`: invites everybody on a list, of any length, as often as it is run.
import { createReadStream } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { type Command, InvalidArgumentError } from 'commander'
import type { FieldError } from '../../errors.js'
import { isPlainObject } from '../../input.js'
import { readList } from '../../lists/read.js'
import { columns, plain } from '../../plain-text.js'
import { type ListedRow, type SentMany, type SentRow, sendMany } from '../../use-cases/send-many.js'
import type { Cli } from '../cli.js'
import { readCount, readDuration } from '../durations.js'
import { CliError, exitCodes, messageOf } from '../failures.js'
import { startProgress } from '../progress.js'
import { examples, json } from '../text.js'

interface SeedOptions {
  readonly map?: Readonly<Record<string, string>>
  readonly ignoreColumns?: boolean
  readonly encoding?: string
  readonly role?: string
  readonly org?: string
  readonly message?: string
  readonly locale?: string
  readonly expiresIn?: number
  readonly mail: boolean
  readonly perHour?: number
  readonly dryRun?: boolean
  readonly errors?: string
  readonly report?: string
}

const MAX_TOLD = 20
const BLOCK_MS = 250 // nobody waits for this process but whoever looks at it

export function addSeed(program: Command, cli: Cli): void {
  program
    .command('seed')
    .description('invite everybody on a list, CSV or NDJSON; whoever is invited or has joined is skipped')
    .argument('<file>', 'the list, or - for standard input')
    .option('--map <field=column>', 'which column is a field, where its name does not say; again for each', readMap)
    .option('--ignore-columns', 'leave out the columns that are no field of an invite')
    .option('--encoding <name>', 'such as windows-1252 (default: UTF-8, or as its byte order mark says)')
    .option('--role <role>', 'for rows that say none')
    .option('--org <id>', 'likewise')
    .option('--message <text>', 'likewise')
    .option('--locale <tag>', 'likewise')
    .option('--expires-in <duration>', 'likewise: 30m, 12h, 7d or never, from when its mail is due', readDuration)
    .option('--no-mail', 'without mails')
    .option('--per-hour <number>', 'so many mails are due an hour (default: all at once)', readCount)
    .option('--dry-run', 'say what would become of each row, and change nothing')
    .option('--errors <file>', 'write the rows that are wrong to this file')
    .option('--report <file>', 'write what became of each row to this file, as NDJSON')
    .addHelpText('after', HELP)
    .action(async (file: string, options: SeedOptions) => seed(cli, file, options))
}

const HELP = `${examples('seed list.csv --dry-run', 'seed list.csv --map email=Mail --per-hour 500')}

Columns:
  email, role, orgId, inviterEmail, message, locale, expiresInMs, sendEmail, metadata.<name>;
  spaces, dashes and capitals do not count. A list of nothing but addresses needs no first line.

It may be stopped at any time. Run again, it goes on where it was.`

const NO_MAILER =
  'there is no mailer here. Name the module of your app, which has one: --config ./src/invites.js. Or say --no-mail, and ' +
  'pass the links on: `list --links`.'

async function seed(cli: Cli, file: string, options: SeedOptions): Promise<void> {
  const { dryRun = false, perHour, map, ignoreColumns, encoding } = options
  const { json: asJson = false } = cli.options()
  const source = await openList(file)
  const { context, scope } = await cli.open(dryRun ? [] : ['secret'])
  const mailsNobody = context.config.mailer === undefined && options.mail
  if (mailsNobody && perHour !== undefined) throw new CliError('config_invalid', `--per-hour: ${NO_MAILER}`)
  const outlets = await openOutlets(options, asJson)
  const stopping = new AbortController()
  const stop = () => stopping.abort()
  process.once('SIGINT', stop)
  const note = (text: string) => cli.note(text)
  const progress = await startProgress({ bytes: source.bytes, isTerminal: process.stderr.isTTY && !asJson, note })
  const onRows = async (rows: readonly SentRow[]) => {
    await outlets.add(rows)
    progress.add(rows.length, source.bytesRead())
  }
  try {
    const rows = withDefaults(readList(source.stream, { map, ignoreColumns, encoding }), options)
    const result = await sendMany(
      context,
      rows,
      { dryRun, perHour, signal: stopping.signal, onRows, blockMs: BLOCK_MS },
      scope,
    )
    progress.stop()
    outlets.tell()
    const stopped = stopping.signal.aborted
    await cli.answer({ ...result, stopped }, describe(result, stopped))
    // Once they are invited, a second run skips them: nobody would ever hear of it.
    if (mailsNobody && result.created > 0) note(dryRun ? NO_MAILER : `Nobody was mailed: ${NO_MAILER}`)
    if (stopped) cli.exitWith(exitCodes.stopped)
    else if (result.invalid > 0) cli.exitWith(exitCodes.failed)
  } catch (error) {
    progress.stop()
    outlets.tell()
    note(
      `Before that: ${outlets.created().toLocaleString('en-US')} ${dryRun ? 'would be made' : 'were made, and stay'}.`,
    )
    throw error
  } finally {
    process.off('SIGINT', stop)
    await outlets.close()
  }
}

async function openList(file: string): Promise<{ stream: Readable; bytes: number | undefined; bytesRead(): number }> {
  if (file === '-') return { stream: process.stdin, bytes: undefined, bytesRead: () => 0 }
  try {
    const { size } = await stat(file)
    const handle = await open(file)
    const stream = createReadStream(file, { fd: handle })
    return { stream, bytes: size, bytesRead: () => stream.bytesRead }
  } catch (error) {
    throw new CliError('usage_invalid', `The list cannot be opened: ${messageOf(error)}`, error)
  }
}

/** What rows do not say themselves. */
async function* withDefaults(lists: AsyncIterable<readonly ListedRow[]>, options: SeedOptions) {
  const { role, org, message, locale, expiresIn, mail } = options
  const given = {
    role,
    orgId: org,
    message,
    locale,
    expiresInMs: expiresIn === Number.POSITIVE_INFINITY ? null : expiresIn,
    sendEmail: mail ? undefined : false,
  }
  const defaults = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  for await (const rows of lists) {
    yield rows.map((row) =>
      'fields' in row && isPlainObject(row.fields) ? { ...row, fields: { ...defaults, ...row.fields } } : row,
    )
  }
}

/** Where the results of rows go: the first wrong ones to standard error, all of them to files. */
async function openOutlets({ errors, report }: SeedOptions, asJson: boolean) {
  const files = { errors: await create('--errors', errors), report: await create('--report', report) }
  const told: string[] = []
  let [wrong, created] = [0, 0]
  return {
    async add(rows: readonly SentRow[]): Promise<void> {
      const invalid = rows.filter(({ status }) => status === 'invalid')
      const lines = invalid.map((row) => (asJson ? json(row) : plain(`line ${row.line}: ${sentenceOf(row.errors)}`)))
      wrong += invalid.length
      created += rows.filter(({ status }) => status === 'created').length
      told.push(...lines.slice(0, MAX_TOLD - told.length))
      await files.errors?.write(lines.map((line) => `${line}\n`).join(''))
      await files.report?.write(rows.map((row) => `${json(row)}\n`).join(''))
    },
    created: () => created,
    tell(): void {
      if (files.errors !== undefined) return
      for (const line of told) process.stderr.write(`${line}\n`)
      const more = wrong - told.length
      if (more > 0 && !asJson) process.stderr.write(`… and ${more} more: --errors <file> keeps them all.\n`)
    },
    async close(): Promise<void> {
      for (const file of Object.values(files)) await file?.close()
    },
  }
}

async function create(flag: string, file: string | undefined): Promise<FileHandle | undefined> {
  try {
    return file === undefined ? undefined : await open(file, 'w')
  } catch (error) {
    throw new CliError('usage_invalid', `${flag}: ${messageOf(error)}`, error)
  }
}

function sentenceOf(errors: readonly FieldError[]): string {
  return errors.map(({ pointer, detail }) => `${pointer.replace(/^#\/?/, '')} ${detail}`.trim()).join('; ')
}

function describe({ dryRun, created, skipped, invalid }: SentMany, stopped: boolean): string {
  const number = (of: number) => of.toLocaleString('en-US')
  const { invite_exists: invited, already_joined: joined, no_more_mail: refusing } = skipped
  const refused = refusing === 0 ? '' : `, ${number(refusing)} asked for no more mail`
  const table = columns([
    ['created', number(created)],
    ['skipped', `${number(invited)} already invited, ${number(joined)} already joined${refused}`],
    ['invalid', number(invalid)],
  ])
  if (stopped) return `${table}\nStopped. Run it again to go on: what is there is skipped.`
  if (dryRun) return `${table}\nA dry run: nothing was changed.`
  return created === 0 && invited + joined > 0 ? `${table}\nNothing was new: the list was there already.` : table
}

function readMap(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [, field, column] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (field === undefined || column === undefined)
    throw new InvalidArgumentError('It must be a field and a column, such as email=Mail.')
  return { ...before, [field]: column }
}
