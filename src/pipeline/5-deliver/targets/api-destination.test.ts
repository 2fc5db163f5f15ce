import { gzipSync, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { ApiDestination, Credentials } from '#src/model/connection.ts'
import { NO_PARAMETERS } from '#src/model/credentials.ts'
import type { Delivery } from '#src/model/delivery.ts'
import type { Invocation } from '#src/model/invocation.ts'
import type { OutboundOutcome, OutboundRequest } from '#src/ports/outbound.ts'
import { recordedEvent } from '../../pipeline.fixture.ts'
import { createRateLimits } from '../rate-limits.ts'
import { createApiDestinationTarget } from './api-destination.ts'
import { apiRequest } from './api-request.ts'

const ARN = 'arn:aws:events:us-east-1:111111111111:api-destination/d/1'
const SECRET = 'the secret'
const CREDENTIALS: Credentials = {
  authorization: { type: 'API_KEY', name: 'x-key', value: SECRET },
  parameters: NO_PARAMETERS,
}
const DESTINATION: ApiDestination = {
  ...{ account: '111111111111', region: 'us-east-1', name: 'd', arn: ARN, connectionArn: 'c' },
  ...{ endpoint: 'https://api.example.com/', method: 'POST', ratePerSecond: 300 },
  ...{ createdAt: 0, modifiedAt: 0 },
}

interface World {
  readonly invocation?: Partial<Invocation>
  readonly bytes?: Uint8Array
  readonly encoding?: string
  readonly refusal?: string
  /** What the token takes. */
  readonly tokenMs?: number
}

async function attempt({ invocation = {}, bytes, encoding, refusal, tokenMs = 0 }: World) {
  let now = 1_750_000_000_000
  const requests: OutboundRequest[] = []
  const outcome: OutboundOutcome = {
    ...{ kind: 'answered', status: 200, body: '', bodyTruncated: false, durationMs: 1 },
    headers: encoding === undefined ? {} : { 'content-encoding': encoding },
    bytes: bytes ?? Buffer.alloc(0),
  }
  const target = createApiDestinationTarget({
    outbound: {
      request: async (request) => {
        requests.push(request)
        return outcome
      },
      refusalOf: () => undefined,
      close: async () => undefined,
    },
    clock: { now: () => now },
    rateLimits: createRateLimits(),
    invocationOf: async () => ({
      destination: DESTINATION,
      connectionState: 'AUTHORIZED',
      credentials: CREDENTIALS,
      token: async () => {
        now += tokenMs
        return undefined
      },
      tokenRefused: () => undefined,
      ...invocation,
    }),
    endpointRefusal: () => refusal,
  })
  const delivery = { id: 1, ruleArn: 'r', target: { id: 't', arn: ARN } } as Delivery
  const attempted = () => target.attempt(delivery, recordedEvent('e'))
  return { first: await attempted(), again: attempted, requests }
}

describe('an attempt at an API destination', () => {
  it('has five seconds for the token and the request together', async () => {
    const timeoutAfter = async (tokenMs: number) =>
      (await attempt({ tokenMs })).requests[0]?.timeoutMs
    expect(await timeoutAfter(0)).toBe(5_000)
    expect(await timeoutAfter(3_999)).toBe(1_001)
    expect(await timeoutAfter(6_000)).toBe(1)
  })

  it('asks for a turn first: without one it needs neither token nor request', async () => {
    let tokens = 0
    const token = async () => {
      tokens += 1
      return undefined
    }
    const destination = { ...DESTINATION, ratePerSecond: 1 }
    const { again, requests } = await attempt({ invocation: { destination, token } })
    expect(await again()).toEqual({ kind: 'held-up', notBefore: 1_750_000_001_000 })
    expect([tokens, requests.length]).toEqual([1, 1])
  })

  it('is not made where the hub does not allow the endpoint any more', async () => {
    const { first, requests } = await attempt({ refusal: 'no TLS' })
    expect(first).toEqual({
      kind: 'permanent',
      error: { code: 'INVALID_PARAMETER', message: 'no TLS' },
    })
    expect(requests).toEqual([])
  })

  it.each([
    ['INVALID_PARAMETER', 'permanent'],
    ['TIMEOUT', 'retryable'],
    ['ERROR_FROM_TARGET', 'retryable'],
  ] as const)('without a token because of %s is %s', async (code, kind) => {
    const error = { code, message: 'no access token' }
    const token = async () => ({ ok: false as const, error, isFinal: true })
    const { first, requests } = await attempt({ invocation: { token } })
    expect(first).toEqual({ kind, error })
    expect(requests).toEqual([])
  })
})

describe('the answer of an API destination', () => {
  const answer = async (world: World) => (await attempt(world)).first.answer?.body
  const text = `you said ${SECRET}, ${encodeURIComponent(SECRET)} and the+secret`

  it.each([
    ['plain', Buffer.from(text), undefined],
    ['gzip', gzipSync(text), 'gzip'],
    ['deflate', deflateSync(text), 'deflate'],
  ])('is kept as text without secrets: %s', async (_what, bytes, encoding) => {
    const world = { bytes, ...(encoding !== undefined && { encoding }) }
    expect(await answer(world)).toBe('you said [secret], [secret] and [secret]')
  })

  it('that is not what it says it is, is kept as nothing', async () => {
    expect(await answer({ bytes: Buffer.from('no gzip'), encoding: 'gzip' })).toBe('')
  })

  it('that unpacks to very much is read in part', async () => {
    const bytes = gzipSync(Buffer.alloc(64 * 1024 * 1024, 'x'))
    expect((await answer({ bytes, encoding: 'gzip' }))?.length).toBeLessThan(5_000)
  })

  it('shows no part of a secret, wherever it is cut', async () => {
    for (let before = 4_086; before < 4_100; before += 1) {
      const body = await answer({ bytes: Buffer.from('x'.repeat(before) + SECRET.repeat(3)) })
      expect(body).toMatch(/^x*(\[secret\])*[\w[\]]*$/)
      expect(body).not.toContain('the')
    }
  })
})

describe('the path of a request', () => {
  const pathOf = (endpoint: string, values: readonly string[]) => {
    const made = apiRequest({
      destination: { endpoint, method: 'POST' },
      ...{ credentials: CREDENTIALS, token: undefined, eventJson: '{}', input: '{}' },
      http: { path: values, header: {}, query: {} },
    })
    return made.ok ? new URL(made.request.url).pathname : made.error.code
  }

  it('has each value in its place, whatever it is, or there is no request', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 2 }),
        (values) => {
          fc.pre(values.every((value) => !value.startsWith('$')))
          const path = pathOf('https://example.com/a/*/b/x-*', values)
          if (path === 'INVALID_PARAMETER') {
            expect(values.some((value) => ['', '.', '..'].includes(value))).toBe(true)
            return
          }
          const [, a, first = '', b, second = ''] = path.split('/')
          expect([a, b]).toEqual(['a', 'b'])
          expect([first, second].map(decodeURIComponent)).toEqual([values[0], `x-${values[1]}`])
        },
      ),
    )
  })

  it.each([
    ['https://example.com/a/*', ['..']],
    ['https://example.com/a/*', ['.']],
    ['https://example.com/a/.*/b', ['.']],
    ['https://example.com/%2e*/b', ['.']],
    ['https://example.com/*', []],
    ['https://example.com/', ['a']],
    ['https://example.com/?q=*', ['a']],
  ])('is none for %s with %j', (endpoint, values) => {
    expect(pathOf(endpoint, values)).toBe('INVALID_PARAMETER')
  })
})
