import { Readable } from 'node:stream'
import { constants, createUnzip } from 'node:zlib'

import type { ApiDestination, Credentials } from '#src/model/connection.ts'
import { secretTextsOf } from '#src/model/credentials.ts'
import type { AttemptError, Delivery } from '#src/model/delivery.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { Invocation } from '#src/model/invocation.ts'
import { inputFor } from '#src/model/target-input/target-input.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Outbound, OutboundOutcome } from '#src/ports/outbound.ts'
import type { TargetKind } from '../dispatcher.ts'
import type { RateLimit, RateLimits } from '../rate-limits.ts'
import type { AttemptOutcome } from '../retry-schedule.ts'
import { apiRequest } from './api-request.ts'
import { ATTEMPT_TIMEOUT_MS, attemptOutcomeOf } from './http-answer.ts'

export interface ApiDestinationPorts {
  readonly outbound: Outbound
  readonly clock: Clock
  readonly rateLimits: RateLimits
  /** Undefined where there is no such API destination. */
  readonly invocationOf: (arn: string) => Promise<Invocation | undefined>
  /** Why requests may not go to a URL, or undefined: what is allowed may have changed. */
  readonly endpointRefusal: (url: string) => string | undefined
}

const ATTEMPTS_PER_TARGET_MAX = 16
const ANSWER_BYTES_MAX = 65_536
/** A history keeps fewer; no part of a text that was cut has so few. */
const ANSWER_CHARACTERS_MAX = 4_096
/** The endpoint does not take the token. */
const TOKEN_REFUSED = new Set([401, 407])

/** A target that is an API destination: an endpoint, asked as its connection says. */
export function createApiDestinationTarget(ports: ApiDestinationPorts): TargetKind {
  return {
    concurrency: ATTEMPTS_PER_TARGET_MAX,
    attempt: async (delivery, event) => {
      const startedAt = ports.clock.now()
      const { arn } = delivery.target
      const invocation = await ports.invocationOf(arn)
      if (invocation === undefined) {
        return permanent('NO_RESOURCE', `API destination ${arn} does not exist`)
      }
      const { destination, credentials, connectionState } = invocation
      if (credentials === undefined || connectionState === 'DEAUTHORIZED') {
        const message = `connection ${destination.connectionArn} is not authorized`
        return permanent('NO_PERMISSIONS', message)
      }
      // Asked first so that nothing is done in vain, a token above all.
      const notBefore = ports.rateLimits.notBefore(limitOf(destination), startedAt)
      if (notBefore !== undefined) return { kind: 'held-up', notBefore }
      const outcome = await invocation.token()
      if (outcome?.ok === false) {
        // What the policy refuses stays refused; an authorization endpoint may change its mind.
        const kind = outcome.error.code === 'INVALID_PARAMETER' ? 'permanent' : 'retryable'
        return { kind, error: outcome.error }
      }
      const token = outcome?.token
      return send(ports, { delivery, event, invocation, credentials, token, startedAt })
    },
  }
}

interface Sent {
  readonly delivery: Delivery
  readonly event: RecordedEvent
  readonly invocation: Invocation
  readonly credentials: Credentials
  /** OAuth: the access token. */
  readonly token: string | undefined
  readonly startedAt: number
}

async function send(
  { outbound, clock, rateLimits, endpointRefusal }: ApiDestinationPorts,
  { delivery, event, invocation, credentials, token, startedAt }: Sent,
): Promise<AttemptOutcome> {
  const { destination, tokenRefused } = invocation
  const input = inputFor(delivery, event)
  if (!input.ok) return { kind: 'permanent', error: input.error }
  const made = apiRequest({
    destination,
    credentials,
    token,
    http: delivery.target.http,
    eventJson: event.json,
    input: input.text,
  })
  if (!made.ok) return { kind: 'permanent', error: made.error }
  const refusal = endpointRefusal(made.request.url)
  if (refusal !== undefined) return permanent('INVALID_PARAMETER', refusal)

  const notBefore = rateLimits.take(limitOf(destination), clock.now())
  if (notBefore !== undefined) return { kind: 'held-up', notBefore }
  const outcome = await outbound.request({
    ...made.request,
    timeoutMs: Math.max(1, startedAt + ATTEMPT_TIMEOUT_MS - clock.now()),
    responseBytesMax: ANSWER_BYTES_MAX,
  })
  if (outcome.kind === 'answered' && token !== undefined && TOKEN_REFUSED.has(outcome.status)) {
    tokenRefused(token)
  }
  const shown = await withReadableBody(outcome, secretTextsOf(credentials, token))
  return attemptOutcomeOf(shown, clock.now())
}

function limitOf({ arn, ratePerSecond }: ApiDestination): RateLimit {
  return { name: arn, perSecond: ratePerSecond }
}

/** An answer is kept for all who may see the delivery, so it is kept without secrets. */
async function withReadableBody(
  outcome: OutboundOutcome,
  secrets: readonly string[],
): Promise<OutboundOutcome> {
  if (outcome.kind !== 'answered') return outcome
  const { bytes = Buffer.alloc(0), headers } = outcome
  const text = await decoded(bytes, headers['content-encoding'])
  const body = secrets.reduce(
    (shown, secret) => shown.replaceAll(secret, '[secret]'),
    text.slice(0, ANSWER_CHARACTERS_MAX),
  )
  // A secret that was cut shows no part of itself.
  const cut = text.length > ANSWER_CHARACTERS_MAX ? (secrets[0]?.length ?? 0) : 0
  return { ...outcome, body: body.slice(0, body.length - cut) }
}

/** The first part of a text, which is enough for a history; empty where it cannot be read. */
async function decoded(bytes: Uint8Array, encoding: string | undefined): Promise<string> {
  if (encoding === undefined) return Buffer.from(bytes).toString()
  try {
    const unzip = createUnzip({ finishFlush: constants.Z_SYNC_FLUSH })
    // The first chunk only: a few bytes can unpack to gigabytes.
    for await (const chunk of Readable.from([bytes]).pipe(unzip)) return String(chunk)
  } catch {
    // Not what it says it is.
  }
  return ''
}

function permanent(code: AttemptError['code'], message: string): AttemptOutcome {
  return { kind: 'permanent', error: { code, message } }
}
