import { DEFAULT_RETRY_POLICY } from '#src/model/event-bus.ts'
import type {
  AttemptError,
  Delivery,
  ExhaustedRetryCondition,
  TargetAnswer,
} from '#src/model/delivery.ts'

/** What an attempt came to. */
export type AttemptOutcome = { readonly answer?: TargetAnswer } & (
  | { readonly kind: 'success' }
  /** `retryAfterMs`: the target asked to be left alone for so long. */
  | { readonly kind: 'retryable'; readonly error: AttemptError; readonly retryAfterMs?: number }
  | { readonly kind: 'permanent'; readonly error: AttemptError }
  /** No attempt was made and none is counted: the target takes nothing before this (epoch ms). */
  | { readonly kind: 'held-up'; readonly notBefore: number }
)

export type Verdict =
  | { readonly kind: 'retry'; readonly nextAttemptAt: number }
  | { readonly kind: 'dead'; readonly exhausted: ExhaustedRetryCondition }

export const FIRST_RETRY_DELAY_MS = 1_000
export const RETRY_DELAY_MS_MAX = 10 * 60 * 1_000
const MS_PER_SECOND = 1_000

/** How long after its maximum age a delivery may still have its last attempt. */
const OVERDUE_AFTER_MS = 60_000

/** Whether a delivery has been too old for so long that it is past its last attempt too. */
export function isOverdue(delivery: Pick<Delivery, 'target' | 'startedAt'>, now: number): boolean {
  return now >= expiryOf(delivery) + OVERDUE_AFTER_MS
}

/**
 * When to try again, after an attempt that may be repeated: exponential backoff, halved to full by
 * jitter, never past the event's maximum age, so that a last attempt falls on its end.
 * @param attempts made so far, this one included
 * @param jitter at least 0, below 1
 */
export function verdictAfter(
  delivery: Pick<Delivery, 'target' | 'startedAt'>,
  attempts: number,
  { now, jitter, retryAfterMs = 0 }: { now: number; jitter: number; retryAfterMs?: number },
): Verdict {
  const { maximumRetryAttempts } = delivery.target.retryPolicy ?? DEFAULT_RETRY_POLICY
  const expiresAt = expiryOf(delivery)
  if (attempts > maximumRetryAttempts) return { kind: 'dead', exhausted: 'MaximumRetryAttempts' }
  if (now >= expiresAt) return { kind: 'dead', exhausted: 'MaximumEventAgeInSeconds' }
  const full = Math.min(RETRY_DELAY_MS_MAX, FIRST_RETRY_DELAY_MS * 2 ** (attempts - 1))
  const delay = Math.max(retryAfterMs, Math.round(full * (0.5 + jitter / 2)))
  return { kind: 'retry', nextAttemptAt: Math.min(now + delay, expiresAt) }
}

function expiryOf({ target, startedAt }: Pick<Delivery, 'target' | 'startedAt'>): number {
  const { maximumEventAgeInSeconds } = target.retryPolicy ?? DEFAULT_RETRY_POLICY
  return startedAt + maximumEventAgeInSeconds * MS_PER_SECOND
}
