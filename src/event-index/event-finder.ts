import type { PositionedEvent, RecordedEvent } from '#src/model/event.ts'
import type { Cursors } from '#src/ports/cursors.ts'
import type { EventIndex } from '#src/ports/event-index.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { EventIds } from './event-ids.ts'
import { INDEX_READER } from './indexer.ts'

export interface EventFinderPorts {
  readonly log: EventLog
  readonly cursors: Cursors
  readonly index: EventIndex
  readonly ids: EventIds
}

export interface FoundEvents {
  /** In the order of the log; of more than there is room for, the newest. */
  readonly events: readonly PositionedEvent[]
  readonly more: boolean
  /** Batches that were not searched, because the index has yet to read them. */
  readonly unsearchedBatches: number
}

/** Finds events by an id of theirs: an id is in the log once for every bus that the event reached. */
export interface EventFinder {
  /** @param accept which of them count, as those that a caller may see */
  find(id: string, accept: (event: RecordedEvent) => Promise<boolean>): Promise<FoundEvents>
}

/** More than the buses of an organisation that one event reaches. */
const EVENTS_MAX = 100
/** Anyone may send many events of one id: those of others must not hide one's own. */
const PLACES_MAX = 10_000
/** The index is mostly half a second behind, which is a few hundred batches. */
const UNINDEXED_READS_MAX = 100

export function createEventFinder({ log, cursors, index, ids }: EventFinderPorts): EventFinder {
  /** What the index has yet to read. */
  const unindexed = async (cursor: number, id: string) => {
    const events: PositionedEvent[] = []
    const last = log.lastSequence()
    let searched = cursor
    for (let reads = 0; searched < last && reads < UNINDEXED_READS_MAX; reads += 1) {
      for (const batch of await log.read(searched)) {
        events.push(...batch.events.filter(({ event }) => ids.has(event, id)))
        searched = batch.sequence
      }
    }
    return { events, unsearchedBatches: Math.max(0, last - searched) }
  }

  return {
    find: async (id, accept) => {
      // The cursor first: what the index takes up meanwhile is found twice, and never missed.
      const cursor = await cursors.get(INDEX_READER)
      const places = await index.placesOf(id, PLACES_MAX)
      const { events: end, unsearchedBatches } = await unindexed(cursor, id)
      const found = new Map<number, RecordedEvent>()
      let more = places.length === PLACES_MAX
      const take = async (position: number, event: RecordedEvent | undefined) => {
        if (event === undefined || !ids.has(event, id) || found.has(position)) return
        if (!(await accept(event))) return
        if (found.size < EVENTS_MAX) found.set(position, event)
        else more = true
      }
      for (const { position, event } of end.toReversed()) await take(position, event)
      for (const position of places) {
        if (more && found.size === EVENTS_MAX) break
        await take(position, await log.eventAt(position))
      }
      const events = Array.from(found, ([position, event]) => ({ position, event }))
      return { events: events.toSorted(inOrder), more, unsearchedBatches }
    },
  }
}

function inOrder(left: PositionedEvent, right: PositionedEvent): number {
  return left.position - right.position
}
