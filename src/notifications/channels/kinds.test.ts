import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { startTcp } from '#src/adapters/outbound/loopback-server.fixture.ts'
import { createOutbound } from '#src/adapters/outbound/undici-outbound.ts'
import type { Letter } from '#src/ports/mail.ts'
import { startReceiver } from '../../../test/receiver.ts'
import type { Received, Receiver } from '../../../test/receiver.ts'
import { about, budget, finding, message, spike } from './alerts.fixture.ts'
import { openEmail } from './kinds/email.ts'
import { openPagerDuty } from './kinds/pagerduty.ts'
import { openSlackBot } from './kinds/slack-bot.ts'
import { openSlackWebhook } from './kinds/slack-webhook.ts'
import { openWebhook } from './kinds/webhook.ts'
import { webhookBodies } from './kinds/webhook-bodies.ts'
import { messageOf } from './message-of.ts'
import type { OpenChannel, SendResult, Sending, Sent } from './sending.ts'

const NOW = Date.parse('2026-02-01T00:00:00Z')
const CLIENT = { id: 123, name: 'Your Organization' }
const SECRET = `whsec_${Buffer.alloc(24, 'own').toString('base64')}`

let receiver: Receiver
let answers: (readonly [status: number, body?: string, headers?: Record<string, string>])[] = []
const outbound = createOutbound({ allowPrivateTargets: true })
const ports = { outbound, clock: { now: () => NOW }, urlRefusal: () => undefined }

beforeAll(async () => {
  receiver = await startReceiver((_request, response) => {
    const [status, body = '', headers = {}] = answers.shift() ?? [200, 'ok']
    response.writeHead(status, headers).end(body)
  })
})
afterAll(() => receiver.close())
beforeEach(() => {
  receiver.received.length = 0
  answers = []
})

const send = (channel: OpenChannel, more: Partial<Sending> = {}, what = message(budget())) =>
  channel.send(what, { idempotencyKey: 'key-1', ...more })
const sentOf = (result: SendResult): Sent => {
  if (result.outcome === 'sent') return result.sent
  throw new Error(JSON.stringify(result))
}
const bodies = () => receiver.received.map(({ path, body }) => ({ path, ...body }))

describe('an answer', () => {
  const slack = () => openSlackWebhook({ kind: 'slack-webhook', url: `${receiver.url}/s` }, ports)

  it.each([
    [429, { 'retry-after': '30' }, { outcome: 'retry', afterMs: 30_000 }],
    [429, { 'retry-after': 'Sun, 01 Feb 2026 00:01:00 GMT' }, { afterMs: 60_000 }],
    [503, { 'retry-after': '999999' }, { outcome: 'retry', afterMs: 3_600_000 }],
    [500, {}, { outcome: 'retry' }],
    [408, {}, { outcome: 'retry' }],
    [400, {}, { outcome: 'refused' }],
    [410, {}, { outcome: 'refused' }],
    [302, { location: 'https://a.example' }, { outcome: 'refused' }],
  ])('of %i says whether another try may help', async (status, headers, expected) => {
    answers = [[status, 'xoxb-secret', headers]]
    const result = await send(slack())
    expect(result).toMatchObject(expected)
    expect(JSON.stringify(result)).not.toContain('xoxb')
    expect(receiver.received).toHaveLength(1)
  })

  it('that does not come is another try, and a URL of the wrong kind is none', async () => {
    await using closing = await startTcp((socket) => socket.destroy())
    const url = `${closing.url}/secret-path`
    const nowhere = await send(openSlackWebhook({ kind: 'slack-webhook', url }, ports))
    expect(nowhere).toMatchObject({ outcome: 'retry' })
    expect(JSON.stringify(nowhere)).not.toContain('secret-path')
    const strict = { ...ports, urlRefusal: () => 'refused' }
    const refused = await send(openSlackWebhook({ kind: 'slack-webhook', url }, strict))
    expect(refused).toEqual({ outcome: 'refused', reason: 'refused' })
  })
})

describe('a Slack bot', () => {
  const settings = { kind: 'slack-bot', token: 'xoxb-1', channel: '#alerts' } as const
  const bot = () => openSlackBot({ ...settings, endpoint: receiver.url }, ports)
  const sent = { channel: 'C1', ts: '1.1', to: '#alerts' }
  const ok = [200, '{"ok":true,"channel":"C1","ts":"1.1"}'] as const

  it('edits what it posted, answers in its thread, and does so where it cannot edit', async () => {
    answers = [ok, ok, [200, '{"ok":true,"channel":"C1","ts":"2.2"}']]
    expect(sentOf(await send(bot()))).toEqual(sent)
    expect(sentOf(await send(bot(), { after: { sent, how: 'edit' } }))).toEqual(sent)
    expect(sentOf(await send(bot(), { after: { sent, how: 'reply' } }))).toEqual(sent)
    answers = [[200, '{"ok":false,"error":"edit_window_closed"}'], ok]
    await send(bot(), { after: { sent, how: 'edit' } })
    expect(bodies()).toMatchObject([
      { path: '/chat.postMessage', channel: '#alerts' },
      { path: '/chat.update', channel: 'C1', ts: '1.1' },
      { path: '/chat.postMessage', channel: 'C1', thread_ts: '1.1' },
      { path: '/chat.update' },
      { path: '/chat.postMessage', thread_ts: '1.1' },
    ])
  })

  it('says nothing anew where it is but to change what it cannot', async () => {
    answers = [[200, '{"ok":false,"error":"message_not_found"}']]
    const only = await send(bot(), { after: { sent, how: 'edit-only' } })
    expect(only).toMatchObject({ outcome: 'sent', sent })
    expect(bodies()).toMatchObject([{ path: '/chat.update', ts: '1.1' }])
  })

  it('posts anew what cannot go on where it was, and edits that from then on', async () => {
    const again = [200, '{"ok":true,"channel":"C1","ts":"2.2"}'] as const
    for (const [how, word] of [
      ['edit', 'message_not_found'],
      ['edit', 'channel_not_found'],
      ['reply', 'cannot_reply_to_message'],
    ] as const) {
      answers = [[200, `{"ok":false,"error":"${word}"}`], again]
      expect(sentOf(await send(bot(), { after: { sent, how } }))).toEqual({ ...sent, ts: '2.2' })
      expect(bodies().at(-1)).toMatchObject({ path: '/chat.postMessage', channel: '#alerts' })
      expect(bodies().at(-1)).not.toHaveProperty('thread_ts')
    }
    receiver.received.length = 0
    answers = [again]
    const elsewhere = { ...sent, to: '#finance' }
    const posted = await send(bot(), { after: { sent: elsewhere, how: 'edit' } })
    expect(sentOf(posted)).toEqual({ ...sent, ts: '2.2' })
    expect(bodies()).toMatchObject([{ path: '/chat.postMessage', channel: '#alerts' }])
  })

  it('reads answers that repeat a long message', async () => {
    const text = String.raw`\u65e5`.repeat(40_000)
    answers = [[200, `{"ok":true,"message":{"text":"${text}"},"channel":"C1","ts":"1.1"}`]]
    expect(sentOf(await send(bot()))).toEqual(sent)
  })

  it('knows what Slack says with status 200', async () => {
    answers = [
      [200, '{"ok":false,"error":"channel_not_found"}'],
      [200, '{"ok":false,"error":"internal_error"}'],
      [200, '<html>'],
    ]
    const results = [await send(bot()), await send(bot()), await send(bot())]
    expect(results).toEqual([
      { outcome: 'refused', reason: 'Slack answered "channel_not_found"' },
      { outcome: 'retry', reason: 'Slack answered "internal_error"' },
      { outcome: 'refused', reason: 'Slack answered what is not an answer of its API' },
    ])
  })
})

it('PagerDuty has one incident for each of the hub’s, and hears what becomes of it', async () => {
  const url = `${receiver.url}/enqueue`
  const settings = { kind: 'pagerduty', routingKey: 'k', endpoint: url } as const
  const duty = openPagerDuty(settings, ports)
  const refusal = [400, '{"status":"invalid event","errors":["routing_key"]}'] as const
  answers = [...Array.from({ length: 6 }, () => [202] as const), refusal]
  const sent = sentOf(await send(duty))
  const acknowledged = { ...message(budget()), state: 'ACKNOWLEDGED' as const }
  for (const news of ['state', 'alerts', 'both'] as const) {
    await send(duty, { after: { sent, how: 'edit' }, news }, acknowledged)
  }
  await send(duty, { after: { sent, how: 'edit' } }, message(budget({ change: 'CORRECTED' })))
  expect(bodies()).toMatchObject([
    { event_action: 'trigger', dedup_key: 'inc-12', payload: { severity: 'warning' } },
    { event_action: 'acknowledge', dedup_key: 'inc-12' },
    { event_action: 'trigger', dedup_key: 'inc-12', payload: { severity: 'warning' } },
    { event_action: 'trigger', dedup_key: 'inc-12' },
    { event_action: 'acknowledge', dedup_key: 'inc-12' },
    { event_action: 'resolve', dedup_key: 'inc-12' },
  ])
  expect(await send(duty)).toEqual({
    outcome: 'refused',
    reason: 'the other side answered 400: routing_key',
  })
})

it('e-mails about one incident are one thread', async () => {
  const letters: Letter[] = []
  const mail = {
    from: 'Belfry <belfry@example.com>',
    send: async (letter: Letter) => {
      letters.push(letter)
      return { kind: 'accepted', answer: 'taken', missed: [] } as const
    },
  }
  const email = openEmail({ kind: 'email', to: ['a@example.com'] }, mail)
  let sent = sentOf(await send(email))
  for (const idempotencyKey of ['key-2', 'key-3']) {
    sent = sentOf(await send(email, { idempotencyKey, after: { sent, how: 'reply' } }))
  }
  const [first, second, third] = letters as [Letter, Letter, Letter]
  expect(first.subject).toBe('[Medium] Platform 2026: 75% of the monthly budget is spent')
  expect([second.subject, third.subject]).toEqual(Array(2).fill(`Re: ${first.subject}`))
  expect(third.references).toEqual([first.messageId, second.messageId])
  expect(first.messageId).toMatch(/^<[0-9a-f]+@example\.com>$/)
  await send(email)
  expect(letters.at(-1)?.messageId).toBe(first.messageId)

  await send(email, {}, message(budget({ change: 'CORRECTED' })))
  expect(letters.at(-1)?.subject).toMatch(/^\[Resolved\] Platform 2026: below 50%/)

  // Of an address that is new to it the letter is the first, and so of all who have it with that.
  const later = message(budget({ thresholds: [{ basis: 'ACTUAL', percent: 90 }] }))
  const telling = (readers: readonly string[], hadBy: readonly string[]) =>
    send(email, { idempotencyKey: 'k', to: readers, after: { sent, how: 'reply', hadBy } }, later)
  await telling(['b@example.com'], [])
  await telling(['a@example.com', 'b@example.com'], ['a@example.com'])
  expect(letters.slice(-2)).toMatchObject([
    { subject: '[Medium] Platform 2026: 90% of the monthly budget is spent', references: [] },
    { subject: first.subject, references: third.references.with(1, third.messageId) },
  ])
})

describe('a webhook', () => {
  const url = () => `${receiver.url}/hook`
  const open = () =>
    openWebhook({ url: url(), secretsAt: () => [SECRET] }, { ...ports, client: CLIENT })

  it('has the bodies of the reference system', () => {
    const time = '2026-01-31T08:15:27Z'
    expect(webhookBodies(message(budget()), CLIENT)).toEqual([
      {
        ...{ event: 'budget_alert', time, client: CLIENT },
        payload: {
          current_percentage: 77.4992,
          previous_months_average_spend: 296.93,
          previous_7_days_average_spend: 307.83,
          estimated_spend: 8191.53,
          current_budget: 7500,
          segment: { id: 123, title: 'Platform', view: { id: 456, name: 'Cost centres' } },
        },
      },
    ])
    expect(webhookBodies(message(spike()), CLIENT)).toEqual([
      {
        ...{ event: 'run_rate_spike', time, client: CLIENT },
        payload: {
          normal_run_rate: 400,
          current_run_rate: 1000,
          variance_percentage: 150,
          day: '2026-01-20T00:00:00+00:00',
          comparison_period: {
            starts: '2026-01-13T00:00:00+00:00',
            ends: '2026-01-19T23:59:59+00:00',
          },
          last_30_days_total: 16000,
        },
      },
    ])
    const bucket = { findingId: 'f2', resourceId: 'arn:aws:s3:::logs', resourceType: 'b' }
    const [rules, ...more] = webhookBodies(message(finding(), finding(bucket)), CLIENT)
    expect(more).toEqual([])
    expect(rules).toMatchObject({
      event: 'noncompliant_evaluable_rules',
      payload: {
        rules: [
          {
            rule: { id: 123456, name: 'Every resource has an owner' },
            resources: [{ account: { id: '111122223333' } }, { id: 'arn:aws:s3:::logs' }],
          },
        ],
      },
    })
  })

  it('tells each alert once, as it was last told, also of what is seen to, and not what is over', () => {
    const later = budget({ percentage: 91 })
    const again = webhookBodies(messageOf([budget(), later], about), CLIENT)
    expect(again.map(({ payload }) => payload)).toMatchObject([{ current_percentage: 91 }])
    const corrected = budget({ change: 'CORRECTED' })
    expect(webhookBodies(message(budget(), corrected), CLIENT)).toEqual([])
    const seen = messageOf([budget(), later], { ...about, state: 'ACKNOWLEDGED' })
    expect(webhookBodies(seen, CLIENT)).toHaveLength(1)
    const over = messageOf([budget()], { ...about, state: 'RESOLVED' })
    expect(webhookBodies(over, CLIENT)).toEqual([])
  })

  it('names the resources of a summary that fail, and counts those that it does not list', () => {
    const resource = (resourceId: string) => ({
      ...{ findingId: resourceId, severity: 'HIGH' as const, resourceId },
      ...{ awsAccountId: '111122223333', resourceRegion: 'eu-west-1' },
    })
    const resources = [resource('arn:aws:s3:::a'), resource('arn:aws:s3:::b')]
    const summary = finding({ ...{ change: 'SUMMARY', findingId: 'r' }, failing: 5, resources })
    const passed = finding({ ...resource('arn:aws:s3:::a'), change: 'PASSED', failing: 4 })
    const [body, ...more] = webhookBodies(message(summary, passed), CLIENT)
    expect(more).toEqual([])
    expect((body as any).payload.rules).toMatchObject([
      {
        rule: { id: 123456 },
        resources: [{ id: 'arn:aws:s3:::b', region: 'eu-west-1' }],
        more_resources: 3,
      },
    ])
    // What is over is not told, and what goes on was.
    expect(webhookBodies(message(passed), CLIENT)).toEqual([])
  })

  it('goes on in another body beyond a hundred resources', () => {
    const many = Array.from({ length: 101 }, (_, index) => finding({ findingId: `f${index}` }))
    const [first, second] = webhookBodies(message(many[0] ?? finding(), ...many.slice(1)), CLIENT)
    const count = (body: any) => body.payload.rules[0].resources.length
    expect([count(first), count(second)]).toEqual([100, 1])
  })

  it('is signed as the official library checks, under one id over tries', async () => {
    answers = [[500], [200]]
    expect(await send(open())).toMatchObject({ outcome: 'retry' })
    expect(await send(open())).toMatchObject({ outcome: 'sent' })
    const [first, second] = receiver.received as [Received, Received]
    expect(first.headers['webhook-id']).toBe(second.headers['webhook-id'])
    // The library asks for a timestamp of now, which a test's clock does not have.
    const { 'webhook-id': id, 'webhook-timestamp': at } = second.headers
    const signed = new Webhook(SECRET).sign(String(id), new Date(Number(at) * 1_000), second.text)
    expect(second.headers['webhook-signature']).toBe(signed)
  })
})
