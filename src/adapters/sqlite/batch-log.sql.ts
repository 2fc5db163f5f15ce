import type { DatabaseSync } from 'node:sqlite'

import type { BatchLog, LogBatch } from '#src/ports/batch-log.ts'
import type { Cursors } from '#src/ports/cursors.ts'
import type { Verb, Writer } from './writer.ts'

interface Append {
  readonly data: Uint8Array
  readonly appendedAt: number
}

interface SaveCursor {
  readonly reader: string
  readonly sequence: number
}

/** Runs in the writer thread. */
export function logVerbs(database: DatabaseSync): Record<string, Verb> {
  const append = database.prepare('INSERT INTO log_batch (appended_at, data) VALUES (?, ?)')
  const saveCursor = prepareSaveCursor(database)
  return {
    append: ({ data, appendedAt }: Append) => Number(append.run(appendedAt, data).lastInsertRowid),
    saveCursor: ({ reader, sequence }: SaveCursor) => {
      saveCursor.run(reader, sequence)
    },
  }
}

/** A cursor only moves forward: a late save of an older place changes nothing. */
export function prepareSaveCursor(database: DatabaseSync) {
  return database.prepare(`
    INSERT INTO cursor (reader, sequence) VALUES (?, ?)
    ON CONFLICT (reader) DO UPDATE SET sequence = max(sequence, excluded.sequence)`)
}

export function createSqliteLog(writer: Writer, reading: DatabaseSync): BatchLog {
  const read = reading.prepare(
    'SELECT sequence, data FROM log_batch WHERE sequence > ? ORDER BY sequence LIMIT ?',
  )
  const last = reading.prepare('SELECT max(sequence) AS sequence FROM log_batch')
  return {
    append: (data, appendedAt) => {
      const whole = data.byteLength === data.buffer.byteLength
      const transfer = whole && data.buffer instanceof ArrayBuffer ? [data.buffer] : []
      return writer.write<number>('append', { data, appendedAt } satisfies Append, transfer)
    },
    read: async (afterSequence, limit, enoughBytes = Number.POSITIVE_INFINITY) => {
      const batches: LogBatch[] = []
      let bytes = 0
      for (const row of read.iterate(afterSequence, limit)) {
        const data = row['data'] as Uint8Array
        batches.push({ sequence: Number(row['sequence']), data })
        bytes += data.byteLength
        if (bytes >= enoughBytes) break
      }
      return batches
    },
    lastSequence: async () => Number(last.get()?.['sequence'] ?? 0),
  }
}

export function createSqliteCursors(writer: Writer, reading: DatabaseSync): Cursors {
  const get = reading.prepare('SELECT sequence FROM cursor WHERE reader = ?')
  return {
    get: async (reader) => Number(get.get(reader)?.['sequence'] ?? 0),
    save: (reader, sequence) =>
      writer.write('saveCursor', { reader, sequence } satisfies SaveCursor),
  }
}
