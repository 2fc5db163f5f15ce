import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'

import type {
  ArchiveTotals,
  ArchivedEvent,
  EventArchive,
  NewArchivedEvent,
} from '#src/ports/event-archive.ts'
import { prepareSaveCursor } from './batch-log.sql.ts'
import type { Verb, Writer } from './writer.ts'

interface Add {
  readonly reader: string
  readonly sequence: number
  readonly events: readonly NewArchivedEvent[]
}

interface Prune {
  readonly archiveId: string
  readonly before: number
  readonly limit: number
}

/** Runs in the writer thread. */
export function eventArchiveVerbs(database: DatabaseSync): Record<string, Verb> {
  const saveCursor = prepareSaveCursor(database)
  const insert = database.prepare(`
    INSERT INTO archived_event (archive, time, position, size_bytes, header, json)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (archive, time, position) DO NOTHING`)
  const addTotals = database.prepare(`
    INSERT INTO archive_total (archive, events, bytes) VALUES (?, ?, ?)
    ON CONFLICT (archive) DO UPDATE SET
      events = events + excluded.events, bytes = bytes + excluded.bytes`)
  const oldest = database.prepare(`
    SELECT id, size_bytes FROM archived_event WHERE archive = ? AND time < ?
    ORDER BY time, position LIMIT ?`)
  const remove = database.prepare('DELETE FROM archived_event WHERE id = ?')
  const removeEmpty = database.prepare('DELETE FROM archive_total WHERE archive = ? AND events = 0')
  return {
    archiveEvents: ({ reader, sequence, events }: Add) => {
      const added = new Map<string, { events: number; bytes: number }>()
      for (const { archiveId, sizeBytes, event } of events) {
        const { time, position, json, ...header } = event
        const text = JSON.stringify(header)
        if (insert.run(archiveId, time, position, sizeBytes, text, json).changes === 0) continue
        const totals = added.get(archiveId) ?? { events: 0, bytes: 0 }
        added.set(archiveId, { events: totals.events + 1, bytes: totals.bytes + sizeBytes })
      }
      for (const [archiveId, totals] of added) addTotals.run(archiveId, totals.events, totals.bytes)
      saveCursor.run(reader, sequence)
    },
    pruneArchive: ({ archiveId, before, limit }: Prune) => {
      let bytes = 0
      const rows = oldest.all(archiveId, before, limit)
      for (const row of rows) {
        remove.run(Number(row['id']))
        bytes += Number(row['size_bytes'])
      }
      if (rows.length > 0) addTotals.run(archiveId, -rows.length, -bytes)
      removeEmpty.run(archiveId)
      return rows.length
    },
  }
}

const NO_EVENTS: ArchiveTotals = { events: 0, bytes: 0 }

export function createSqliteEventArchive(writer: Writer, reading: DatabaseSync): EventArchive {
  const range = reading.prepare(`
    SELECT time, position, header, json FROM archived_event
    WHERE archive = ? AND (time, position) > (?, ?) AND time < ? ORDER BY time, position LIMIT ?`)
  const totals = reading.prepare('SELECT events, bytes FROM archive_total WHERE archive = ?')
  const archives = reading.prepare('SELECT archive FROM archive_total ORDER BY archive')
  return {
    add: async (reader, sequence, events) =>
      writer.write('archiveEvents', { reader, sequence, events } satisfies Add),
    read: async (archiveId, { from, to, after, limit, charactersMax }) => {
      const found: ArchivedEvent[] = []
      let characters = 0
      // Positions begin at 1, so that this place is before all events of its time.
      const start = after !== undefined && after.time >= from ? after : { time: from, position: 0 }
      for (const row of range.iterate(archiveId, start.time, start.position, to, limit)) {
        const event = eventOf(row)
        characters += event.json.length
        if (found.length > 0 && characters > charactersMax) break
        found.push(event)
      }
      return found
    },
    totals: async (archiveId) => {
      const row = totals.get(archiveId)
      if (row === undefined) return NO_EVENTS
      return { events: Number(row['events']), bytes: Number(row['bytes']) }
    },
    archiveIds: async () => archives.all().map((row) => String(row['archive'])),
    prune: async (archiveId, before, limit) =>
      writer.write('pruneArchive', { archiveId, before, limit } satisfies Prune),
  }
}

function eventOf(row: Record<string, SQLOutputValue>): ArchivedEvent {
  return {
    ...(JSON.parse(String(row['header'])) as Omit<ArchivedEvent, 'time' | 'position' | 'json'>),
    time: Number(row['time']),
    position: Number(row['position']),
    json: String(row['json']),
  }
}
