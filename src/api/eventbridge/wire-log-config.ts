import { LOG_DETAILS, LOG_LEVELS } from '#src/model/bus-log.ts'
import type { LogConfig } from '#src/model/bus-log.ts'
import { structure } from './operation.ts'
import { optional, string } from './shapes.ts'

export const LOG_CONFIG = structure({
  IncludeDetail: optional(string({ enum: LOG_DETAILS })),
  Level: optional(string({ enum: LOG_LEVELS })),
})

export interface WireLogConfig {
  readonly IncludeDetail?: LogConfig['includeDetail']
  readonly Level?: LogConfig['level']
}

/** Of a part that is not given it is AWS's default: no details, no log. */
export function logConfigFrom(wire: WireLogConfig | undefined): LogConfig | undefined {
  if (wire === undefined) return undefined
  return { level: wire.Level ?? 'OFF', includeDetail: wire.IncludeDetail ?? 'NONE' }
}

export function wireLogConfig({ includeDetail, level }: LogConfig): WireLogConfig {
  return { IncludeDetail: includeDetail, Level: level }
}
