import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import type { TimerOwner } from '#src/schedules/firing.ts'
import { setTimer } from '#src/schedules/timers.ts'
import { DELETION_TIMERS } from './documents.ts'

/**
 * Deletions are remembered for a while: a caller that did not hear the answer asks again with the
 * same client token, and must not be told that there is nothing to delete.
 */
export interface Deletion {
  /** Of the document that was deleted. */
  readonly key: string
  readonly clientToken: string | undefined
}

const DELETIONS = collection<true>('scheduler-deletions')
/** Longer than clients try again. */
const REMEMBERED_MS = 60 * 60_000

export async function rememberDeletion(
  transaction: StateTransaction,
  deletion: Deletion,
  now: number,
): Promise<void> {
  if (deletion.clientToken === undefined) return
  const key = deletionKey(deletion)
  transaction.put(DELETIONS, key, true)
  const end = now + REMEMBERED_MS
  await setTimer(transaction, `${DELETION_TIMERS}|${key}`, { dueAt: end, scheduledFor: end })
}

export async function isRemembered(
  transaction: StateTransaction,
  deletion: Deletion,
): Promise<boolean> {
  if (deletion.clientToken === undefined) return false
  return (await transaction.get(DELETIONS, deletionKey(deletion))) === true
}

/** Forgets. */
export const deletionTimers: TimerOwner = {
  fire: async () => undefined,
  advance: async (transaction, key, timer) => {
    transaction.delete(DELETIONS, key)
    await setTimer(transaction, timer.owner, undefined)
  },
}

function deletionKey({ key, clientToken }: Deletion): string {
  return `${key}|${clientToken}`
}
