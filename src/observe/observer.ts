import { StoreFullFault } from '#src/errors.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { DeliveryQueue } from '#src/ports/delivery-queue.ts'
import type { Observer } from '#src/ports/observer.ts'
import { createBusLogMetrics } from './bus-log-metrics.ts'
import type { Logger } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createTrailMetrics } from './trail-metrics.ts'

export interface Observation {
  readonly observer: Observer
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
  /** A call of a door failed through no fault of the caller. */
  readonly callFailed: (error: unknown) => void
  /** A user signed in or was refused; of users of the hub itself no event tells. */
  readonly onSignIn: (signIn: FinishedSignIn) => void
  /** Whether the store refused something lately for want of room. */
  readonly storeIsFull: () => boolean
}

export interface FinishedSignIn {
  readonly ok: boolean
  readonly authMethod: 'Login' | 'RefreshToken'
  readonly userId?: string
  readonly organisationId?: string
}

export interface ObservationPorts {
  readonly log: Logger
  readonly queue: DeliveryQueue
  readonly clock: Clock
}

/** A stage that the store refuses tries again every five seconds. */
const STORE_FULL_REMEMBERED_MS = 15_000

const MS_PER_SECOND = 1_000

/** A target that is down for a day fails often; only what is given up needs a person. */
const ATTEMPT_LEVELS = { delivered: 'debug', retry: 'info', dead: 'warn' } as const
const SEND_LEVELS = { sent: 'debug', retry: 'info', kept: 'warn' } as const

/** What the stages tell, as metrics and as the log lines of finished things. */
export function createObservation({ log, queue, clock }: ObservationPorts): Observation {
  const metrics = createMetrics(queue)
  const sourceLabels = createSourceLabels()
  let storeFullAt = Number.NEGATIVE_INFINITY
  const noteFault = (error: unknown) => {
    if (error instanceof StoreFullFault) storeFullAt = clock.now()
  }

  return {
    callFailed: (error) => {
      noteFault(error)
      log.error({ err: error }, 'call.failed')
    },
    onSignIn: ({ ok, authMethod, userId, organisationId }) => {
      const outcome = ok ? 'success' : 'failed'
      metrics.signIns.inc({ method: authMethod, outcome })
      // Of a user of the hub itself no event tells that somebody tries.
      const alone = userId !== undefined && organisationId === undefined
      const level = alone && !ok ? 'warn' : 'info'
      log[level]({ authMethod, outcome, userId, organisationId }, 'sign-in.finished')
    },
    storeIsFull: () => clock.now() - storeFullAt < STORE_FULL_REMEMBERED_MS,
    metrics: async () => ({
      contentType: metrics.registry.contentType,
      text: await metrics.registry.metrics(),
    }),
    observer: {
      entriesAccepted: (door, count) => metrics.accepted.inc({ door }, count),
      entryRefused: (door, code) => metrics.refused.inc({ door, code }),
      entryDropped: () => metrics.dropped.inc(),
      eventsRouted: ({ batches, deliveries }) => {
        metrics.routed.inc(batches.reduce((sum, { events }) => sum + events.length, 0))
        metrics.deliveries.inc(deliveries.length)
      },
      eventEnriched: ({ unresolvedIds, enrichedAfterMs, dispatchedAfterMs }) => {
        metrics.enriched.inc()
        metrics.unresolved.inc(unresolvedIds)
        metrics.enrichment.observe({ from: 'received' }, enrichedAfterMs / MS_PER_SECOND)
        metrics.enrichment.observe({ from: 'published' }, dispatchedAfterMs / MS_PER_SECOND)
      },
      volumeCounted: (counts) => {
        for (const { source, events, bytes } of counts) {
          const label = { source: sourceLabels(source) }
          metrics.volumeEvents.inc(label, events)
          metrics.volumeBytes.inc(label, bytes)
        }
      },
      attemptFinished: ({ delivery, outcome, attempt: { durationMs }, error }) => {
        metrics.attempts.observe({ outcome }, durationMs / MS_PER_SECOND)
        const level = ATTEMPT_LEVELS[outcome]
        if (!log.isLevelEnabled(level)) return
        const { id, eventId, ruleArn, target } = delivery
        const attempt = delivery.attempts + 1
        log[level](
          {
            deliveryId: id,
            eventId,
            ruleArn,
            targetId: target.id,
            attempt,
            outcome,
            durationMs,
            error,
          },
          'delivery.attempted',
        )
      },
      deliveryExpired: ({ delivery, error }) => {
        metrics.expired.inc()
        const { id: deliveryId, eventId, ruleArn, target, attempts } = delivery
        const whose = { deliveryId, eventId, ruleArn, targetId: target.id }
        log.warn({ ...whose, attempts, error }, 'delivery.expired')
      },
      // Rate limits hold deliveries up all the time: the log of a bus tells of it.
      deliveryHeldUp: () => undefined,
      eventsArchived: (count) => metrics.archived.inc(count),
      eventsReplayed: (count) => metrics.replayed.inc(count),
      letterSent: ({ letter, outcome, error }) => {
        metrics.letters.inc({ outcome })
        const { id: deliveryId, eventId, ruleArn, targetId } = letter
        log[SEND_LEVELS[outcome]](
          { deliveryId, eventId, ruleArn, targetId, outcome, error },
          'dead-letter.sent',
        )
      },
      ...createBusLogMetrics({ registers: [metrics.registry], log }),
      ...createTrailMetrics({ registers: [metrics.registry], log, clock }),
      schemaDiscovered: (schema) =>
        schema.version === undefined
          ? log.warn(schema, 'schema.refused')
          : log.info(schema, 'schema.discovered'),
      stageFaulted: (stage, error) => {
        noteFault(error)
        metrics.faults.inc({ stage })
        log.error({ stage, err: error }, 'stage.faulted')
      },
    },
  }
}

/** AWS has some 300 sources; others are whatever their senders think of. */
const SOURCE_LABELS_MAX = 400

function createSourceLabels(): (source: string) => string {
  const known = new Set<string>()
  return (source) => {
    if (source.startsWith('aws.partner/')) return 'tenancy'
    if (!source.startsWith('aws.')) return 'custom'
    if (known.size < SOURCE_LABELS_MAX) known.add(source)
    return known.has(source) ? source : 'aws.other'
  }
}
