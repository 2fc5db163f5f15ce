import { join, resolve } from 'node:path'

import { numberOf } from './config-values.ts'
import type { Setting } from './config-values.ts'

/** Where the logs of event buses go. */
export interface BusLogConfig {
  readonly folder: string
  /** What the log of one bus takes at most. */
  readonly bytesMax: number
  /** What all of them take at most. */
  readonly totalBytesMax: number
}

export const BUS_LOG_SETTINGS = {
  'bus-logs': {
    env: 'BELFRY_BUS_LOGS',
    value: 'FOLDER',
    help: 'where event buses with a LogConfig write their logs (default: bus-logs in the data folder)',
  },
  'bus-log-bytes': {
    env: 'BELFRY_BUS_LOG_BYTES',
    fallback: '67108864',
    value: 'BYTES',
    help: 'what the log of one event bus may take; of more, the oldest goes',
  },
  'bus-logs-total-bytes': {
    env: 'BELFRY_BUS_LOGS_TOTAL_BYTES',
    fallback: '1073741824',
    value: 'BYTES',
    help: 'what the logs of all event buses may take, those of buses that are gone included; of more, the oldest of the account with most goes',
  },
} as const satisfies Record<string, Setting>

/** Each of the two files of a log takes the longest record there is, of 1 Mi characters. */
const LOG_BYTES_MIN = 8 * 1024 * 1024

/**
 * What the settings say of the logs of event buses.
 * @throws Error that says which setting is wrong and what it may be.
 */
export function readBusLogConfig(
  textOf: (name: keyof typeof BUS_LOG_SETTINGS) => string,
  dataFolder: string,
): BusLogConfig {
  const folder = textOf('bus-logs')
  const bytesOf = (name: keyof typeof BUS_LOG_SETTINGS, min: number) =>
    numberOf(name, textOf(name), min, Number.MAX_SAFE_INTEGER)
  const bytesMax = bytesOf('bus-log-bytes', LOG_BYTES_MIN)
  return {
    folder: folder === '' ? join(dataFolder, 'bus-logs') : resolve(folder),
    bytesMax,
    // Two, so that what makes room for one account is not all that there is.
    totalBytesMax: bytesOf('bus-logs-total-bytes', 2 * bytesMax),
  }
}
