import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

import { StoreFullFault } from '#src/errors.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { DeliveryQueue } from '#src/ports/delivery-queue.ts'
import type { Observer } from '#src/ports/observer.ts'
import type { Logger } from './log.ts'
import { createTrailMetrics } from './trail-metrics.ts'

export interface Observation {
  readonly observer: Observer
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
  /** A call of a door failed through no fault of the caller. */
  readonly callFailed: (error: unknown) => void
  /** Whether the store refused something lately for want of room. */
  readonly storeIsFull: () => boolean
}

export interface ObservationPorts {
  readonly log: Logger
  readonly queue: DeliveryQueue
  readonly clock: Clock
}

/** A stage that the store refuses tries again every five seconds. */
const STORE_FULL_REMEMBERED_MS = 15_000

/** Attempts last from a loopback's millisecond to the target's timeout. */
const ATTEMPT_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5]
const MS_PER_SECOND = 1_000

/** A target that is down for a day fails often; only what is given up needs a person. */
const ATTEMPT_LEVELS = { delivered: 'debug', retry: 'info', dead: 'warn' } as const

/** Every metric of the hub, with closed sets of labels, and the log lines of finished things. */
export function createObservation({ log, queue, clock }: ObservationPorts): Observation {
  const registers = [new Registry()]
  const [registry] = registers as [Registry]
  collectDefaultMetrics({ register: registry })
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name, help, labelNames, registers })
  const accepted = counter(
    'belfry_events_accepted_total',
    'Events that were accepted and made durable, by the door they came through',
    ['door'],
  )
  const refused = counter(
    'belfry_events_refused_total',
    'Events that were refused, by door and error code',
    ['door', 'code'],
  )
  const dropped = counter(
    'belfry_events_dropped_total',
    'Events put to an event bus that does not exist: acknowledged and dropped, as on AWS',
  )
  const routed = counter('belfry_events_routed_total', 'Events whose rules have been matched')
  const deliveries = counter(
    'belfry_deliveries_total',
    'Deliveries that routing decided: one for each matched event and target',
  )
  const enriched = counter(
    'belfry_tenancy_events_enriched_total',
    'Tenancy events that gained the names behind their IDs',
  )
  const unresolved = counter(
    'belfry_tenancy_ids_unresolved_total',
    'IDs in tenancy events that the directory did not know',
  )
  const attempts = new Histogram({
    name: 'belfry_delivery_attempt_seconds',
    help: 'Delivery attempts, by how they ended',
    labelNames: ['outcome'],
    buckets: ATTEMPT_SECONDS,
    registers,
  })
  const faults = counter(
    'belfry_stage_faults_total',
    'Times a stage could not do its work and tried again',
    ['stage'],
  )
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

  let storeFullAt = Number.NEGATIVE_INFINITY
  const noteFault = (error: unknown) => {
    if (error instanceof StoreFullFault) storeFullAt = clock.now()
  }

  return {
    callFailed: (error) => {
      noteFault(error)
      log.error({ err: error }, 'call.failed')
    },
    storeIsFull: () => clock.now() - storeFullAt < STORE_FULL_REMEMBERED_MS,
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
        const level = ATTEMPT_LEVELS[outcome]
        if (!log.isLevelEnabled(level)) return
        const { id, eventId, ruleArn, targetId } = delivery
        const attempt = delivery.attempts + 1
        log[level](
          { deliveryId: id, eventId, ruleArn, targetId, attempt, outcome, durationMs, error },
          'delivery.attempted',
        )
      },
      ...createTrailMetrics({ registers, log, clock }),
      stageFaulted: (stage, error) => {
        noteFault(error)
        faults.inc({ stage })
        log.error({ stage, err: error }, 'stage.faulted')
      },
    },
  }
}
