import type { AppendOutcome, EventFiles } from '#src/ports/event-files.ts'
import { appendLines } from './append-lines.ts'

interface WaitingLine {
  readonly line: string
  readonly done: (outcome: AppendOutcome) => void
}

/**
 * Files below a folder. Lines that come while a flush is under way share the next one, and each
 * flush opens its file by name: what has moved the file away, as logrotate does, gets no more.
 */
export function createEventFiles(folder: string): EventFiles {
  const files = new Map<string, WaitingLine[]>()

  const flush = async (path: string, waiting: WaitingLine[]) => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0)
      const outcome = await appendLines(
        folder,
        path,
        batch.map(({ line }) => line),
      )
      for (const { done } of batch) done(outcome)
    }
    files.delete(path)
  }

  return {
    append: (path, line) =>
      new Promise((done) => {
        const waiting = files.get(path)
        if (waiting !== undefined) waiting.push({ line, done })
        else {
          const first = [{ line, done }]
          files.set(path, first)
          void flush(path, first)
        }
      }),
  }
}
