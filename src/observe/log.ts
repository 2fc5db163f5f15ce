import pino from 'pino'
import type { Logger } from 'pino'

export type { Logger }

/** One line of JSON on standard error for each finished thing; standard output is for people. */
export function createLogger(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: false }),
  )
}
