import { setImmediate as nextTurn } from 'node:timers/promises'

import { sequenceOf } from '#src/model/event.ts'
import type { LogPosition, PositionedEvent } from '#src/model/event.ts'
import type { EventHistory } from '#src/ports/event-history.ts'
import type { EventLog, RecordedBatch } from '#src/ports/event-log.ts'

export interface ScanPorts {
  readonly log: EventLog
  readonly history: EventHistory
}

/** A part of the history: epoch ms at which events were accepted, the end not included. */
export interface Period {
  readonly from: number
  readonly to: number
}

const BATCHES_PER_STEP = 16
/** An event is appended to the log at most so long after it was accepted: more is a stalled disk. */
const APPENDED_WITHIN_MS = 60_000

/**
 * Events of a period, the oldest first, batch by batch; others get their turn after each. Events
 * that have yet to get their names are left out: they are on no bus.
 */
export async function* scan(
  ports: ScanPorts,
  { from, to }: Period,
): AsyncGenerator<readonly PositionedEvent[]> {
  const last = await ports.history.sequenceBefore(to + APPENDED_WITHIN_MS)
  let cursor = await ports.history.sequenceBefore(from)
  while (cursor < last) {
    const batches = await ports.log.read(cursor)
    if (batches.length === 0) return
    for (const { sequence, events } of batches) {
      cursor = sequence
      if (sequence > last) return
      yield events.filter((each) => isWithin(each, { from, to }))
      await nextTurn()
    }
  }
}

/**
 * The same, the newest first.
 * @param before only what is in the log before this place
 */
export async function* scanBack(
  ports: ScanPorts,
  { from, to }: Period,
  before: LogPosition = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<readonly PositionedEvent[]> {
  const first = await ports.history.sequenceBefore(from)
  const newest = await ports.history.sequenceBefore(to + APPENDED_WITHIN_MS)
  let end = Math.min(newest, sequenceOf(before))
  while (end > first) {
    const start = Math.max(first, end - BATCHES_PER_STEP)
    const batches = await readBetween(ports.log, start, end)
    for (const { events } of batches.toReversed()) {
      const within = events.filter((each) => each.position < before && isWithin(each, { from, to }))
      yield within.toReversed()
      await nextTurn()
    }
    end = start
  }
}

/** When the first event of a period was accepted, in epoch ms; the period's end where there is none. */
export async function beginningOf(ports: ScanPorts, period: Period): Promise<number> {
  for await (const events of scan(ports, period)) {
    if (events.length > 0) return Math.min(...events.map(({ event }) => event.acceptedAt))
  }
  return period.to
}

async function readBetween(log: EventLog, after: number, end: number) {
  const found: RecordedBatch[] = []
  for (let cursor = after; cursor < end;) {
    const batches = await log.read(cursor)
    if (batches.length === 0) break
    for (const batch of batches) {
      cursor = batch.sequence
      if (cursor <= end) found.push(batch)
    }
  }
  return found
}

function isWithin({ event }: PositionedEvent, { from, to }: Period): boolean {
  return event.acceptedAt >= from && event.acceptedAt < to && event.awaitsEnrichment !== true
}
