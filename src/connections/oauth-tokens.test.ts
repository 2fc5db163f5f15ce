import { beforeEach, describe, expect, it } from 'vitest'

import type { OAuthAuthorization } from '#src/model/connection.ts'
import { NO_PARAMETERS } from '#src/model/credentials.ts'
import type { Outbound, OutboundOutcome, OutboundRequest } from '#src/ports/outbound.ts'
import { createOAuthTokens } from './oauth-tokens.ts'

const AUTHORIZATION: OAuthAuthorization = {
  type: 'OAUTH_CLIENT_CREDENTIALS',
  clientId: 'id',
  clientSecret: 'secret',
  endpoint: 'https://auth.example.com/token',
  method: 'POST',
  parameters: NO_PARAMETERS,
}

let now: number
let requests: OutboundRequest[]
/** Of the token that is given next. */
let life: { readonly expires_in?: unknown }

beforeEach(() => {
  now = 1_750_000_000_000
  requests = []
  life = { expires_in: 3_600 }
})

const answered = (status: number, body: string): OutboundOutcome => ({
  ...{ kind: 'answered', status, headers: {}, body, bodyTruncated: false, durationMs: 1 },
})
function tokensOf(
  answer = () => answered(200, JSON.stringify({ access_token: `t${requests.length}`, ...life })),
  refusal?: string,
) {
  const outbound: Outbound = {
    request: async (request) => {
      requests.push(request)
      return answer()
    },
    refusalOf: () => undefined,
    close: async () => undefined,
  }
  const clock = { now: () => now }
  return createOAuthTokens({ outbound, clock, endpointRefusal: () => refusal })
}
const held = async (tokens: ReturnType<typeof tokensOf>, holder = 'a') => {
  const outcome = await tokens.tokenFor(holder, AUTHORIZATION)
  return outcome.ok ? outcome.token : outcome.error
}

describe('a token', () => {
  it('is fetched once for all who ask at the same time, and then held', async () => {
    const tokens = tokensOf()
    const asked = await Promise.all([held(tokens), held(tokens), held(tokens)])
    expect(asked).toEqual(['t1', 't1', 't1'])
    expect(await held(tokens)).toBe('t1')
    expect(requests).toHaveLength(1)
  })

  it('of one holder is not that of another', async () => {
    const tokens = tokensOf()
    expect([await held(tokens, 'a'), await held(tokens, 'b')]).toEqual(['t1', 't2'])
  })

  it.each([
    [3_600, 3_600_000 - 60_000],
    ['3600', 3_600_000 - 60_000],
    [100, 90_000],
  ])('that lives for %s seconds is renewed a while before', async (seconds, goodMs) => {
    life = { expires_in: seconds }
    const tokens = tokensOf()
    await held(tokens)
    now += goodMs - 1
    expect(await held(tokens)).toBe('t1')
    now += 1
    expect(await held(tokens)).toBe('t2')
  })

  it.each([{}, { expires_in: 'soon' }, { expires_in: -1 }])(
    'that says %j of its life is good until it is refused',
    async (given) => {
      life = given
      const tokens = tokensOf()
      await held(tokens)
      now += 365 * 24 * 60 * 60_000
      expect(await held(tokens)).toBe('t1')
      tokens.refused('a', 't1')
      expect(await held(tokens)).toBe('t2')
    },
  )

  it('that is refused late does not take the place of the one that came after', async () => {
    const tokens = tokensOf()
    await held(tokens)
    tokens.refused('a', 't1')
    await held(tokens)
    tokens.refused('a', 't1')
    expect(await held(tokens)).toBe('t2')
  })
})

describe('where there is no token', () => {
  const failed = async (outcome: OutboundOutcome) =>
    tokensOf(() => outcome).tokenFor('a', AUTHORIZATION)

  it.each([
    [answered(400, ''), 'ERROR_FROM_TARGET', true],
    [answered(401, ''), 'ERROR_FROM_TARGET', true],
    [answered(302, ''), 'ERROR_FROM_TARGET', true],
    [answered(429, ''), 'THROTTLING', false],
    [answered(503, ''), 'ERROR_FROM_TARGET', false],
    [answered(200, 'no JSON'), 'ERROR_FROM_TARGET', true],
    [answered(200, 'null'), 'ERROR_FROM_TARGET', true],
    [answered(200, '{"access_token":""}'), 'ERROR_FROM_TARGET', true],
    [{ kind: 'refused', message: 'private' }, 'INVALID_PARAMETER', true],
    [{ kind: 'failed', reason: 'timeout', message: 'late', durationMs: 1 }, 'TIMEOUT', false],
  ] as const)('because of %j, that is %s', async (outcome, code, isFinal) => {
    const found = await failed(outcome)
    expect(found).toMatchObject({ ok: false, isFinal, error: { code } })
    expect(JSON.stringify(found)).not.toContain('secret')
  })

  it('because the endpoint is not allowed any more, nothing is sent', async () => {
    const tokens = tokensOf(undefined, 'not allowed')
    expect(await held(tokens)).toEqual({
      ...{ code: 'INVALID_PARAMETER', message: 'no access token: not allowed' },
    })
    expect(requests).toEqual([])
  })

  it('the next who asks asks anew', async () => {
    let status = 503
    const tokens = tokensOf(() => answered(status, '{"access_token":"t"}'))
    await held(tokens)
    status = 200
    expect(await held(tokens)).toBe('t')
  })
})
