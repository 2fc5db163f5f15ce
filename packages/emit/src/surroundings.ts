/** Time and chance, which nothing else here reads. */

export function now(): number {
  // oxlint-disable-next-line no-restricted-properties -- the one place that reads the clock
  return Date.now()
}

/** At least 0, below 1. */
export function fraction(): number {
  // oxlint-disable-next-line no-restricted-properties -- the one place that draws jitter
  return Math.random()
}

/** Resolves after a while, or at once when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
