/** How far a reader of the log has come, for who waits for it. */
export interface ReaderMark {
  passed(sequence: number): void
  hasPassed(sequence: number): boolean
  /** Resolves once the reader is done with a batch, or when the signal aborts. */
  reached(sequence: number, signal: AbortSignal): Promise<void>
}

export function createReaderMark(): ReaderMark {
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
