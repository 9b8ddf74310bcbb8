// A real SMTP server on loopback, and nodemailer speaking to it.
import type { AddressInfo } from 'node:net'
import { createTransport, type Transporter } from 'nodemailer'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { afterThis } from './cleanup.js'

export interface Received {
  /** The envelope's recipients, as the server was told them. */
  readonly recipients: readonly string[]
  readonly raw: string
  readonly mail: Email
}

export interface Smtp {
  readonly received: Received[]
  readonly mailer: Transporter
  /** What the server answers to each recipient: nothing is yes. */
  refuse: { readonly code: number; readonly message: string } | undefined
  /** Called when a mail was taken, before the server says so. */
  onTaken: (received: Received) => Promise<void> | void
  stop(): Promise<void>
}

export async function startSmtp(): Promise<Smtp> {
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    onRcptTo(_address, _session, done) {
      if (smtp.refuse === undefined) return done()
      done(Object.assign(new Error(smtp.refuse.message), { responseCode: smtp.refuse.code }))
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', async () => {
        const raw = Buffer.concat(chunks).toString('utf8')
        const recipients = session.envelope.rcptTo.map(({ address }) => address)
        const received = { raw, recipients, mail: await PostalMime.parse(raw) }
        smtp.received.push(received)
        await smtp.onTaken(received)
        done()
      })
    },
  })
  server.on('error', () => undefined) // a client that went away
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  const mailer = createTransport({ host: '127.0.0.1', port, secure: false, ignoreTLS: true })
  let stopped: Promise<void> | undefined
  const smtp: Smtp = {
    received: [],
    mailer,
    refuse: undefined,
    onTaken: () => undefined,
    stop() {
      mailer.close()
      stopped ??= new Promise((resolve) => server.close(() => resolve()))
      return stopped
    },
  }
  afterThis(() => smtp.stop())
  return smtp
}
