import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'

/**
 * Timers say when each schedule fires next. They stand in the order in which they are due, so
 * whoever waits looks at the first few, however many there are.
 *
 *   timers       <due at>|<owner>  ->  the timer
 *   timer-keys   <owner>           ->  the key of its timer
 */
export interface Timer {
  /** Whose it is: the owner's kind, `|`, and its key. */
  readonly owner: string
  readonly dueAt: number
  /** The time of the schedule itself; in a flexible time window the timer is due later. */
  readonly scheduledFor: number
}

export const TIMERS = collection<Timer>('timers')
const TIMER_KEYS = collection<string>('timer-keys')

/** More than the milliseconds of the year 2199 have, so that keys sort by time. */
const DUE_DIGITS = 14

/** Sets an owner's only timer, or takes it away. */
export async function setTimer(
  transaction: StateTransaction,
  owner: string,
  time: Omit<Timer, 'owner'> | undefined,
): Promise<void> {
  const before = await transaction.get(TIMER_KEYS, owner)
  const key = time === undefined ? undefined : timerKey({ ...time, owner })
  if (before !== undefined && before !== key) transaction.delete(TIMERS, before)
  if (time !== undefined && key !== undefined) {
    transaction.put(TIMERS, key, { ...time, owner })
    transaction.put(TIMER_KEYS, owner, key)
  } else if (before !== undefined) transaction.delete(TIMER_KEYS, owner)
}

/** Whether a timer that was read before is still its owner's. */
export async function isSet(transaction: StateTransaction, timer: Timer): Promise<boolean> {
  return (await transaction.get(TIMER_KEYS, timer.owner)) === timerKey(timer)
}

/** The timers that are due first. */
export async function firstTimers(state: State, limit: number): Promise<readonly Timer[]> {
  return (await state.list(TIMERS, { limit })).map(({ value }) => value)
}

function timerKey({ dueAt, owner }: Timer): string {
  return `${String(dueAt).padStart(DUE_DIGITS, '0')}|${owner}`
}
