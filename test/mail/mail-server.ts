import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'

import { SMTPServer } from 'smtp-server'

/** A letter as the server has it. */
export interface ReceivedLetter {
  readonly to: readonly string[]
  /** Headers and bodies. */
  readonly source: string
  readonly isEncrypted: boolean
  readonly user: string | undefined
}

/** A real SMTP server with a certificate of its own for localhost. */
export interface MailServer {
  readonly port: number
  readonly letters: readonly ReceivedLetter[]
  close(): Promise<void>
}

export const CERTIFICATE_FILE = new URL('certificate.pem', import.meta.url).pathname
const cert = readFileSync(CERTIFICATE_FILE, 'utf8')
const key = readFileSync(new URL('key.pem', import.meta.url), 'utf8')
export const MAIL_USER = { user: 'belfry', password: 'an open sesame' }

export interface MailServerBehaviour {
  /** TLS from the first byte. */
  readonly secure?: boolean
  readonly offersTls?: boolean
  readonly asksForUser?: boolean
  /** The reply to a recipient, such as 550; absent: taken. */
  readonly replyTo?: (address: string) => number | undefined
}

export async function startMailServer({
  secure = false,
  offersTls = true,
  asksForUser = false,
  replyTo = () => undefined,
}: MailServerBehaviour = {}): Promise<MailServer> {
  const letters: ReceivedLetter[] = []
  const server = new SMTPServer({
    ...{ secure, key, cert, logger: false, disableReverseLookup: true },
    authOptional: !asksForUser,
    disabledCommands: [...(offersTls ? [] : ['STARTTLS']), ...(asksForUser ? [] : ['AUTH'])],
    onAuth: ({ username, password }, _session, done) =>
      username === MAIL_USER.user && password === MAIL_USER.password
        ? done(null, { user: username })
        : done(new Error(`no such user ${username} with ${password}`)),
    onRcptTo: ({ address }, _session, done) => {
      const reply = replyTo(address)
      if (reply === undefined) return done()
      return done(Object.assign(new Error('no'), { responseCode: reply }))
    },
    onData: (stream, { envelope, secure: isEncrypted, user }, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const to = envelope.rcptTo.map(({ address }) => address)
        const source = Buffer.concat(chunks).toString()
        letters.push({ source, to, isEncrypted, user: user as string | undefined })
        done()
      })
    },
  })
  server.on('error', () => undefined)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    port: (server.server.address() as AddressInfo).port,
    letters,
    close: () => new Promise((closed) => server.close(() => closed())),
  }
}
