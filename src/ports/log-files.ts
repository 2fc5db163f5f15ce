import type { AppendOutcome } from './event-files.ts'

/** Files of lines that are bounded: where there would be too many, the oldest are gone. */
export interface LogFiles {
  /**
   * Adds lines without a line break of their own, none of them longer than a file may be. One call
   * at a time.
   */
  append(path: string, lines: readonly string[]): Promise<AppendOutcome>
}
