import { hash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'

import type { EventIndex } from '#src/ports/event-index.ts'
import { prepareSaveCursor } from './batch-log.sql.ts'
import type { Verb, Writer } from './writer.ts'

interface AddPlaces {
  readonly reader: string
  readonly sequence: number
  readonly hashes: Float64Array
  readonly positions: Float64Array
}

/**
 * Hashes are random, and each that is added dirties the page where it belongs. So they are kept in
 * epochs of this many: what is added falls into the some 150 pages of the newest epoch, however
 * large the table is, and a look-up is one step down the tree for each epoch: 1,500 of them for
 * a hundred million events. An event costs 20 bytes and some 3 µs of the writer's thread (two busy
 * cores, November 2026).
 */
const PLACES_PER_EPOCH = 65_536

/**
 * 48 bits of an id's SHA-1: of a billion events, one in 280,000 ids is taken for another as well.
 * Ids are whatever their sender chose, so a hash whose collisions are easy to make will not do.
 */
const HASH_HEX_DIGITS = 12

/** Runs in the writer thread. */
export function eventIndexVerbs(database: DatabaseSync): Record<string, Verb> {
  const saveCursor = prepareSaveCursor(database)
  const insert = database.prepare(
    'INSERT OR IGNORE INTO event_place (epoch, id_hash, position) VALUES (?, ?, ?)',
  )
  const newest = database
    .prepare(`SELECT epoch, count(*) AS places FROM event_place
      WHERE epoch = (SELECT max(epoch) FROM event_place) GROUP BY epoch`)
    .get()
  // An addition that is undone leaves these ahead: that epoch stays a little smaller.
  let epoch = Number(newest?.['epoch'] ?? 0)
  let places = Number(newest?.['places'] ?? 0)
  return {
    addPlaces: ({ reader, sequence, hashes, positions }: AddPlaces) => {
      for (const [at, idHash] of hashes.entries()) {
        if (places >= PLACES_PER_EPOCH) {
          epoch += 1
          places = 0
        }
        const position = positions[at]
        if (!Number.isSafeInteger(position)) throw new Error(`no position: ${position}`)
        insert.run(epoch, idHash, position as number)
        places += 1
      }
      saveCursor.run(reader, sequence)
    },
  }
}

export function createSqliteEventIndex(writer: Writer, reading: DatabaseSync): EventIndex {
  // CROSS JOIN keeps the order: a step down the tree for each epoch, never a walk through all.
  const find = reading.prepare(`
    WITH RECURSIVE epochs (epoch) AS (
      SELECT max(epoch) FROM event_place
      UNION ALL
      SELECT epoch - 1 FROM epochs WHERE epoch > (SELECT min(epoch) FROM event_place)
    )
    SELECT DISTINCT position FROM epochs CROSS JOIN event_place USING (epoch)
    WHERE id_hash = ? ORDER BY position DESC LIMIT ?`)
  return {
    add: (reader, sequence, places) => {
      const hashes = new Float64Array(places.length)
      const positions = new Float64Array(places.length)
      for (const [at, { eventId, position }] of places.entries()) {
        hashes[at] = hashOf(eventId)
        positions[at] = position
      }
      const addition: AddPlaces = { reader, sequence, hashes, positions }
      return writer.write('addPlaces', addition, [hashes.buffer, positions.buffer])
    },
    placesOf: async (eventId, limit) =>
      find.all(hashOf(eventId), limit).map((row) => Number(row['position'])),
  }
}

function hashOf(eventId: string): number {
  return Number.parseInt(hash('sha1', eventId, 'hex').slice(0, HASH_HEX_DIGITS), 16)
}
