import { momentOf } from '#src/model/moment.ts'
import type { Moment } from '#src/model/moment.ts'
import type { Clock } from '#src/ports/clock.ts'

/** Moments that only grow, so that the order of actions and of their effects is never in doubt. */
export function createMoments(clock: Clock): () => Moment {
  let last = 0
  return () => {
    last = Math.max(last + 1, momentOf(clock.now()))
    return last
  }
}
