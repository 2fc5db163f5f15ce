import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite'

import { laneOf } from '#src/model/delivery.ts'
import type {
  DeadLetter,
  DeadLetterCode,
  Delivery,
  ExhaustedRetryCondition,
  NewDelivery,
  Settlement,
} from '#src/model/delivery.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { DeadLetterQuery, DeliveryQueue } from '#src/ports/delivery-queue.ts'
import { attemptsOf, prepareNoteAttempt, prepareTargetIds, targetOf } from './attempts.sql.ts'
import { prepareSaveCursor } from './batch-log.sql.ts'
import type { Verb, Writer } from './writer.ts'

type Row = Record<string, SQLOutputValue>

interface Enqueue {
  readonly deliveries: readonly NewDelivery[]
  readonly cursor: { readonly reader: string; readonly sequence: number } | undefined
}

interface Redrive {
  readonly ids: readonly number[]
  readonly now: number
}

/** Runs in the writer thread. */
export function deliveryVerbs(database: DatabaseSync): Record<string, Verb> {
  const saveCursor = prepareSaveCursor(database)
  const insert = database.prepare(`
    INSERT INTO delivery (lane, position, event_id, rule_arn, target_id, target, managed,
      started_at, next_attempt_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const revive = database.prepare(`
    UPDATE delivery SET attempts = 0, next_attempt_at = ?1, started_at = ?1, died_at = NULL,
      error_code = NULL, error_message = NULL, error_aws_code = NULL, exhausted = NULL, sends = 0,
      next_send_at = NULL, send_error_code = NULL, send_error_message = NULL
    WHERE id = ?2 AND died_at IS NOT NULL`)
  const one = database.prepare(`${SELECT_DELIVERY} WHERE delivery.id = ?`)
  const targetIds = prepareTargetIds(database)
  const settle = prepareSettle(database)

  return {
    enqueue: ({ deliveries, cursor }: Enqueue) => {
      const ids = deliveries.map((delivery) =>
        Number(
          insert.run(
            laneOf(delivery),
            delivery.position,
            delivery.eventId,
            delivery.ruleArn,
            delivery.target.id,
            targetIds(delivery.ruleArn, delivery.target),
            delivery.managed ? 1 : 0,
            delivery.startedAt,
            delivery.nextAttemptAt,
          ).lastInsertRowid,
        ),
      )
      if (cursor !== undefined) saveCursor.run(cursor.reader, cursor.sequence)
      return ids
    },
    settle: (settlements: readonly Settlement[]) => settlements.forEach(settle),
    redrive: ({ ids, now }: Redrive) =>
      ids.flatMap((id) => {
        if (revive.run(now, id).changes === 0) return []
        return [deliveryOf(one.get(id) as Row)]
      }),
  }
}

function prepareSettle(database: DatabaseSync): (settlement: Settlement) => void {
  const remove = database.prepare('DELETE FROM delivery WHERE id = ?')
  const retry = database.prepare(`
    UPDATE delivery SET attempts = ?, next_attempt_at = ?, error_code = ?, error_message = ?
    WHERE id = ?`)
  const die = database.prepare(`
    UPDATE delivery SET attempts = ?, died_at = ?, error_code = ?, error_message = ?,
      error_aws_code = ?, exhausted = ?, event_json = ?, event_header = ?, next_send_at = ?
    WHERE id = ?`)
  const note = prepareNoteAttempt(database)

  return (settlement) => {
    const { id } = settlement
    note(settlement)
    switch (settlement.kind) {
      case 'delivered':
        return remove.run(id)
      case 'retry': {
        const { attempts, nextAttemptAt, error } = settlement
        return retry.run(attempts, nextAttemptAt, error.code, error.message, id)
      }
      case 'dead': {
        const { attempts, diedAt, error, exhausted = null, event, nextSendAt = null } = settlement
        const { json = '', ...header } = event ?? {}
        const headerJson = event === undefined ? null : JSON.stringify(header)
        const { code, message, awsCode = null } = error
        const end = [attempts, diedAt, code, message, awsCode, exhausted] as const
        return die.run(...end, json, headerJson, nextSendAt, id)
      }
      default:
        return settlement satisfies never
    }
  }
}

/** Rows of deliveries with the definitions of their targets. */
export const SELECT_DELIVERY =
  'SELECT delivery.*, target.definition FROM delivery JOIN target ON target.id = delivery.target'

export function createSqliteDeliveryQueue(writer: Writer, reading: DatabaseSync): DeliveryQueue {
  const lanes = reading.prepare(`
    SELECT waiting.lane, target.definition FROM
      (SELECT lane, max(target) AS target FROM delivery WHERE died_at IS NULL GROUP BY lane)
      AS waiting JOIN target ON target.id = waiting.target`)
  const due = reading.prepare(`
    ${SELECT_DELIVERY} WHERE died_at IS NULL AND lane = ? AND next_attempt_at <= ?
    ORDER BY next_attempt_at LIMIT ?`)
  const next = reading.prepare(`
    SELECT min(next_attempt_at) AS first FROM delivery WHERE died_at IS NULL AND lane = ?`)
  const ofEvent = reading.prepare(`${SELECT_DELIVERY} WHERE position = ? ORDER BY delivery.id`)
  const attempts = attemptsOf(reading)
  const counts = reading.prepare(`
    SELECT (SELECT count(*) FROM delivery WHERE died_at IS NULL) AS pending,
      (SELECT count(*) FROM delivery WHERE died_at IS NOT NULL) AS dead`)
  return {
    enqueue: async (deliveries, cursor) =>
      writer.write('enqueue', { deliveries, cursor } satisfies Enqueue),
    waitingLanes: async () =>
      lanes.all().map((row) => ({ lane: String(row['lane']), target: targetOf(row) })),
    due: async (lane, now, limit) => due.all(lane, now, limit).map(deliveryOf),
    nextDueAt: async (lane) => {
      const first = next.get(lane)?.['first']
      return first === null || first === undefined ? undefined : Number(first)
    },
    settle: async (settlements) => writer.write('settle', settlements),
    deadLetters: async (query) => selectDeadLetters(reading, query),
    redrive: async (ids, now) => writer.write('redrive', { ids, now } satisfies Redrive),
    historyOf: async (position, limit) => {
      const rows = ofEvent.all(position)
      const isDead = (row: Row) => row['died_at'] !== null
      return {
        pending: rows.filter((row) => !isDead(row)).map(deliveryOf),
        dead: rows.filter(isDead).map(deadLetterOf),
        attempts: attempts(position, limit),
      }
    },
    counts: async () => {
      const row = counts.get()
      return { pending: Number(row?.['pending']), dead: Number(row?.['dead']) }
    },
  }
}

/** The fifth part of the ARN of a rule or a schedule; none of its characters needs an escape. */
const RULE_ACCOUNT = `json_extract('["' || replace(delivery.rule_arn, ':', '","') || '"]', '$[4]')`

function selectDeadLetters(reading: DatabaseSync, query: DeadLetterQuery): readonly DeadLetter[] {
  const conditions = ['died_at IS NOT NULL', 'delivery.id > ?']
  const values: SQLInputValue[] = [query.afterId ?? 0]
  const equal = { rule_arn: query.ruleArn, target_id: query.targetId, event_id: query.eventId }
  for (const [column, value] of Object.entries(equal)) {
    if (value === undefined) continue
    conditions.push(`delivery.${column} = ?`)
    values.push(value)
  }
  // A list is one value however long it is: an OR of thousands would be too deep for SQLite.
  const oneOf = { [RULE_ACCOUNT]: query.accounts, 'delivery.id': query.ids }
  for (const [expression, list] of Object.entries(oneOf)) {
    if (list === undefined) continue
    conditions.push(`${expression} IN (SELECT value FROM json_each(?))`)
    values.push(JSON.stringify(list))
  }
  const sql = `${SELECT_DELIVERY} WHERE ${conditions.join(' AND ')} ORDER BY delivery.id LIMIT ?`
  return reading
    .prepare(sql)
    .all(...values, query.limit)
    .map(deadLetterOf)
}

function deliveryOf(row: Row): Delivery {
  const event = eventOf(row)
  return {
    id: Number(row['id']),
    position: Number(row['position']),
    eventId: String(row['event_id']),
    ruleArn: String(row['rule_arn']),
    target: targetOf(row),
    managed: row['managed'] === 1,
    startedAt: Number(row['started_at']),
    attempts: Number(row['attempts']),
    nextAttemptAt: Number(row['next_attempt_at']),
    ...(event !== undefined && { event }),
  }
}

/** Of a delivery that is or was a dead letter. */
export function eventOf(row: Row): RecordedEvent | undefined {
  const headerJson = row['event_header']
  if (typeof headerJson !== 'string') return undefined
  const header = JSON.parse(headerJson) as Omit<RecordedEvent, 'json'>
  return { ...header, json: String(row['event_json']) }
}

export function deadLetterOf(row: Row): DeadLetter {
  const { id, eventId, ruleArn, target, attempts, startedAt } = deliveryOf(row)
  const exhausted = row['exhausted'] as ExhaustedRetryCondition | null
  const awsCode = row['error_aws_code']
  const [sendCode, nextSendAt] = [row['send_error_code'], row['next_send_at']]
  return {
    id,
    eventId,
    ruleArn,
    targetId: target.id,
    targetArn: target.arn,
    attempts,
    startedAt,
    diedAt: Number(row['died_at']),
    error: {
      code: row['error_code'] as DeadLetterCode,
      message: String(row['error_message']),
      ...(typeof awsCode === 'string' && { awsCode }),
    },
    ...(exhausted !== null && { exhausted }),
    ...(sendCode !== null && {
      sendError: { code: sendCode as DeadLetterCode, message: String(row['send_error_message']) },
    }),
    ...(nextSendAt !== null && { nextSendAt: Number(nextSendAt) }),
    eventJson: String(row['event_json']),
  }
}
