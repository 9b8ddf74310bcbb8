// Mail in a host: rendering alone, nodemailer alone in a loop, and the outbox through the same nodemailer.
import { randomUUID } from 'node:crypto'
import type { Invites, Mailer, MailMessage } from 'express-invite-only'
import { createTransport } from 'nodemailer'
import type { Measures } from '../contest.js'

const SMTP = Number(process.env.BENCH_SMTP_PORT ?? 0)

/** What the invites of a host are mailed by: it counts, and sends only while it is told to. */
export function createMail() {
  const transport = createTransport({ host: '127.0.0.1', port: SMTP, secure: false, ignoreTLS: true, pool: true })
  let last: MailMessage | undefined
  let sending = false
  const mailer: Mailer = {
    async sendMail(message) {
      last = message
      return sending ? await transport.sendMail(message as Parameters<typeof transport.sendMail>[0]) : undefined
    },
  }

  function tasks(invites: Invites) {
    async function queue(count: number): Promise<void> {
      const run = randomUUID()
      const people = Array.from({ length: count }, (_each, at) => ({ email: `${run}.${at}@example.com` }))
      await invites.sendMany(people)
    }

    /** Through the whole outbox, to a mailer that answers at once and sends nothing: rendering and the store. */
    async function deliver(count: number, through: 'smtp' | 'nothing'): Promise<Measures> {
      await queue(count)
      sending = through === 'smtp'
      return await timed(count, async () => {
        const tries = await invites.deliver()
        if (tries !== count) throw new Error(`${tries} mails were tried instead of ${count}.`)
      })
    }

    return {
      'outbox, to the mail server': (count: number) => deliver(count, 'smtp'),
      'outbox, to a mailer that does nothing': (count: number) => deliver(count, 'nothing'),
      async 'nodemailer alone'(count: number) {
        if (last === undefined) await deliver(1, 'nothing')
        const message = last as Parameters<typeof transport.sendMail>[0]
        let next = 0
        const sendAll = async () => {
          while (next++ < count) await transport.sendMail(message)
        }
        return await timed(count, async () => void (await Promise.all(Array.from({ length: 5 }, sendAll))))
      },
    }
  }

  return { mailer, tasks, close: () => transport.close() }
}

async function timed(count: number, work: () => Promise<void>): Promise<Measures> {
  const cpuBefore = process.cpuUsage()
  const began = performance.now()
  await work()
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  return { rate: count / seconds, cpu: (user + system) / count }
}
