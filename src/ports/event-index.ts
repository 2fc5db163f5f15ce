import type { LogPosition } from '#src/model/event.ts'

/** An event's id and one of the places where the log has it. */
export interface EventPlace {
  readonly eventId: string
  readonly position: LogPosition
}

/** Where in the log the events of an id are; the log itself is by position only. */
export interface EventIndex {
  /** Adds places and moves the reader's cursor: both become durable, or neither. */
  add(reader: string, sequence: number, places: readonly EventPlace[]): Promise<void>
  /**
   * The newest places of an id, newest first. An index may keep less than the whole id, so a place
   * may be another event's: whoever asks reads it to be sure.
   */
  placesOf(eventId: string, limit: number): Promise<readonly LogPosition[]>
}
