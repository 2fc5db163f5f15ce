/** How far routing has come, for who waits for it. */
export interface RoutingMark {
  passed(sequence: number): void
  hasPassed(sequence: number): boolean
  /** Resolves once routing is done with a batch, or when the signal aborts. */
  reached(sequence: number, signal: AbortSignal): Promise<void>
}

export function createRoutingMark(): RoutingMark {
  let mark = -1
  const waiting = new Set<() => void>()
  return {
    passed: (sequence) => {
      mark = sequence
      for (const look of waiting) look()
    },
    hasPassed: (sequence) => mark >= sequence,
    reached: (sequence, signal) =>
      new Promise((resolve) => {
        const look = () => {
          if (mark < sequence && !signal.aborted) return
          waiting.delete(look)
          signal.removeEventListener('abort', look)
          resolve()
        }
        waiting.add(look)
        signal.addEventListener('abort', look)
        look()
      }),
  }
}
