import type { AttemptError } from '#src/model/delivery.ts'
import { retryAfterMsOf } from '#src/model/retry-after.ts'
import type { OutboundOutcome } from '#src/ports/outbound.ts'
import type { AttemptOutcome } from '../retry-schedule.ts'

/** EventBridge gives an API destination five seconds in all. */
export const ATTEMPT_TIMEOUT_MS = 5_000

/** Answers after which EventBridge tries again, besides all of 5xx. */
const RETRIED_STATUSES = new Set([401, 407, 409, 429])
const TOO_MANY_REQUESTS = 429

/** What the outcome of an HTTP request makes of an attempt. */
export function attemptOutcomeOf(outcome: OutboundOutcome, now: number): AttemptOutcome {
  switch (outcome.kind) {
    case 'answered':
      return {
        ...outcomeOfStatus(outcome.status, outcome.headers['retry-after'], now),
        answer: { status: outcome.status, body: outcome.body },
      }
    case 'refused':
      return { kind: 'permanent', error: { code: 'INVALID_PARAMETER', message: outcome.message } }
    case 'failed':
      return {
        kind: 'retryable',
        error: {
          code: outcome.reason === 'timeout' ? 'TIMEOUT' : 'CONNECTION_FAILURE',
          message: outcome.message,
        },
      }
    default:
      return outcome satisfies never
  }
}

function outcomeOfStatus(
  status: number,
  retryAfter: string | undefined,
  now: number,
): AttemptOutcome {
  if (status >= 200 && status < 300) return { kind: 'success' }
  const redirect = status >= 300 && status < 400
  const error: AttemptError = {
    code: status === TOO_MANY_REQUESTS ? 'THROTTLING' : 'ERROR_FROM_TARGET',
    message: `the target answered ${status}${redirect ? '; redirects are not followed' : ''}`,
  }
  // EventBridge takes a negative Retry-After as a request not to come back.
  const isUnwanted = Number(retryAfter) < 0
  if (isUnwanted || (status < 500 && !RETRIED_STATUSES.has(status))) {
    return { kind: 'permanent', error }
  }
  const retryAfterMs = retryAfterMsOf(retryAfter, now)
  return { kind: 'retryable', error, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}
