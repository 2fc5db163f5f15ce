import { createHash } from 'node:crypto'

import type { SettingsOf } from '#src/model/channel.ts'
import type { Mail, MailOutcome } from '#src/ports/mail.ts'
import type { Message, OpenChannel, SendResult, Sending } from '../sending.ts'
import { severityWord } from '../wording.ts'
import { letterBodies } from './email-letter.ts'

/** Sends letters, those about one incident as one thread: by References and a subject that stays. */
export function openEmail({ to }: SettingsOf<'email'>, mail: Mail | undefined): OpenChannel {
  return {
    // SES, outside its sandbox, takes 14.
    messagesPerSecondMax: 10,
    recipients: to,
    readBy: 'people',
    editsInPlace: false,
    showsState: false,
    send: async (message, sending) => {
      if (mail === undefined) return { outcome: 'retry', reason: NO_MAIL_SERVER }
      const messageId = messageIdOf(sending.idempotencyKey, mail.from)
      const readers = sending.to ?? to
      const { subject, references } = threadOf(message, sending, { messageId, readers })
      const letter = {
        to: [...readers],
        subject,
        messageId,
        references,
        ...letterBodies(message),
        isUrgent: message.state === 'OPEN' && message.severity === 'CRITICAL',
        unsubscribeUrl: unsubscribeUrlOf(message),
      }
      const outcome = await mail.send(letter, sending.signal)
      const thread = [references[0] ?? messageId, messageId]
      return resultOf(outcome, { subject, references: [...new Set(thread)].join(' ') })
    },
  }
}

/** What is missing, for who would make a channel and for who would send by one. */
export const NO_MAIL_SERVER =
  'the hub has no mail server: start it with --smtp-host and --smtp-from (BELFRY_SMTP_HOST, BELFRY_SMTP_FROM)'

function resultOf(outcome: MailOutcome, sent: Readonly<Record<string, string>>): SendResult {
  if (outcome.kind === 'accepted') {
    return { outcome: 'sent', sent, answer: outcome.answer, missed: outcome.missed }
  }
  const reason = outcome.message
  if (outcome.kind === 'refused') return { outcome: 'refused', reason }
  return { outcome: 'retry', reason, ...(outcome.isOfRecipients && { isOfReaders: true }) }
}

/** One press ends one thing: of a letter about several notifications each has its link in the text. */
function unsubscribeUrlOf({ links }: Message): string | undefined {
  const [only, ...others] = links.filter(({ does }) => does === 'unsubscribe')
  return others.length === 0 ? only?.url : undefined
}

const REPLY = 'Re: '

/**
 * Mail programs put together what has the same subject, but for "Re:", and refers to each other. A
 * letter that others have had already is the same one to who gets it later, and no reply to itself.
 * It is a reply to who has had one before: to others it begins a thread, and to all in one letter it
 * goes on with that of some.
 */
function threadOf(
  message: Message,
  { after }: Sending,
  { messageId, readers }: { readonly messageId: string; readonly readers: readonly string[] },
) {
  const { subject, references: all } = after?.sent ?? {}
  const { hadBy = readers } = after ?? {}
  if (subject === undefined || all === undefined || hadBy.length === 0) {
    return { subject: subjectOf(message), references: [] }
  }
  const references = all.split(' ').filter((id) => id !== messageId)
  const first = subject.startsWith(REPLY) ? subject.slice(REPLY.length) : subject
  const isReply = references.length > 0 && readers.every((reader) => hadBy.includes(reader))
  return { subject: isReply ? REPLY + first : first, references }
}

/** Between numbers and units: in a subject they would make an encoded word of an English one. */
const HARD_SPACES = /[\u00a0\u202f]/g

function subjectOf({ kind, severity, state, title }: Message): string {
  const plain = title.replaceAll(HARD_SPACES, ' ')
  if (kind === 'test') return plain
  return `[${state === 'RESOLVED' ? 'Resolved' : severityWord(severity)}] ${plain}`
}

const ID_CHARACTERS = 40

/** The same for each try, so that a letter that came twice is seen to be one. */
function messageIdOf(idempotencyKey: string, from: string): string {
  const id = createHash('sha256').update(idempotencyKey).digest('hex').slice(0, ID_CHARACTERS)
  const domain = /@([^>]+)/.exec(from)?.[1] ?? 'belfry.invalid'
  return `<${id}@${domain}>`
}
