import type { DatabaseSync } from 'node:sqlite'

import type { LetterSettlement } from '#src/model/delivery.ts'
import type { OutgoingLetters } from '#src/ports/outgoing-letters.ts'
import { targetOf } from './attempts.sql.ts'
import { SELECT_DELIVERY, deadLetterOf, eventOf } from './delivery-queue.sql.ts'
import type { Verb, Writer } from './writer.ts'

/** Runs in the writer thread. */
export function outgoingLetterVerbs(database: DatabaseSync): Record<string, Verb> {
  // A letter that was redriven, and perhaps died again, is another.
  const same = 'id = ? AND died_at = ? AND next_send_at IS NOT NULL'
  const remove = database.prepare(`DELETE FROM delivery WHERE ${same}`)
  const keep = database.prepare(`
    UPDATE delivery SET sends = sends + 1, next_send_at = ?, send_error_code = ?,
      send_error_message = ? WHERE ${same}`)
  return {
    settleLetters: (settlements: readonly LetterSettlement[]) => {
      for (const settlement of settlements) {
        const { id, diedAt } = settlement
        if (settlement.kind === 'sent') remove.run(id, diedAt)
        else {
          const { error, nextSendAt = null } = settlement
          keep.run(nextSendAt, error.code, error.message, id, diedAt)
        }
      }
    },
  }
}

export function createSqliteOutgoingLetters(
  writer: Writer,
  reading: DatabaseSync,
): OutgoingLetters {
  const due = reading.prepare(`
    ${SELECT_DELIVERY} WHERE next_send_at <= ? ORDER BY next_send_at LIMIT ?`)
  const next = reading.prepare(`
    SELECT min(next_send_at) AS first FROM delivery WHERE next_send_at IS NOT NULL`)
  return {
    due: async (now, limit) =>
      due.all(now, limit).map((row) => {
        const event = eventOf(row)
        return {
          letter: deadLetterOf(row),
          ...(event !== undefined && { event }),
          target: targetOf(row),
          sends: Number(row['sends']),
        }
      }),
    nextDueAt: async () => {
      const first = next.get()?.['first']
      return first === null || first === undefined ? undefined : Number(first)
    },
    settle: async (settlements) => writer.write('settleLetters', settlements),
  }
}
