/** How much the log of an event bus tells, from nothing to everything. */
export const LOG_LEVELS = ['OFF', 'ERROR', 'INFO', 'TRACE'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export const LOG_DETAILS = ['NONE', 'FULL'] as const

/** What an event bus writes to its log. */
export interface LogConfig {
  readonly level: LogLevel
  /** Whether it has what events say, what targets are sent and what they answer. */
  readonly includeDetail: (typeof LOG_DETAILS)[number]
}

/** Whether a log of some level has what is of another. */
export function tells(log: LogLevel, step: LogLevel): boolean {
  return LOG_LEVELS.indexOf(step) <= LOG_LEVELS.indexOf(log)
}
