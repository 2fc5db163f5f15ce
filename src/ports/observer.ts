import type { VolumeCount } from './event-volume.ts'
import type { AttemptError, Delivery } from '#src/model/delivery.ts'

export interface FinishedAttempt {
  readonly delivery: Delivery
  readonly outcome: 'delivered' | 'retry' | 'dead'
  readonly durationMs: number
  readonly error?: AttemptError
}

/** What enrichment did to a tenancy event, and how long it held it up. */
export interface EnrichedEvent {
  readonly unresolvedIds: number
  /** From being taken up to being sent on. */
  readonly enrichedAfterMs: number
  /** From its publisher's time to being sent on. */
  readonly dispatchedAfterMs: number
}

/** What the stages tell about themselves: metrics and the log lines of finished things. */
export interface Observer {
  entriesAccepted(door: 'put-events' | 'collector' | 'tenancy' | 'schedule', count: number): void
  /** Refused entries, by error code. */
  entryRefused(door: 'put-events' | 'collector', code: string): void
  /** Entries put to a bus that does not exist: accepted and dropped, as on AWS. */
  entryDropped(): void
  eventsRouted(count: number, deliveries: number): void
  eventEnriched(enriched: EnrichedEvent): void
  /** Events that were counted, by what they are. */
  volumeCounted(counts: readonly VolumeCount[]): void
  attemptFinished(attempt: FinishedAttempt): void
  /** Objects of the trail became durable, with so many events. */
  trailWritten(objects: number, events: number): void
  /** Since when the oldest event has waited that is not in the trail; undefined when none waits. */
  trailWaiting(since: number | undefined): void
  /** A stage could not do its work and will try again. */
  stageFaulted(
    stage:
      | 'outbox'
      | 'schedule'
      | 'enrich'
      | 'index'
      | 'route'
      | 'deliver'
      | 'trail'
      | 'history'
      | 'volume',
    error: unknown,
  ): void
}
