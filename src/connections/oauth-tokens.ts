import type { OAuthAuthorization } from '#src/model/connection.ts'
import type { AttemptError } from '#src/model/delivery.ts'
import { settableHeaders, withQuery } from '#src/model/http-parameters.ts'
import type { Pair } from '#src/model/http-parameters.ts'
import type { TokenOutcome } from '#src/model/invocation.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Outbound, OutboundOutcome, OutboundRequest } from '#src/ports/outbound.ts'

export interface OAuthTokens {
  /**
   * An access token, a new one where none is held that is good for a while yet.
   * @param holder whose it is: another one where the credentials are others
   */
  tokenFor(holder: string, authorization: OAuthAuthorization): Promise<TokenOutcome>
  /** The endpoint refused this token: the next one is a new one. */
  refused(holder: string, token: string): void
}

export interface OAuthTokenPorts {
  readonly outbound: Outbound
  readonly clock: Clock
  readonly endpointRefusal: (url: string) => string | undefined
}

/** Whose a token is: it changes with the credentials. */
export function tokenHolder({ arn, version }: { arn: string; version: number }): string {
  return `${arn} ${version}`
}

interface HeldToken {
  readonly token: string
  /** Epoch ms from which a new one is fetched. */
  readonly goodUntil: number
}

/** A fetch is a part of an attempt, which has no more time than this. */
const FETCH_TIMEOUT_MS = 5_000
/** So long before its end a token may end on its way already; of a short-lived one a tenth. */
const EARLY_MS_MAX = 60_000
/** About 20 MB; what is forgotten is fetched again. */
const TOKENS_HELD_MAX = 10_000

/** Fetches access tokens with client credentials and holds them, in memory only. */
export function createOAuthTokens(ports: OAuthTokenPorts): OAuthTokens {
  const { clock } = ports
  const held = new Map<string, HeldToken>()
  const underWay = new Map<string, Promise<TokenOutcome>>()

  const fetched = async (holder: string, authorization: OAuthAuthorization) => {
    const refusal = ports.endpointRefusal(authorization.endpoint)
    const outcome: OutboundOutcome =
      refusal === undefined
        ? await ports.outbound.request(tokenRequest(authorization))
        : { kind: 'refused', message: refusal }
    const answer = tokenOf(outcome, clock.now())
    if (!answer.ok) return answer
    if (held.size >= TOKENS_HELD_MAX) held.clear()
    held.set(holder, answer)
    return answer
  }

  return {
    tokenFor: async (holder, authorization) => {
      const known = held.get(holder)
      if (known !== undefined && clock.now() < known.goodUntil) {
        return { ok: true, token: known.token }
      }
      const waiting = underWay.get(holder)
      if (waiting !== undefined) return waiting
      const fetching = fetched(holder, authorization).finally(() => underWay.delete(holder))
      underWay.set(holder, fetching)
      return fetching
    },
    refused: (holder, token) => {
      if (held.get(holder)?.token === token) held.delete(holder)
    },
  }
}

/**
 * Client credentials in the body, in the query for a GET; the connection's OAuth parameters come
 * over them. The body is a form, as RFC 6749 has it, or JSON where a header says so.
 */
function tokenRequest(authorization: OAuthAuthorization): OutboundRequest {
  const { clientId, clientSecret, endpoint, method, parameters } = authorization
  const { header, query, body } = parameters
  const credentials: readonly Pair[] = [
    ['grant_type', 'client_credentials'],
    ['client_id', clientId],
    ['client_secret', clientSecret],
  ]
  const pairs = (given: typeof body) => given.map(({ key, value }): Pair => [key, value])
  const inQuery = method === 'GET' ? [...credentials, ...pairs(body)] : []
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': 'Amazon/EventBridge/ApiDestinations',
    ...settableHeaders(pairs(header)),
  }
  const members = Object.fromEntries([...credentials, ...pairs(body)])
  const text = headers['content-type'].startsWith('application/json')
    ? JSON.stringify(members)
    : new URLSearchParams(members).toString()
  const { 'content-type': _, ...bodiless } = headers
  return {
    url: withQuery(endpoint, [...inQuery, ...pairs(query)]),
    method,
    timeoutMs: FETCH_TIMEOUT_MS,
    ...(method === 'GET' ? { headers: bodiless } : { headers, body: text }),
  }
}

function tokenOf(
  outcome: OutboundOutcome,
  now: number,
): Exclude<TokenOutcome, { ok: true }> | (HeldToken & { readonly ok: true }) {
  const failed = (code: AttemptError['code'], message: string, isFinal = false) => ({
    ok: false as const,
    isFinal,
    error: { code, message: `no access token: ${message}` },
  })
  switch (outcome.kind) {
    case 'refused':
      return failed('INVALID_PARAMETER', outcome.message, true)
    case 'failed':
      return failed(
        outcome.reason === 'timeout' ? 'TIMEOUT' : 'CONNECTION_FAILURE',
        outcome.message,
      )
    case 'answered': {
      const { status, body } = outcome
      if (status < 200 || status > 299) {
        const code = status === 429 ? 'THROTTLING' : 'ERROR_FROM_TARGET'
        const isFinal = status < 500 && status !== 429
        return failed(code, `the authorization endpoint answered ${status}`, isFinal)
      }
      const answer = answerOf(body)
      if (answer === undefined) {
        return failed('ERROR_FROM_TARGET', 'the authorization endpoint answered without one', true)
      }
      const { token, lifeMs } = answer
      return { ok: true, token, goodUntil: now + lifeMs - Math.min(EARLY_MS_MAX, lifeMs / 10) }
    }
    default:
      return outcome satisfies never
  }
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-5.1 */
function answerOf(body: string): { readonly token: string; readonly lifeMs: number } | undefined {
  try {
    const answer = JSON.parse(body) as Readonly<Record<string, unknown>> | null
    const token = answer?.['access_token']
    if (typeof token !== 'string' || token === '') return undefined
    const seconds = Number(answer?.['expires_in'])
    // Without a life it is good until the endpoint refuses it.
    return { token, lifeMs: seconds >= 0 ? seconds * 1_000 : Number.MAX_SAFE_INTEGER }
  } catch {
    return undefined
  }
}
