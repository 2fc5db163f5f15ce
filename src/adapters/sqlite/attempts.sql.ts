import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'

import type { DeadLetterCode, PastAttempt, Settlement } from '#src/model/delivery.ts'
import type { Target } from '#src/model/event-bus.ts'
import type { LogPosition } from '#src/model/event.ts'

type Row = Record<string, SQLOutputValue>

/**
 * Answers the row of a target's definition, which it makes where there is none. They are never
 * taken away: there are as many as targets were changed.
 */
export function prepareTargetIds(
  database: DatabaseSync,
): (ruleArn: string, target: Target) => number {
  const find = database.prepare('SELECT id FROM target WHERE rule_arn = ? AND definition = ?')
  const insert = database.prepare('INSERT INTO target (rule_arn, definition) VALUES (?, ?)')
  return (ruleArn, target) => {
    const definition = JSON.stringify(target)
    const found = find.get(ruleArn, definition)?.['id']
    return Number(found ?? insert.run(ruleArn, definition).lastInsertRowid)
  }
}

/** Adds what a settlement tells to the history of its delivery; runs in the writer thread. */
export function prepareNoteAttempt(database: DatabaseSync): (settlement: Settlement) => void {
  const targetIds = prepareTargetIds(database)
  const place = database.prepare('SELECT position, rule_arn, attempts FROM delivery WHERE id = ?')
  const note = database.prepare(`
    INSERT OR REPLACE INTO attempt (position, delivery_id, started_at, duration_ms, number, target,
      outcome, error_code, error_message, status, answer)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)

  return (settlement) => {
    const { id, kind, attempt } = settlement
    if (attempt === undefined) return
    const row = place.get(id)
    if (row === undefined) return
    const error = kind === 'delivered' ? undefined : settlement.error
    note.run(
      Number(row['position']),
      id,
      attempt.startedAt,
      attempt.durationMs,
      Number(row['attempts']) + 1,
      targetIds(String(row['rule_arn']), attempt.target),
      kind,
      error?.code ?? null,
      error?.message ?? null,
      attempt.answer?.status ?? null,
      attempt.answer?.body ?? null,
    )
  }
}

/** Attempts to deliver the event at a place of the log, the oldest first. */
export function attemptsOf(
  reading: DatabaseSync,
): (position: LogPosition, limit: number) => readonly PastAttempt[] {
  const select = reading.prepare(`
    SELECT attempt.*, target.rule_arn, target.definition FROM attempt
    JOIN target ON target.id = attempt.target
    WHERE position = ? ORDER BY started_at, delivery_id LIMIT ?`)
  return (position, limit) => select.all(position, limit).map(attemptOf)
}

function attemptOf(row: Row): PastAttempt {
  const [status, code] = [row['status'], row['error_code']]
  return {
    deliveryId: Number(row['delivery_id']),
    position: Number(row['position']),
    ruleArn: String(row['rule_arn']),
    target: targetOf(row),
    startedAt: Number(row['started_at']),
    durationMs: Number(row['duration_ms']),
    number: Number(row['number']),
    outcome: row['outcome'] as PastAttempt['outcome'],
    ...(code !== null && {
      error: { code: code as DeadLetterCode, message: String(row['error_message']) },
    }),
    ...(status !== null && { answer: { status: Number(status), body: String(row['answer']) } }),
  }
}

/** Of a row that was joined with its target. */
export function targetOf(row: Row): Target {
  return JSON.parse(String(row['definition'])) as Target
}
