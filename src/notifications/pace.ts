import type { SendResult } from './channels/sending.ts'
import type { ChannelPace } from './documents.ts'

/** Messages that people get on one channel in one window; what is more is folded into the last. */
export const MESSAGES_PER_WINDOW_MAX = 5
export const WINDOW_MS = 5 * 60_000
/**
 * A storm: more incidents than a window has messages are due, or about to be. They are told in one
 * message, and the next is not sent before the storm has had its time to pass.
 */
export const ABOUT_TO_BE_DUE_MS = 60_000
const BETWEEN_STORM_MESSAGES_MS = 60_000
const FIRST_RETRY_MS = 2_000
const RETRY_MS_MAX = 10 * 60_000
export const NO_PACE: ChannelPace = { disturbedAt: [], notBefore: 0, failures: 0 }

/** Messages that people may be sent now, and when they may be sent more. */
export interface Room {
  readonly messages: number
  readonly nextAt: number
}

/** @param isStorm more is due, or about to be, than a window has messages */
export function roomIn({ disturbedAt }: ChannelPace, isStorm: boolean, now: number): Room {
  const recent = recentOf(disturbedAt, now)
  const left = MESSAGES_PER_WINDOW_MAX - recent.length
  if (left <= 0) return { messages: 0, nextAt: Math.min(...recent) + WINDOW_MS }
  const afterLast = Math.max(-Infinity, ...recent) + BETWEEN_STORM_MESSAGES_MS
  if (isStorm) return { messages: afterLast > now ? 0 : 1, nextAt: afterLast }
  return { messages: left, nextAt: now }
}

/** How a channel may be sent to after a message, or a try of one. */
export function paceAfter(
  { disturbedAt, failures }: ChannelPace,
  result: SendResult,
  { now, disturbs, jitter }: { now: number; disturbs: boolean; jitter: number },
): ChannelPace {
  // What some have had has disturbed them, whatever became of the rest.
  const recent = [...recentOf(disturbedAt, now), ...(disturbs ? [now] : [])]
  if (result.outcome !== 'retry') return { disturbedAt: recent, notBefore: now, failures: 0 }
  const backoff = Math.min(RETRY_MS_MAX, FIRST_RETRY_MS * 2 ** failures) * (0.5 + jitter / 2)
  const notBefore = now + Math.max(result.afterMs ?? 0, Math.round(backoff))
  return { disturbedAt: recent, notBefore, failures: failures + 1 }
}

function recentOf(disturbedAt: readonly number[], now: number): readonly number[] {
  return disturbedAt.filter((at) => now - at < WINDOW_MS)
}
