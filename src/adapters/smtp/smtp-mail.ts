import { rootCertificates } from 'node:tls'

import type { createTransport as CreateTransport } from 'nodemailer'

import type { Letter, Mail, MailOutcome } from '#src/ports/mail.ts'
import type { OutboundConnections } from '#src/ports/outbound.ts'

/** Where letters are handed over. */
export interface SmtpServer {
  readonly host: string
  readonly port: number
  /** `starttls` is required, not tried: a server without it gets no letter. */
  readonly tls: 'starttls' | 'implicit' | 'none'
  readonly user?: string
  readonly password?: string
  /** An address, or a name and an address in angle brackets. */
  readonly from: string
  /** Certificate authorities in PEM beside those that Node knows. */
  readonly ca?: string
}

/** Of one recipient: nodemailer's types leave it out. */
interface Rejection {
  readonly recipient?: string
}

type SmtpTransport = ReturnType<typeof CreateTransport>

/** For the whole letter: connecting, signing in, handing over. */
const LETTER_TIMEOUT_MS = 30_000
const CONNECT_TIMEOUT_MS = 10_000

/** A connection of its own for each letter: alerts are few, and a server may hang up on the idle. */
export function createSmtpMail(server: SmtpServer, outbound: OutboundConnections): Mail {
  const { host, port, from } = server
  return {
    from,
    send: async (letter, signal) => {
      const timeout = AbortSignal.timeout(LETTER_TIMEOUT_MS)
      const until = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
      // When it is needed: a hub that sends no e-mail should not start slower for it.
      const { createTransport } = await import('nodemailer')
      const connected = await outbound.connect({
        host,
        port,
        timeoutMs: CONNECT_TIMEOUT_MS,
        signal: until,
      })
      if (connected.kind !== 'connected') return { kind: 'failed', message: connected.message }
      const { socket } = connected
      const drop = () => socket.destroy()
      until.addEventListener('abort', drop)
      try {
        return await handedOver(
          letter,
          server,
          createTransport({ ...optionsOf(server), connection: socket }),
        )
      } finally {
        until.removeEventListener('abort', drop)
        drop()
      }
    },
  }
}

function optionsOf({ host, port, tls, user, password, ca }: SmtpServer) {
  return {
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(ca !== undefined && { tls: { ca: [...rootCertificates, ca] } }),
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

async function handedOver(
  letter: Letter,
  server: SmtpServer,
  transport: SmtpTransport,
): Promise<MailOutcome> {
  const { host } = server
  try {
    const {
      accepted,
      rejected,
      rejectedErrors = [],
    } = await transport.sendMail(mailOf(server, letter))
    const rest = rejected.length === 0 ? '' : `, and not for ${rejected.length} more`
    const answer = `"${host}" took it for ${counted(accepted.length)}${rest}`
    const missed = letter.to.flatMap((address) => {
      const error = rejectedErrors.find((each: Rejection) => isSame(each.recipient, address))
      const reply = error?.responseCode === undefined ? '' : ` (reply ${error.responseCode})`
      const isForNow = error?.responseCode !== undefined && error.responseCode < PERMANENT_FROM
      const yet = isForNow ? ' yet' : ''
      const message = `"${host}" does not take it for that address${yet}${reply}`
      return error === undefined ? [] : [{ address, message, ...(isForNow && { isForNow }) }]
    })
    return { kind: 'accepted', answer, missed }
  } catch (error) {
    return outcomeOf(error, server)
  } finally {
    transport.close()
  }
}

function isSame(recipient: string | undefined, address: string): boolean {
  return recipient?.toLowerCase() === address.toLowerCase()
}

function counted(recipients: number): string {
  return recipients === 1 ? '1 recipient' : `${recipients} recipients`
}

function mailOf({ from }: SmtpServer, letter: Letter) {
  const { to, subject, text, html, messageId, references, isUrgent, unsubscribeUrl } = letter
  return {
    from,
    to: [...to],
    subject,
    text,
    html,
    messageId,
    ...(references.length > 0 && {
      inReplyTo: references.at(-1) as string,
      references: [...references],
    }),
    ...(isUrgent && { priority: 'high' as const }),
    ...(unsubscribeUrl !== undefined && { list: { unsubscribe: unsubscribeUrl } }),
    headers: {
      // RFC 3834: no out-of-office answers, please.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      // RFC 8058 wants https.
      ...(unsubscribeUrl?.startsWith('https:') && {
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      }),
    },
  }
}

/** What nodemailer says of an error. */
interface SmtpFault {
  readonly code?: string
  readonly responseCode?: number
  /** What was being said to the server. */
  readonly command?: string
}

/** Of the error only its kind and the reply's number: texts of servers repeat what they were sent. */
function outcomeOf(error: unknown, { host, tls }: SmtpServer): MailOutcome {
  const { code = 'unknown', responseCode, command } = error as SmtpFault
  const reply = responseCode === undefined ? code : `${code}, reply ${responseCode}`
  const what = (text: string) => `"${host}" ${text} (${reply})`
  if (code === 'EAUTH' || code === 'ENOAUTH') {
    const message = what('does not let the hub in; check --smtp-user and its password')
    return { kind: 'failed', message }
  }
  if (code === 'ETLS' || isOfCertificate(error)) {
    const advice =
      tls === 'starttls' ? 'offers no TLS that the hub can trust' : 'speaks no TLS there'
    const message = what(`${advice}; check --smtp-tls, --smtp-port and --smtp-ca`)
    return { kind: 'failed', message }
  }
  if (responseCode !== undefined && responseCode >= PERMANENT_FROM) {
    return { kind: 'refused', message: what('refuses the letter or all its recipients') }
  }
  const isOfRecipients =
    responseCode !== undefined && responseCode !== SERVICE_CLOSES && command === 'RCPT TO'
  return {
    kind: 'failed',
    message: what('took no letter'),
    ...(isOfRecipients && { isOfRecipients }),
  }
}

/** Node's words for what it makes of certificates; nodemailer gives such an error a code of its own. */
function isOfCertificate(error: unknown): boolean {
  return error instanceof Error && /certificate|altnames/i.test(error.message)
}

/** RFC 5321: 5yz is for good, 4yz for now. */
const PERMANENT_FROM = 500
/** RFC 5321: it may be the reply to any command, and says nothing of what the command asked for. */
const SERVICE_CLOSES = 421
