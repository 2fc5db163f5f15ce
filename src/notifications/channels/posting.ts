import { retryAfterMsOf } from '#src/model/retry-after.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Outbound, OutboundOutcome } from '#src/ports/outbound.ts'
import type { SendResult } from './sending.ts'

export interface PostingPorts {
  readonly outbound: Pick<Outbound, 'request'>
  readonly clock: Clock
  /** Why a request that carries a secret may not go to a URL, or undefined. */
  readonly urlRefusal: (url: string) => string | undefined
}

export interface Post {
  readonly url: string
  /** As it is sent: JSON. */
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** Where the answer is long, and all of it is wanted. */
  readonly answerBytesMax?: number
  /** The other side's own word for what is wrong, in the body of a refusal. */
  readonly reasonIn?: (body: string) => string | undefined
}

export type Posted =
  | { readonly ok: true; readonly status: number; readonly body: string }
  | { readonly ok: false; readonly result: SendResult }

/** As long as a delivery has. */
const POST_TIMEOUT_MS = 10_000
/** Not now, rather than not at all. */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([408, 409, 425, 429])
/** Longer than any of the services asks for; what asks for more is asked again sooner. */
const RETRY_AFTER_MS_MAX = 60 * 60_000

/** Posts JSON, and says of every answer but 2xx whether another try may help. */
export async function posted(
  { outbound, clock, urlRefusal }: PostingPorts,
  { url, body, headers, signal, answerBytesMax, reasonIn }: Post,
): Promise<Posted> {
  const refusal = urlRefusal(url)
  if (refusal !== undefined) return { ok: false, result: { outcome: 'refused', reason: refusal } }
  const outcome = await outbound.request({
    url,
    method: 'POST',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Belfry',
      ...headers,
    },
    body,
    timeoutMs: POST_TIMEOUT_MS,
    ...(answerBytesMax !== undefined && { responseBytesMax: answerBytesMax }),
    ...(signal !== undefined && { signal }),
  })
  if (outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300) {
    const { status, body: start, bytes } = outcome
    return { ok: true, status, body: bytes === undefined ? start : Buffer.from(bytes).toString() }
  }
  return { ok: false, result: resultOf(outcome, clock.now(), reasonIn) }
}

function resultOf(
  outcome: OutboundOutcome,
  now: number,
  reasonIn: Post['reasonIn'],
): Exclude<SendResult, { outcome: 'sent' }> {
  if (outcome.kind === 'refused') return { outcome: 'refused', reason: outcome.message }
  if (outcome.kind === 'failed') return { outcome: 'retry', reason: outcome.message }
  const { status, headers, body } = outcome
  const word = reasonIn?.(body)
  const redirect = status >= 300 && status < 400 ? '; redirects are not followed' : ''
  const reason = `the other side answered ${status}${redirect}${word === undefined ? '' : `: ${word}`}`
  if (status < 500 && !RETRIED_STATUSES.has(status)) return { outcome: 'refused', reason }
  const asked = retryAfterMsOf(headers['retry-after'], now)
  const afterMs = asked && Math.min(asked, RETRY_AFTER_MS_MAX)
  return { outcome: 'retry', reason, ...(afterMs !== undefined && { afterMs }) }
}
