import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

import type { DeliveryQueue } from '#src/ports/delivery-queue.ts'

/** Attempts last from a loopback's millisecond to the target's timeout. */
const ATTEMPT_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5]
/** Names come from memory or a read; a logging account that is yet to come takes days. */
const DISPATCH_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 10, 60, 3600]

/** Every metric of the hub, with closed sets of labels. */
export function createMetrics(queue: DeliveryQueue) {
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
  const volumeEvents = counter(
    'belfry_volume_events_total',
    'Events on event buses, by source; "tenancy" and "custom" are all of theirs',
    ['source'],
  )
  const volumeBytes = counter('belfry_volume_bytes_total', 'The same in bytes of JSON', ['source'])
  const enriched = counter(
    'belfry_tenancy_events_enriched_total',
    'Tenancy events that gained the names behind their IDs',
  )
  const unresolved = counter(
    'belfry_tenancy_ids_unresolved_total',
    'IDs in tenancy events that the directory did not know',
  )
  const enrichment = new Histogram({
    name: 'belfry_tenancy_event_dispatch_seconds',
    help: 'Until a tenancy event was sent on with its names: from its publication, and from when enrichment took it up',
    labelNames: ['from'],
    buckets: DISPATCH_SECONDS,
    registers,
  })
  const archived = counter(
    'belfry_events_archived_total',
    'Events that were added to archives: one for each event and archive',
  )
  const replayed = counter('belfry_events_replayed_total', 'Events that replays have sent again')
  const expired = counter(
    'belfry_deliveries_expired_total',
    'Deliveries that ended without another attempt: too old, and their target was failing',
  )
  const attempts = new Histogram({
    name: 'belfry_delivery_attempt_seconds',
    help: 'Delivery attempts, by how they ended',
    labelNames: ['outcome'],
    buckets: ATTEMPT_SECONDS,
    registers,
  })
  const letters = counter(
    'belfry_dead_letter_sends_total',
    'Dead letters sent to the dead-letter queues of targets, by how it ended; kept ones stay in the hub',
    ['outcome'],
  )
  const faults = counter(
    'belfry_stage_faults_total',
    'Times a stage could not do its work and tried again',
    ['stage'],
  )
  const signIns = counter('belfry_sign_ins_total', 'Sign-ins and refreshed sessions of users', [
    'method',
    'outcome',
  ])
  gaugeDeliveries(queue, registers)

  return {
    volumeEvents,
    volumeBytes,
    registry,
    accepted,
    refused,
    dropped,
    routed,
    deliveries,
    enriched,
    unresolved,
    enrichment,
    archived,
    replayed,
    attempts,
    expired,
    letters,
    faults,
    signIns,
  }
}

function gaugeDeliveries(queue: DeliveryQueue, registers: readonly Registry[]): void {
  const counted = new Gauge({
    name: 'belfry_deliveries_stored',
    help: 'Deliveries in the store: pending, or dead letters',
    labelNames: ['state'],
    registers: [...registers],
    collect: async () => {
      const { pending, dead } = await queue.counts()
      counted.set({ state: 'pending' }, pending)
      counted.set({ state: 'dead' }, dead)
    },
  })
}
