/**
 * Words of an event's way through the hub.
 *
 *  event          one JSON envelope in Amazon EventBridge's shape
 *  event bus      where an event is put and where rules look at it; one account, one region
 *  log            the durable, ordered record of accepted events
 *  recorded event an event together with what the log knows of it
 *  position       where a recorded event stands in the log
 *  hop            one forwarding of an event from a bus to another bus
 *  archive        events of a bus that are kept to be replayed
 *  replay         the sending again of an archive's events to its bus, each with `replay-name`
 */

/** 12 digits. */
export type AccountId = string
/** Such as `ap-southeast-2`. */
export type Region = string

/**
 * A place in the log: `batch * POSITIONS_PER_BATCH + index`, so that one number names an event,
 * orders it among all others, and tells the batch to read.
 */
export type LogPosition = number

/** 2^16 leaves 2^37 batches below Number.MAX_SAFE_INTEGER: at 1,000 batches a second, 4 years times 1,000. */
export const POSITIONS_PER_BATCH = 65_536

/** The batch of the log that a place is in. */
export function sequenceOf(position: LogPosition): number {
  return Math.floor(position / POSITIONS_PER_BATCH)
}

/** How often an event has been forwarded, for the hop limits of EventBridge. */
export interface Hops {
  /** Same-region hops since the last change of region. */
  readonly sameRegion: number
  readonly crossRegion: number
}

export const NO_HOPS: Hops = { sameRegion: 0, crossRegion: 0 }

/** An accepted event as the log keeps it. */
export interface RecordedEvent {
  readonly id: string
  readonly busArn: string
  /** Epoch ms at which this hub accepted the event on this bus. */
  readonly acceptedAt: number
  readonly source: string
  readonly detailType: string
  /** Where the event came from; forwarding keeps both. */
  readonly account: AccountId
  readonly region: Region
  readonly hops: Hops
  /** X-Ray trace header of PutEvents: travels to targets beside the event. */
  readonly traceHeader?: string
  /** Set on an event that a replay has sent again: that replay. */
  readonly replayArn?: string
  /** Set on an event of a schedule: it goes to these rules alone, whatever their patterns. */
  readonly onlyRules?: readonly string[]
  /** Set on an event that is for the target of a schedule of the Scheduler, and for no rule. */
  readonly scheduled?: ScheduledInput
  /** Set on a tenancy event that has yet to gain the names behind its IDs. */
  readonly awaitsEnrichment?: true
  /** The whole event: compact JSON text without line breaks. */
  readonly json: string
}

/** What the target of a schedule is sent. */
export interface ScheduledInput {
  /** With the Scheduler's context attributes still in it; absent: the Scheduler's notification. */
  readonly input?: string
}

/** A recorded event and its place. */
export interface PositionedEvent {
  readonly position: LogPosition
  readonly event: RecordedEvent
}

/** The parts of an event's envelope; `detailJson` and `resources` are JSON-ready. */
export interface Envelope {
  readonly id: string
  readonly detailType: string
  readonly source: string
  readonly account: AccountId
  /** Epoch ms; the envelope carries whole seconds. */
  readonly time: number
  readonly region: Region
  readonly resources: readonly string[]
  /** Compact JSON text of an object. */
  readonly detailJson: string
}

/** The event text with its keys in EventBridge's order. */
export function envelopeJson(envelope: Envelope): string {
  return (
    `{"version":"0","id":"${envelope.id}","detail-type":${JSON.stringify(envelope.detailType)},` +
    `"source":${JSON.stringify(envelope.source)},"account":"${envelope.account}",` +
    `"time":"${isoSeconds(envelope.time)}","region":"${envelope.region}",` +
    `"resources":${JSON.stringify(envelope.resources)},"detail":${envelope.detailJson}}`
  )
}

let lastSecond = { second: 0, text: '1970-01-01T00:00:00Z' }

/** `YYYY-MM-DDThh:mm:ssZ`, truncated to the second as EventBridge does. */
export function isoSeconds(epochMs: number): string {
  const second = Math.floor(epochMs / 1_000)
  // Events come many a second, and writing a date out takes as long as the rest of an envelope.
  if (second !== lastSecond.second) {
    lastSecond = { second, text: `${new Date(epochMs).toISOString().slice(0, 19)}Z` }
  }
  return lastSecond.text
}
