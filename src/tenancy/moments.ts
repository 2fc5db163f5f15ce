import { momentOf } from '#src/model/moment.ts'
import type { Moment } from '#src/model/moment.ts'
import type { Clock } from '#src/ports/clock.ts'
import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'

/**
 * Moments that only grow, also when the clock was set back while the hub was down, so that the
 * order of actions and of their effects is never in doubt.
 */
export interface Moments {
  next(): Promise<Moment>
  /** Writes down how far they have come, in each transaction that is of a moment. */
  keep(transaction: StateTransaction): void
}

/** Under LAST. */
const MOMENTS = collection<Moment>('moments')
const LAST = 'last'

export function createMoments(state: Pick<State, 'get'>, clock: Clock): Moments {
  let last: Moment = 0
  let kept: Promise<Moment> | undefined
  const read = async () => (await state.get(MOMENTS, LAST)) ?? 0
  return {
    next: async () => {
      kept ??= read()
      const before = await kept
      last = Math.max(last + 1, before + 1, momentOf(clock.now()))
      return last
    },
    keep: (transaction) => transaction.put(MOMENTS, LAST, last),
  }
}
