import type { Clock } from '#src/ports/clock.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently } from '#src/ports/patiently.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { TIMERS, firstTimers, isSet, setTimer } from './timers.ts'
import type { Timer } from './timers.ts'

/** A kind of thing that has schedules. */
export interface TimerOwner {
  /**
   * Does what is due, durably. It may be done again after a crash, and must then be the same: what
   * it records has ids that follow from the owner and the time of the schedule.
   */
  fire(key: string, timer: Timer, now: number): Promise<void>
  /** Sets the next timer, or takes it away, once that is done. */
  advance(transaction: StateTransaction, key: string, timer: Timer, now: number): Promise<void>
}

export interface FiringPorts {
  readonly state: State
  readonly clock: Clock
  readonly observer: Observer
  /** By the kind that begins the name of a timer's owner. */
  readonly owners: Readonly<Record<string, TimerOwner>>
}

/** Fired together: their events share a flush of the log, their next timers a transaction. */
const TIMERS_PER_ROUND = 200
/** Clocks may be set, and Node's timers overflow: the first timer is looked at this often at least. */
const LOOK_AGAIN_AFTER_MS_MAX = 60_000

/** Fires what is due, as it becomes due, until the signal aborts. */
export async function fireSchedules(ports: FiringPorts, signal: AbortSignal): Promise<void> {
  const { state, clock, observer } = ports
  const onFault = (error: unknown) => observer.stageFaulted('schedule', error)
  let wake = Promise.withResolvers<void>()
  const stopWatching = state.watch((changes) => {
    if (changes.some(({ collection }) => collection === TIMERS.name)) wake.resolve()
  })
  signal.addEventListener('abort', () => wake.resolve())
  while (!signal.aborted) {
    wake = Promise.withResolvers()
    const nextDueAt = await patiently(() => fireDue(ports), onFault, signal)
    // It may have aborted while the former promise was still the one to resolve.
    if (signal.aborted) break
    const waitMs = Math.max(0, (nextDueAt ?? Infinity) - clock.now())
    const timer = setTimeout(wake.resolve, Math.min(waitMs, LOOK_AGAIN_AFTER_MS_MAX))
    await wake.promise
    clearTimeout(timer)
  }
  stopWatching()
}

/**
 * Fires the first of what is due. Answers when the next is due: at once, where there is more.
 * @throws what kept one of them from being fired, when the others have been
 */
export async function fireDue(ports: FiringPorts): Promise<number | undefined> {
  const { state, clock } = ports
  const now = clock.now()
  const timers = await firstTimers(state, TIMERS_PER_ROUND)
  const due = timers.filter(({ dueAt }) => dueAt <= now)
  if (due.length === 0) return timers[0]?.dueAt
  const fired = await Promise.allSettled(
    due.map(async (timer) => {
      const { owner, key } = ownerOf(ports, timer)
      await owner?.fire(key, timer, now)
    }),
  )
  await state.transact(async (transaction) => {
    for (const [index, timer] of due.entries()) {
      if (fired[index]?.status !== 'fulfilled') continue
      // Whoever changed the schedule meanwhile has set its timer too.
      if (!(await isSet(transaction, timer))) continue
      const { owner, key } = ownerOf(ports, timer)
      if (owner === undefined) await setTimer(transaction, timer.owner, undefined)
      else await owner.advance(transaction, key, timer, now)
    }
  })
  for (const outcome of fired) if (outcome.status === 'rejected') throw outcome.reason
  return now
}

function ownerOf({ owners }: FiringPorts, timer: Timer) {
  const end = timer.owner.indexOf('|')
  return { owner: owners[timer.owner.slice(0, end)], key: timer.owner.slice(end + 1) }
}
