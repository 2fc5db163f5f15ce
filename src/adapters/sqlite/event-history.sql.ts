import type { DatabaseSync } from 'node:sqlite'

import { POSITIONS_PER_BATCH } from '#src/model/event.ts'
import type { EventHistory } from '#src/ports/event-history.ts'
import type { Verb, Writer } from './writer.ts'

/** A step holds up the writes that wait for it by some ms: whoever asks pauses between steps. */
const BATCHES_PER_STEP = 8
const ROWS_PER_STEP = 2_000

/** Runs in the writer thread. */
export function eventHistoryVerbs(database: DatabaseSync): Record<string, Verb> {
  // The delivery that has waited longest may be behind dead letters; those keep their own event.
  const needed = database.prepare(`
    SELECT min(
      (SELECT coalesce(max(sequence), 0) - 1 FROM log_batch),
      (SELECT coalesce(min(sequence), 0) FROM cursor),
      coalesce((SELECT min(position) FROM delivery WHERE died_at IS NULL AND event_header IS NULL)
        / ${POSITIONS_PER_BATCH} - 1, ?1),
      ?1) AS sequence`)
  const batches = database.prepare(`
    DELETE FROM log_batch WHERE sequence <= min(?,
      (SELECT coalesce(min(sequence), 0) FROM log_batch) + ${BATCHES_PER_STEP - 1})`)
  const attempts = database.prepare(`
    DELETE FROM attempt WHERE position < min(?1,
      coalesce((SELECT position FROM attempt ORDER BY position LIMIT 1 OFFSET ${ROWS_PER_STEP}), ?1))`)
  const lastAttempts = database.prepare(`
    DELETE FROM attempt WHERE position = (SELECT min(position) FROM attempt) AND position < ?`)
  const forgetPlaces = prepareForgetPlaces(database)

  return {
    forget: (upTo: number): boolean => {
      const sequence = Number(needed.get(upTo)?.['sequence'])
      const endedBatches = Number(batches.run(sequence).changes)
      const end = (sequence + 1) * POSITIONS_PER_BATCH
      // An event with more attempts than a step takes goes at once.
      const ended = Number(attempts.run(end).changes) || Number(lastAttempts.run(end).changes)
      const endedPlaces = forgetPlaces(end)
      return endedBatches > 0 || ended > 0 || endedPlaces > 0
    },
  }
}

/**
 * Answers how many places of the index it took away: those of an epoch go together, when all of
 * them are before the end, for they lie in it in the order of their hashes.
 */
function prepareForgetPlaces(database: DatabaseSync): (end: number) => number {
  const oldest = database.prepare(`
    SELECT min(epoch) AS oldest, max(epoch) AS newest FROM event_place`)
  const last = database.prepare('SELECT max(position) AS last FROM event_place WHERE epoch = ?')
  const remove = database.prepare(`
    DELETE FROM event_place WHERE epoch = ?1 AND (id_hash, position) IN
      (SELECT id_hash, position FROM event_place WHERE epoch = ?1 LIMIT ${ROWS_PER_STEP})`)
  // Reading an epoch through takes some ms; nothing is added to one that is not the newest.
  let known: { readonly epoch: number; readonly last: number } | undefined
  return (end) => {
    const epochs = oldest.get()
    const epoch = Number(epochs?.['oldest'])
    if (epochs?.['oldest'] === null || epoch === Number(epochs?.['newest'])) return 0
    if (known?.epoch !== epoch) known = { epoch, last: Number(last.get(epoch)?.['last']) }
    return known.last < end ? Number(remove.run(epoch).changes) : 0
  }
}

export function createSqliteEventHistory(writer: Writer, reading: DatabaseSync): EventHistory {
  const range = reading.prepare(`
    SELECT coalesce(min(sequence), 1) AS first, coalesce(max(sequence), 0) AS last FROM log_batch`)
  const at = reading.prepare('SELECT appended_at FROM log_batch WHERE sequence = ?')
  return {
    sequenceBefore: async (time) => {
      const ends = range.get()
      let before = Number(ends?.['first']) - 1
      let after = Number(ends?.['last']) + 1
      while (after - before > 1) {
        const middle = Math.floor((before + after) / 2)
        const appendedAt = at.get(middle)?.['appended_at']
        if (appendedAt !== undefined && Number(appendedAt) < time) before = middle
        else after = middle
      }
      return before
    },
    forgetUpTo: async (sequence) => writer.write('forget', sequence),
  }
}
