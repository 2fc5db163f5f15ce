import { setImmediate as nextTurn } from 'node:timers/promises'

import type { Cursors } from '#src/ports/cursors.ts'
import type { EventIndex, EventPlace } from '#src/ports/event-index.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently, pause } from '#src/ports/patiently.ts'
import type { EventIds } from './event-ids.ts'

export interface IndexerPorts {
  readonly log: EventLog
  readonly cursors: Cursors
  readonly index: EventIndex
  readonly observer: Observer
  readonly ids: EventIds
}

export const INDEX_READER = 'event-index'

/** What a write adds dirties pages at random, so one for many events costs less than many. */
const WRITE_EVERY_MS = 500
/** Hashing and handing over this many takes some ms of the event loop. */
const PLACES_PER_WRITE_MAX = 8_192

/**
 * Reads the log and notes for each id of an event where it is. It follows the other readers at a
 * distance: what it has not come to yet is found by reading the end of the log. Runs until the
 * signal aborts.
 */
export async function indexEvents(ports: IndexerPorts, signal: AbortSignal): Promise<void> {
  const { log, cursors, index, observer, ids } = ports
  const onFault = (error: unknown) => observer.stageFaulted('index', error)
  let cursor = (await patiently(() => cursors.get(INDEX_READER), onFault, signal)) ?? 0
  while (!signal.aborted) {
    const places: EventPlace[] = []
    do {
      const batches = (await patiently(() => log.next(cursor, signal), onFault, signal)) ?? []
      for (const { sequence, events } of batches) {
        for (const { position, event } of events) {
          for (const eventId of ids.of(event)) places.push({ eventId, position })
        }
        cursor = sequence
      }
      await nextTurn()
    } while (cursor < log.lastSequence() && places.length < PLACES_PER_WRITE_MAX && !signal.aborted)
    const upTo = cursor
    await patiently(() => index.add(INDEX_READER, upTo, places), onFault, signal)
    if (cursor >= log.lastSequence()) await pause(WRITE_EVERY_MS, signal)
  }
}
