import type { Attempt, AttemptError, DeadLetter, Delivery } from '#src/model/delivery.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { RecordedBatch } from './event-log.ts'
import type { VolumeCount } from './event-volume.ts'

export interface FinishedAttempt {
  /** As it was before the attempt. */
  readonly delivery: Delivery
  /** Absent where the log no longer has it. */
  readonly event?: RecordedEvent
  readonly outcome: 'delivered' | 'retry' | 'dead'
  readonly attempt: Attempt
  readonly error?: AttemptError
}

/** A delivery ended without another attempt: it was too old, and its target was failing. */
export interface ExpiredDelivery {
  readonly delivery: Delivery
  readonly event?: RecordedEvent
  readonly error: AttemptError
}

/** A dead letter was sent to the dead-letter queue of its target. */
export interface FinishedSend {
  readonly letter: DeadLetter
  /** `kept`: it stays in the hub's own list. */
  readonly outcome: 'sent' | 'retry' | 'kept'
  readonly error?: AttemptError
}

/** An entry that did not become an event, by what its caller gave. */
export interface RefusedEntry {
  /** Where it would have gone. */
  readonly busArns: readonly string[]
  /** The caller's. */
  readonly account: string
  readonly message: string
  readonly source?: string | undefined
  readonly detailType?: string | undefined
  readonly detail?: string | undefined
  readonly resources?: readonly string[] | undefined
  /** Epoch ms. */
  readonly time?: number | undefined
}

/** Batches of the log that were routed, and what came of them: all of it is durable. */
export interface RoutedBatches {
  readonly batches: readonly RecordedBatch[]
  readonly deliveries: readonly Delivery[]
}

/** What enrichment did to a tenancy event, and how long it held it up. */
export interface EnrichedEvent {
  readonly unresolvedIds: number
  /** From being taken up to being sent on. */
  readonly enrichedAfterMs: number
  /** From its publisher's time to being sent on. */
  readonly dispatchedAfterMs: number
}

/** What discovery did with a schema that new events do not fit. */
export interface DiscoveredSchema {
  readonly account: string
  readonly region: string
  readonly schema: string
  /** Absent: there is no room for it in the registry. */
  readonly version?: number
}

/** What became of results of checks. */
export interface TakenResults {
  readonly changed?: number
  /** Known already, or older than what is known. */
  readonly unchanged?: number
  readonly told?: number
  /** New findings that there was no room for. */
  readonly refused?: number
  /** Of accounts that are closed. */
  readonly closed?: number
  /** Not as their AWS service writes them. */
  readonly unreadable?: number
  /** Changes of tags, of resources that no earlier result names. */
  readonly unknown?: number
  /** Rules that look at more than tags, where only the tags of a resource were told. */
  readonly undecided?: number
}

/** What the stages tell about themselves: metrics and the log lines of finished things. */
export interface Observer {
  entriesAccepted(
    door: 'put-events' | 'partners' | 'collector' | 'tenancy' | 'schedule',
    count: number,
  ): void
  /**
   * Refused entries, by error code.
   * @param refused what it was, where it was for event buses that its caller may put events on
   */
  entryRefused(
    door: 'put-events' | 'partners' | 'collector',
    code: string,
    refused?: RefusedEntry,
  ): void
  /** Entries for a bus or a partner's account that is not there: accepted and dropped, as on AWS. */
  entryDropped(): void
  eventsRouted(routed: RoutedBatches): void
  eventEnriched(enriched: EnrichedEvent): void
  /** Events that were counted, by what they are. */
  volumeCounted(counts: readonly VolumeCount[]): void
  attemptFinished(attempt: FinishedAttempt): void
  deliveryExpired(expired: ExpiredDelivery): void
  /** A target said that it takes nothing for now; told of the delivery that met it first. */
  deliveryHeldUp(delivery: Delivery, event: RecordedEvent | undefined): void
  /** Events became durable in archives, counted once for each archive. */
  eventsArchived(count: number): void
  eventsReplayed(count: number): void
  letterSent(send: FinishedSend): void
  busLogWritten(records: number): void
  /** Records of event buses' logs are lost, for a reason. */
  busLogDropped(records: number, reason: string): void
  /** Objects of the trail became durable, with so many events. */
  trailWritten(objects: number, events: number): void
  /** Since when the oldest event has waited that is not in the trail; undefined when none waits. */
  trailWaiting(since: number | undefined): void
  /** A discoverer learned something new of events of a kind, or gave up on them. */
  schemaDiscovered(schema: DiscoveredSchema): void
  /** Results of compliance checks were taken in, or could not be read. */
  resultsTaken(results: TakenResults): void
  /** Findings went untold: of closed accounts, or passed and not heard of for long. */
  findingsGone(gone: { readonly closed: number; readonly passed: number }): void
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
      | 'volume'
      | 'archive'
      | 'replay'
      | 'discover'
      | 'notify'
      | 'costs'
      | 'findings',
    error: unknown,
  ): void
}
