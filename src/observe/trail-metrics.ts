import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'

import type { Clock } from '#src/ports/clock.ts'
import type { Observer } from '#src/ports/observer.ts'
import type { Logger } from './log.ts'

interface TrailMetricsPorts {
  readonly registers: Registry[]
  readonly log: Logger
  readonly clock: Clock
}

const MS_PER_SECOND = 1_000

/** What the trail tells of itself. */
export function createTrailMetrics({
  registers,
  log,
  clock,
}: TrailMetricsPorts): Pick<Observer, 'trailWritten' | 'trailWaiting'> {
  const written = new Counter({
    name: 'belfry_trail_objects_total',
    help: 'Objects written to the trail',
    registers,
  })
  const kept = new Counter({
    name: 'belfry_trail_events_total',
    help: 'Tenancy events written to the trail',
    registers,
  })
  let waitsSince: number | undefined
  const lag = new Gauge({
    name: 'belfry_trail_lag_seconds',
    help: 'How long the oldest tenancy event has waited that is not in the trail yet',
    registers,
    // Told when it is asked for: a trail that cannot be written falls behind in silence.
    collect: () => {
      const lagMs = waitsSince === undefined ? 0 : clock.now() - waitsSince
      lag.set(Math.max(0, lagMs / MS_PER_SECOND))
    },
  })
  return {
    trailWritten: (objects, events) => {
      written.inc(objects)
      kept.inc(events)
      log.info({ objects, events }, 'trail.written')
    },
    trailWaiting: (since) => {
      waitsSince = since
    },
  }
}
