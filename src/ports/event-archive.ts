import type { LogPosition, RecordedEvent } from '#src/model/event.ts'

/** What an archive keeps of an event: all but where it was recorded and its trace header. */
export type ArchivedEvent = ArchivePlace &
  Pick<RecordedEvent, 'id' | 'source' | 'detailType' | 'account' | 'region' | 'hops' | 'json'>

/** Where an event stands in its archive: ordered by time, and by position where times are equal. */
export interface ArchivePlace {
  /** Epoch ms of the event itself. */
  readonly time: number
  /** Its place in the log, which also tells it from every other one. */
  readonly position: LogPosition
}

export interface NewArchivedEvent {
  readonly archiveId: string
  /** What it counts for in the archive's size. */
  readonly sizeBytes: number
  readonly event: ArchivedEvent
}

/** Which events of an archive to read. */
export interface ArchiveRange {
  /** Epoch ms; the end is not included. */
  readonly from: number
  readonly to: number
  /** Only those that stand behind it. */
  readonly after?: ArchivePlace
  readonly limit: number
  /** No more of them than have so much JSON together, but always one. */
  readonly charactersMax: number
}

export interface ArchiveTotals {
  readonly events: number
  readonly bytes: number
}

/** The events of archives. An archive is here while it holds some, and needs no making. */
export interface EventArchive {
  /**
   * Adds events and moves the reader's cursor: both become durable, or neither. An event that the
   * archive has already is not added again.
   */
  add(reader: string, sequence: number, events: readonly NewArchivedEvent[]): Promise<void>
  /** In the order of their places. */
  read(archiveId: string, range: ArchiveRange): Promise<readonly ArchivedEvent[]>
  totals(archiveId: string): Promise<ArchiveTotals>
  /** Ids of all archives that hold events. */
  archiveIds(): Promise<readonly string[]>
  /** Deletes the oldest events of before a time, at most `limit`; answers how many. */
  prune(archiveId: string, before: number, limit: number): Promise<number>
}
