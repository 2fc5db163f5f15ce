import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'

import { startTcp } from '#src/adapters/outbound/loopback-server.fixture.ts'
import { createOutbound } from '#src/adapters/outbound/undici-outbound.ts'
import type { Letter } from '#src/ports/mail.ts'
import { CERTIFICATE_FILE, MAIL_USER, startMailServer } from '../../../test/mail/mail-server.ts'
import type { MailServer, MailServerBehaviour } from '../../../test/mail/mail-server.ts'
import { createSmtpMail } from './smtp-mail.ts'
import type { SmtpServer } from './smtp-mail.ts'

const ca = readFileSync(CERTIFICATE_FILE, 'utf8')
/** Private targets are not allowed: the operator's server may be one. */
const outbound = createOutbound({ allowPrivateTargets: false })
const letter: Letter = {
  to: ['a@example.com', 'b@example.com'],
  subject: 'Zürich: 75% is spent\r\nBcc: eve@example.com',
  text: 'text\n',
  html: '<p>html</p>',
  messageId: '<2@example.com>',
  references: ['<0@example.com>', '<1@example.com>'],
  isUrgent: true,
  unsubscribeUrl: 'https://belfry.example.com/notifications',
}

let server: MailServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

async function sent(behaviour: MailServerBehaviour, settings: Partial<SmtpServer> = { ca }) {
  server = await startMailServer(behaviour)
  const own = { host: 'localhost', port: server.port, tls: 'starttls', from: 'B <b@x.de>' } as const
  return createSmtpMail({ ...own, ...settings }, outbound).send(letter)
}

describe('a letter', () => {
  it('goes over TLS to a server in a private network, as a thread that programs know', async () => {
    expect(await sent({})).toEqual({
      kind: 'accepted',
      answer: '"localhost" took it for 2 recipients',
      missed: [],
    })
    const [{ source, isEncrypted, to } = { source: '' }] = server?.letters ?? []
    expect([isEncrypted, to]).toEqual([true, letter.to])
    for (const header of [
      'In-Reply-To: <1@example.com>',
      'References: <0@example.com> <1@example.com>',
      'Message-ID: <2@example.com>',
      'List-Unsubscribe: <https://belfry.example.com/notifications>',
      'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
      'Auto-Submitted: auto-generated',
    ]) {
      expect(source).toContain(header)
    }
    expect(source).not.toMatch(/^Bcc:/m)
    expect(source).toMatch(/text\/plain[\s\S]*text\/html/)
  })

  it('goes over TLS from the first byte, and with a password', async () => {
    const secure = { tls: 'implicit', ca, ...MAIL_USER } as const
    const outcome = await sent({ secure: true, asksForUser: true }, secure)
    expect(outcome).toMatchObject({ kind: 'accepted' })
    expect(server?.letters[0]?.user).toBe(MAIL_USER.user)
  })

  it.each([
    ['offers no TLS', { offersTls: false }, { ca }, 'check --smtp-tls'],
    ['shows a certificate of nobody known', {}, {}, '--smtp-ca'],
    ['is called by another name', {}, { ca, host: '127.0.0.2' }, '127.0.0.2'],
    [
      'knows no such user',
      { asksForUser: true },
      { ca, user: 'eve', password: 'hush' },
      '--smtp-user',
    ],
    ['asks to come back', { replyTo: () => 451 }, { ca }, 'reply 451'],
  ] as const)('may be sent later where the server %s', async (_what, behaviour, given, words) => {
    const outcome = await sent(behaviour, given)
    expect(outcome).toMatchObject({ kind: 'failed', message: expect.stringContaining(words) })
    expect(JSON.stringify(outcome)).not.toContain('hush')
    expect(server?.letters).toEqual([])
  })

  it('is refused where all recipients are, and is there for the rest where one is', async () => {
    const outcome = await sent({ replyTo: () => 550 })
    expect(outcome).toMatchObject({ kind: 'refused', message: expect.stringContaining('550') })
    await server?.close()
    const one = await sent({ replyTo: (address) => (address.startsWith('a') ? 550 : undefined) })
    expect(one).toEqual({
      kind: 'accepted',
      answer: '"localhost" took it for 1 recipient, and not for 1 more',
      missed: [
        {
          address: 'a@example.com',
          message: '"localhost" does not take it for that address (reply 550)',
        },
      ],
    })
  })

  it('may be sent later to whom the server asks to come back for', async () => {
    const one = await sent({ replyTo: (address) => (address.startsWith('a') ? 450 : undefined) })
    expect(one).toMatchObject({ kind: 'accepted', missed: [{ isForNow: true }] })
  })

  it('may be sent to others meanwhile where the server asks to come back for its recipients', async () => {
    expect(await sent({ replyTo: () => 451 })).toMatchObject({ isOfRecipients: true })
    await server?.close()
    // That is of the server, whatever it was asked.
    expect(await sent({ replyTo: () => 421 })).not.toHaveProperty('isOfRecipients')
    await server?.close()
    expect(await sent({ offersTls: false })).not.toHaveProperty('isOfRecipients')
  })

  it('is given up on with its signal where the server says nothing', async () => {
    await using silent = await startTcp(() => undefined)
    const mail = createSmtpMail(
      { host: '127.0.0.1', port: silent.port, tls: 'starttls', from: 'b@x.de' },
      outbound,
    )
    const outcome = await mail.send(letter, AbortSignal.timeout(200))
    expect(outcome).toMatchObject({ kind: 'failed' })
  })

  it('goes to no metadata service, whatever the operator says', async () => {
    const mail = createSmtpMail(
      { host: '169.254.169.254', port: 25, tls: 'none', from: 'b@x.de' },
      outbound,
    )
    expect(await mail.send(letter)).toMatchObject({
      message: expect.stringContaining('cloud metadata address'),
    })
  })
})
