import { Counter } from 'prom-client'
import type { Registry } from 'prom-client'

import type { Observer } from '#src/ports/observer.ts'
import type { Logger } from './log.ts'

interface BusLogMetricsPorts {
  readonly registers: Registry[]
  readonly log: Logger
}

/** What the logs of event buses tell of themselves. */
export function createBusLogMetrics({
  registers,
  log,
}: BusLogMetricsPorts): Pick<Observer, 'busLogWritten' | 'busLogDropped'> {
  const written = new Counter({
    name: 'belfry_bus_log_records_total',
    help: 'Records written to the logs of event buses',
    registers,
  })
  const dropped = new Counter({
    name: 'belfry_bus_log_records_dropped_total',
    help: 'Records that the logs of event buses lack: the disk was too slow, full or refused',
    registers,
  })
  return {
    busLogWritten: (records) => written.inc(records),
    busLogDropped: (records, reason) => {
      dropped.inc(records)
      log.warn({ records, reason }, 'bus-log.dropped')
    },
  }
}
