import { signedPost } from './signature.ts'
import type { Signer } from './signature.ts'
import { fraction, now, pause } from './surroundings.ts'

/** What became of one event. */
export type Outcome = { readonly eventId: string } | Refusal

export interface Refusal {
  readonly code: string
  readonly message: string
  readonly cause?: unknown
}

/** Where batches go and how hard it is tried. */
export interface Hub extends Omit<Signer, 'at'> {
  readonly url: URL
  readonly requestTimeoutMs: number
  readonly giveUpAfterMs: number
  /** Aborts what is under way. */
  readonly closing: AbortSignal
}

const RETRY_MS_FIRST = 200
const RETRY_MS_MAX = 30_000
const TOO_MANY_REQUESTS = 429
const SERVER_ERROR = 500

/**
 * Sends events until the hub has said yes or no: again, with the same ids, while it cannot be
 * reached, is overloaded or fails.
 * @param texts one event's JSON each
 * @returns what became of each, in order
 */
export async function postBatch(hub: Hub, texts: readonly string[]): Promise<readonly Outcome[]> {
  const body = `{"events":[${texts.join(',')}]}`
  const startedAt = now()
  if (hub.closing.aborted) return texts.map(() => CLOSED)
  for (let tries = 1; ; tries += 1) {
    const answer = await post(hub, body, texts.length)
    if ('outcomes' in answer) return answer.outcomes
    if (!answer.again || hub.closing.aborted) return texts.map(() => answer.refusal)
    const waitMs =
      Math.min(RETRY_MS_MAX, RETRY_MS_FIRST * 2 ** (tries - 1)) * (0.5 + fraction() / 2)
    if (now() + waitMs - startedAt > hub.giveUpAfterMs) return texts.map(() => answer.refusal)
    await pause(waitMs, hub.closing)
    if (hub.closing.aborted) return texts.map(() => answer.refusal)
  }
}

const CLOSED: Refusal = {
  code: 'emitter.closed',
  message: 'the emitter was closed before the hub had the event',
}

type Answer =
  | { readonly outcomes: readonly Outcome[] }
  | { readonly refusal: Refusal; readonly again: boolean }

async function post(hub: Hub, body: string, count: number): Promise<Answer> {
  const { url, requestTimeoutMs, closing } = hub
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: signedPost(url, body, { ...hub, at: now() }),
      body,
      // A signature is for one address; a hub does not send its callers elsewhere.
      redirect: 'error',
      signal: AbortSignal.any([AbortSignal.timeout(requestTimeoutMs), closing]),
    })
    return answerOf(hub, response.status, await response.text(), count)
  } catch (error) {
    if (closing.aborted) return { refusal: CLOSED, again: false }
    // An AggregateError, of a name with several addresses, has no message of its own.
    const cause = ((error as Error).cause ?? error) as Error & { readonly code?: string }
    const message = `the hub at ${url.origin} cannot be reached: ${cause.message || cause.code}`
    return { refusal: { code: 'hub.unreachable', message, cause: error }, again: true }
  }
}

function answerOf(hub: Hub, status: number, text: string, count: number): Answer {
  const { code, message, results } = parsed(text)
  if (Array.isArray(results) && results.length === count && results.every(isOutcome)) {
    return { outcomes: results }
  }
  const again = status === TOO_MANY_REQUESTS || status >= SERVER_ERROR
  if (typeof code === 'string' && typeof message === 'string') {
    return { refusal: { code, message }, again }
  }
  const unknown = `what answers at ${hub.url.origin} is not a Belfry hub (status ${status}): is the address right?`
  return { refusal: { code: 'hub.unknown-answer', message: unknown }, again }
}

function isOutcome(value: unknown): value is Outcome {
  const { eventId, code, message } = (value ?? {}) as Record<string, unknown>
  return typeof eventId === 'string' || (typeof code === 'string' && typeof message === 'string')
}

function parsed(text: string): {
  readonly code?: unknown
  readonly message?: unknown
  readonly results?: unknown
} {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
