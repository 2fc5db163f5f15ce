import type { LogPosition, PositionedEvent, RecordedEvent } from '#src/model/event.ts'

/** Events of one batch, in order. */
export interface RecordedBatch {
  readonly sequence: number
  readonly events: readonly PositionedEvent[]
}

/** The log as the stages see it: events, not bytes. */
export interface EventLog {
  /**
   * Resolves with the events' positions when they are durable.
   * @throws OverloadedFault, StoreFullFault: nothing was recorded.
   */
  record(events: readonly RecordedEvent[]): Promise<readonly LogPosition[]>
  /** The next batches after a sequence; waits for one until the signal aborts (then: none). */
  next(afterSequence: number, signal: AbortSignal): Promise<readonly RecordedBatch[]>
  /** The next few batches after a sequence that are there: none where it is the newest. */
  read(afterSequence: number): Promise<readonly RecordedBatch[]>
  eventAt(position: LogPosition): Promise<RecordedEvent | undefined>
  /** The newest batch that is durable. */
  lastSequence(): number
}
