import { describe, expect, it } from 'vitest'

import type { Delivery } from '#src/model/delivery.ts'
import type { TargetInput } from '#src/model/event-bus.ts'
import type { Outbound, OutboundOutcome, OutboundRequest } from '#src/ports/outbound.ts'
import type { UnsignedWebhook, WebhookSigner } from '#src/ports/webhook-signer.ts'
import { recordedEvent } from '../../pipeline.fixture.ts'
import { createHttpEndpoint } from './http-endpoint.ts'

const NOW = Date.parse('2026-01-31T08:15:00Z')
const RULE = 'arn:aws:events:us-east-1:123456789012:rule/orders'
const URL = 'https://example.com/hook?token=1'

async function attempt(outcome: OutboundOutcome, event = recordedEvent('e'), input?: TargetInput) {
  const requests: OutboundRequest[] = []
  const outbound: Outbound = {
    request: async (request) => {
      requests.push(request)
      return outcome
    },
    refusalOf: () => undefined,
    close: async () => undefined,
  }
  const webhookSigner: WebhookSigner = { headersFor: async () => ({}) }
  const target = createHttpEndpoint({ outbound, clock: { now: () => NOW }, webhookSigner })
  const delivery = {
    id: 1,
    ruleArn: RULE,
    target: { id: 't', arn: URL, ...(input && { input }) },
  } as Delivery
  const result = await target.attempt(delivery, event)
  return { result, request: requests[0] as OutboundRequest, requests }
}

/** What a signer was asked to sign, for a target of a rule. */
async function asked(
  event = recordedEvent('e'),
  { ruleArn = RULE, id = 't', arn = URL, attempts = 0 } = {},
) {
  const webhooks: UnsignedWebhook[] = []
  const requests: OutboundRequest[] = []
  const target = createHttpEndpoint({
    outbound: {
      request: async (request) => {
        requests.push(request)
        return answered(200)
      },
      refusalOf: () => undefined,
      close: async () => undefined,
    },
    clock: { now: () => NOW },
    webhookSigner: {
      headersFor: async (webhook) => {
        webhooks.push(webhook)
        return { 'webhook-id': webhook.id, 'webhook-signature': 'v1,signature' }
      },
    },
  })
  const result = await target.attempt(
    { id: 1, ruleArn, attempts, target: { id, arn } } as Delivery,
    event,
  )
  const [webhook, request] = [webhooks[0] as UnsignedWebhook, requests[0] as OutboundRequest]
  return { webhook, request, result }
}

const answered = (status: number, headers: Record<string, string> = {}): OutboundOutcome => ({
  ...{ kind: 'answered', status, headers, body: 'secret', bodyTruncated: false, durationMs: 1 },
})

/** Kept for the history; the error, which reaches the log, says nothing of the body. */
const answerOf = (status: number) => ({ answer: { status, body: 'secret' } })

describe('an attempt at an HTTP endpoint', () => {
  it('posts the text of the event, once, and gives it five seconds', async () => {
    const json = '{"id":"e","detail":{"n":1.0,"big":12345678901234567890}}'
    const { request, requests } = await attempt(answered(200), recordedEvent('e', { json }))
    expect(requests).toHaveLength(1)
    expect(request).toEqual({
      url: URL,
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'Belfry' },
      body: json,
      timeoutMs: 5_000,
    })
  })

  it('posts what the input of the target makes of the event', async () => {
    const json = '{"id":"e","detail":{"n":1.0}}'
    const input = { kind: 'path', path: '$.detail' } as const
    const { request } = await attempt(answered(200), recordedEvent('e', { json }), input)
    expect(request.body).toBe('{"n":1.0}')
  })

  it('makes no request where the input cannot be made of the event', async () => {
    const input = { kind: 'path', path: '$.detail.nope' } as const
    const { result, requests } = await attempt(answered(200), recordedEvent('e'), input)
    expect(requests).toEqual([])
    expect(result).toMatchObject({ kind: 'permanent', error: { code: 'INVALID_JSON' } })
  })

  it('passes the trace header on beside the event', async () => {
    const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793'
    const { request } = await attempt(answered(200), recordedEvent('e', { traceHeader }))
    expect(request.headers['x-amzn-trace-id']).toBe(traceHeader)
  })

  it.each([200, 201, 202, 204, 299])('succeeds on %i', async (status) => {
    expect((await attempt(answered(status))).result).toEqual({
      kind: 'success',
      ...answerOf(status),
    })
  })

  it.each([401, 407, 409, 429, 500, 501, 502, 503, 504, 599])('retries on %i', async (status) => {
    const { result } = await attempt(answered(status))
    const code = status === 429 ? 'THROTTLING' : 'ERROR_FROM_TARGET'
    const message = `the target answered ${status}`
    expect(result).toEqual({ kind: 'retryable', error: { code, message }, ...answerOf(status) })
  })

  it.each([300, 301, 302, 304, 307, 308, 400, 402, 403, 404, 405, 406, 408, 410, 413, 422, 499])(
    'gives up on %i',
    async (status) => {
      const { result } = await attempt(answered(status))
      const note = status < 400 ? '; redirects are not followed' : ''
      expect(result).toEqual({
        kind: 'permanent',
        error: { code: 'ERROR_FROM_TARGET', message: `the target answered ${status}${note}` },
        ...answerOf(status),
      })
    },
  )

  it.each([
    ['timeout', 'TIMEOUT'],
    ['connection-failed', 'CONNECTION_FAILURE'],
    ['aborted', 'CONNECTION_FAILURE'],
  ] as const)('retries a request that ended with %s', async (reason, code) => {
    const message = 'what happened'
    const { result } = await attempt({ kind: 'failed', reason, message, durationMs: 1 })
    expect(result).toEqual({ kind: 'retryable', error: { code, message } })
  })

  it('gives up where the policy refuses the request', async () => {
    const message = 'the address is private'
    const { result } = await attempt({ kind: 'refused', message })
    expect(result).toEqual({ kind: 'permanent', error: { code: 'INVALID_PARAMETER', message } })
  })
})

describe('Retry-After', () => {
  const retryAfterMs = async (header: string, status = 503) =>
    (await attempt(answered(status, { 'retry-after': header }))).result

  it.each([
    ['120', 120_000],
    ['1', 1_000],
    ['Sat, 31 Jan 2026 08:17:00 GMT', 120_000],
    ['Saturday, 31-Jan-26 08:16:00 GMT', 60_000],
  ])('of "%s" is waited for', async (header, waitMs) => {
    expect(await retryAfterMs(header)).toMatchObject({ kind: 'retryable', retryAfterMs: waitMs })
    expect(await retryAfterMs(header, 429)).toMatchObject({ retryAfterMs: waitMs })
  })

  it.each(['-1', '-0.5'])('of "%s" ends the retries', async (header) => {
    expect(await retryAfterMs(header)).toMatchObject({
      kind: 'permanent',
      error: { code: 'ERROR_FROM_TARGET', message: 'the target answered 503' },
    })
  })

  it.each(['0', '', 'soon', 'Sat, 31 Jan 2026 08:14:00 GMT'])(
    'of "%s" asks for nothing',
    async (header) => {
      expect(await retryAfterMs(header)).not.toHaveProperty('retryAfterMs')
    },
  )

  it('does not turn a permanent failure into a retry', async () => {
    expect(await retryAfterMs('60', 404)).toMatchObject({ kind: 'permanent' })
  })
})

describe('the signature of an attempt', () => {
  it('is that of the account of the rule or schedule, for the URL and the very body', async () => {
    const json = '{"id":"e","detail":{"n":1.0}}'
    const { webhook, request } = await asked(recordedEvent('e', { json }))
    expect(webhook).toMatchObject({ account: '123456789012', url: URL, body: request.body })
    expect(request.body).toBe(json)
    expect(request.headers).toMatchObject({
      ...{ 'webhook-id': webhook.id, 'webhook-signature': 'v1,signature' },
      'content-type': 'application/json; charset=utf-8',
    })
    const ruleArn = 'arn:aws:scheduler:us-east-1:210987654321:schedule/default/nightly'
    expect((await asked(undefined, { ruleArn })).webhook.account).toBe('210987654321')
  })

  const idOf = async (...given: Parameters<typeof asked>) => (await asked(...given)).webhook.id

  it('has one id on each try, wherever the target leads by then', async () => {
    const first = await idOf()
    expect(first).toMatch(/^e_[0-9a-f]{16}$/)
    expect(await idOf(undefined, { attempts: 7, arn: 'https://moved.example.com/' })).toBe(first)
    expect(await idOf(recordedEvent('e', { acceptedAt: 5 }))).toBe(first)
  })

  it('has another id for another event, rule or target, and for a replay', async () => {
    const replay = (name: string) => `arn:aws:events:us-east-1:123456789012:replay/${name}`
    const ids = await Promise.all([
      idOf(),
      idOf(recordedEvent('f')),
      idOf(undefined, { ruleArn: `${RULE}-2` }),
      idOf(undefined, { id: 'u' }),
      idOf(recordedEvent('e', { replayArn: replay('one') })),
      idOf(recordedEvent('e', { replayArn: replay('two') })),
    ])
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('has an id for headers, however a foreign event is called', async () => {
    const ids = await Promise.all(
      ['a.b', 'a\nb', 'ü', '', 'x'.repeat(500), `${'x'.repeat(500)}y`].map((id) =>
        idOf(recordedEvent(id)),
      ),
    )
    for (const id of ids) expect(id).toMatch(/^[\w-]{0,64}_[0-9a-f]{16}$/)
    expect(new Set(ids).size).toBe(ids.length)
  })
})
