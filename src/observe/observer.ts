import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

import type { DeliveryQueue } from '#src/ports/delivery-queue.ts'
import type { Observer } from '#src/ports/observer.ts'
import type { Logger } from './log.ts'

export interface Observation {
  readonly observer: Observer
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
}

/** Attempts last from a loopback's millisecond to the target's timeout. */
const ATTEMPT_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5]
const MS_PER_SECOND = 1_000

/** Every metric of the hub, with closed sets of labels, and the log lines of finished things. */
export function createObservation(log: Logger, queue: DeliveryQueue): Observation {
  const registers = [new Registry()]
  const [registry] = registers as [Registry]
  collectDefaultMetrics({ register: registry })
  const accepted = new Counter({
    name: 'belfry_events_accepted_total',
    help: 'Events that were accepted and made durable, by the door they came through',
    labelNames: ['door'],
    registers,
  })
  const refused = new Counter({
    name: 'belfry_events_refused_total',
    help: 'Events that were refused, by door and error code',
    labelNames: ['door', 'code'],
    registers,
  })
  const dropped = new Counter({
    name: 'belfry_events_dropped_total',
    help: 'Events put to an event bus that does not exist: acknowledged and dropped, as on AWS',
    registers,
  })
  const routed = new Counter({
    name: 'belfry_events_routed_total',
    help: 'Events whose rules have been matched',
    registers,
  })
  const deliveries = new Counter({
    name: 'belfry_deliveries_total',
    help: 'Deliveries that routing decided: one for each matched event and target',
    registers,
  })
  const enriched = new Counter({
    name: 'belfry_tenancy_events_enriched_total',
    help: 'Tenancy events that gained the names behind their IDs',
    registers,
  })
  const unresolved = new Counter({
    name: 'belfry_tenancy_ids_unresolved_total',
    help: 'IDs in tenancy events that the directory did not know',
    registers,
  })
  const attempts = new Histogram({
    name: 'belfry_delivery_attempt_seconds',
    help: 'Delivery attempts, by how they ended',
    labelNames: ['outcome'],
    buckets: ATTEMPT_SECONDS,
    registers,
  })
  const faults = new Counter({
    name: 'belfry_stage_faults_total',
    help: 'Times a stage could not do its work and tried again',
    labelNames: ['stage'],
    registers,
  })
  const counted = new Gauge({
    name: 'belfry_deliveries_stored',
    help: 'Deliveries in the store: pending, or dead letters',
    labelNames: ['state'],
    registers,
    collect: async () => {
      const { pending, dead } = await queue.counts()
      counted.set({ state: 'pending' }, pending)
      counted.set({ state: 'dead' }, dead)
    },
  })

  return {
    metrics: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    observer: {
      entriesAccepted: (door, count) => accepted.inc({ door }, count),
      entryRefused: (door, code) => refused.inc({ door, code }),
      entryDropped: () => dropped.inc(),
      eventsRouted: (count, decided) => {
        routed.inc(count)
        deliveries.inc(decided)
      },
      eventEnriched: (unresolvedIds) => {
        enriched.inc()
        unresolved.inc(unresolvedIds)
      },
      attemptFinished: ({ delivery, outcome, durationMs, error }) => {
        attempts.observe({ outcome }, durationMs / MS_PER_SECOND)
        const level = outcome === 'delivered' ? 'debug' : 'warn'
        if (!log.isLevelEnabled(level)) return
        const { id, eventId, ruleArn, targetId } = delivery
        const attempt = delivery.attempts + 1
        log[level](
          { deliveryId: id, eventId, ruleArn, targetId, attempt, outcome, durationMs, error },
          'delivery.attempted',
        )
      },
      stageFaulted: (stage, error) => {
        faults.inc({ stage })
        log.error({ stage, err: error }, 'stage.faulted')
      },
    },
  }
}
