import type { EventLog, RecordedBatch } from '#src/ports/event-log.ts'
import { trailEventOf } from './trail-event.ts'
import type { TrailEvent } from './trail-event.ts'

/** What a flush holds in memory; packing 4 MiB keeps the event loop for less than 0.1 s. */
const FLUSH_EVENTS_MAX = 2_000
const FLUSH_CHARACTERS_MAX = 4 * 1024 * 1024

/** Tenancy events of one flush: as many as fit, and the rest of the batch that filled it. */
export interface Portion {
  readonly events: readonly TrailEvent[]
  isFull(): boolean
  add(batch: RecordedBatch): void
}

/** @param organisationId whose events alone are taken, where it is given */
export function createPortion(organisationId?: string): Portion {
  const events: TrailEvent[] = []
  let characters = 0
  return {
    events,
    isFull: () => events.length >= FLUSH_EVENTS_MAX || characters >= FLUSH_CHARACTERS_MAX,
    add: (batch) => {
      for (const positioned of batch.events) {
        const event = trailEventOf(positioned)
        if (event === undefined) continue
        if (organisationId !== undefined && event.organisationId !== organisationId) continue
        events.push(event)
        characters += event.json.length
      }
    },
  }
}

interface Range {
  /** Batches of the log after this one, up to and with `to`. */
  readonly after: number
  readonly to: number
}

/** The tenancy events of a plan's range, which was as much as fits when the plan was made. */
export async function plannedEvents(
  log: EventLog,
  plan: Range,
  organisationId?: string,
): Promise<readonly TrailEvent[]> {
  const planned = createPortion(organisationId)
  for await (const batch of batchesOf(log, plan)) planned.add(batch)
  return planned.events
}

/** An organisation's events of a range, as many as fit, and how far the log was read for them. */
export async function nextPortion(
  log: EventLog,
  range: Range,
  organisationId: string,
): Promise<{ readonly events: readonly TrailEvent[]; readonly readTo: number }> {
  const portion = createPortion(organisationId)
  let readTo = range.after
  for await (const batch of batchesOf(log, range)) {
    portion.add(batch)
    readTo = batch.sequence
    if (portion.isFull()) return { events: portion.events, readTo }
  }
  return { events: portion.events, readTo: range.to }
}

async function* batchesOf(log: EventLog, { after, to }: Range): AsyncGenerator<RecordedBatch> {
  const { signal } = new AbortController()
  for (let cursor = after; cursor < to;) {
    for (const batch of await log.next(cursor, signal)) {
      cursor = batch.sequence
      if (cursor > to) return
      yield batch
    }
  }
}
