import { join, resolve } from 'node:path'

import { numberOf } from './config-values.ts'
import type { Setting } from './config-values.ts'

/** Where the logs of event buses go. */
export interface BusLogConfig {
  readonly folder: string
  /** What the log of one bus takes at most. */
  readonly bytesMax: number
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
  return {
    folder: folder === '' ? join(dataFolder, 'bus-logs') : resolve(folder),
    bytesMax: numberOf(
      'bus-log-bytes',
      textOf('bus-log-bytes'),
      LOG_BYTES_MIN,
      Number.MAX_SAFE_INTEGER,
    ),
  }
}
