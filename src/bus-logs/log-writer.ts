import { setTimeout as sleep } from 'node:timers/promises'

import type { LogFiles } from '#src/ports/log-files.ts'

export interface LogWriter {
  /** Takes a line for a file, or drops it where too much waits already; never waits itself. */
  add(path: string, line: string): void
  /** Writes what waits, if that does not take long, and takes no more. */
  close(): Promise<void>
}

export interface LogWriterPorts {
  readonly files: LogFiles
  readonly onWritten: (lines: number) => void
  /** Lines are lost for a reason. */
  readonly onDropped: (lines: number, reason: string) => void
}

/** What waits for the disk, in characters: some seconds of a busy hub that logs everything. */
export const WAITING_CHARACTERS_MAX = 16 * 1024 * 1024
/** Lines that come meanwhile share a write. */
const WRITE_EVERY_MS = 200
/** A disk that hangs does not hold up the stop of the hub. */
const CLOSE_WITHIN_MS = 2_000

/** Lines on their way to files: bounded in memory, and nobody waits for them. */
export function createLogWriter({ files, onWritten, onDropped }: LogWriterPorts): LogWriter {
  const waiting = new Map<string, string[]>()
  let characters = 0
  let dropped = 0
  let isClosed = false
  let running: Promise<void> | undefined
  const closing = new AbortController()

  const writeAll = async () => {
    for (const [path, lines] of waiting) {
      waiting.delete(path)
      const outcome = await files.append(path, lines)
      // What is being written is still in memory.
      for (const line of lines) characters -= line.length
      if (outcome.kind === 'written') onWritten(lines.length)
      else onDropped(lines.length, outcome.message)
    }
    tellDropped()
  }
  const tellDropped = () => {
    if (dropped > 0) onDropped(dropped, 'more was to be logged than the disk takes')
    dropped = 0
  }
  const run = async () => {
    while (waiting.size > 0) {
      await sleep(WRITE_EVERY_MS, undefined, { signal: closing.signal }).catch(() => undefined)
      await writeAll()
    }
    running = undefined
  }

  return {
    add: (path, line) => {
      if (isClosed || characters + line.length > WAITING_CHARACTERS_MAX) {
        dropped += 1
        return
      }
      characters += line.length
      const lines = waiting.get(path)
      if (lines === undefined) waiting.set(path, [line])
      else lines.push(line)
      running ??= run()
    },
    close: async () => {
      isClosed = true
      closing.abort()
      await Promise.race([running, sleep(CLOSE_WITHIN_MS, undefined, { ref: false })])
      tellDropped()
    },
  }
}
