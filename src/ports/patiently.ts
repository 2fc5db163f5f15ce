import { setTimeout as sleep } from 'node:timers/promises'

const FIRST_PAUSE_MS = 100
const PAUSE_MS_MAX = 5_000

/**
 * Does something until it succeeds or the signal aborts (then: undefined), pausing longer after
 * each fault. For work that must not be skipped, such as moving a cursor on a full disk.
 */
export async function patiently<T>(
  work: () => Promise<T>,
  onFault: (error: unknown) => void,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs *= 2) {
    try {
      return await work()
    } catch (error) {
      onFault(error)
      await pause(Math.min(pauseMs, PAUSE_MS_MAX), signal)
    }
  }
  return undefined
}

/** Resolves after a time, or at once when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
