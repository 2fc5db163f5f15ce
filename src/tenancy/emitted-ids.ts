import { RestError } from '#src/errors.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { EMITTED } from './documents.ts'

/** How long a publisher that sends an event again is told that it is there already, at least. */
export const ID_REMEMBERED_MS = 7 * 24 * 60 * 60 * 1_000
const PRUNED_PER_REQUEST_MAX = 1_000
const PERIOD_DIGITS = 8

/** An event's id among its organisation's. */
export interface EmittedId {
  readonly organisationId: string
  readonly id: string
  readonly name: string
}

/**
 * Claims an id in the transaction that takes its event. Keys begin with the period that they were
 * written in, so that those of two periods ago stand first, to be removed.
 * @returns false where its event was taken before
 * @throws RestError where another event has it
 */
export async function claimId(
  transaction: StateTransaction,
  { organisationId, id, name }: EmittedId,
  now: number,
): Promise<boolean> {
  const period = periodOf(now)
  for (const then of [period, period - 1]) {
    const before = await transaction.get(EMITTED, keyOf(then, organisationId, id))
    if (before === name) return false
    if (before !== undefined) {
      throw new RestError(
        409,
        'tenancy-event.id-taken',
        `the id ${id} is that of an event ${before} that was taken before: give each event an id of its own`,
      )
    }
  }
  transaction.put(EMITTED, keyOf(period, organisationId, id), name)
  return true
}

/** Forgets ids that were remembered long enough. */
export async function pruneIds(state: State, now: number): Promise<void> {
  const [oldest] = await state.list(EMITTED, { limit: 1 })
  if (oldest === undefined || !isOld(oldest.key, now)) return
  const documents = await state.list(EMITTED, { limit: PRUNED_PER_REQUEST_MAX })
  await state.transact(async (transaction) => {
    for (const { key } of documents) if (isOld(key, now)) transaction.delete(EMITTED, key)
  })
}

function isOld(key: string, now: number): boolean {
  return Number(key.slice(0, PERIOD_DIGITS)) < periodOf(now) - 1
}

function periodOf(now: number): number {
  return Math.floor(now / ID_REMEMBERED_MS)
}

function keyOf(period: number, organisationId: string, id: string): string {
  return `${String(period).padStart(PERIOD_DIGITS, '0')}|${organisationId}|${id.toLowerCase()}`
}
