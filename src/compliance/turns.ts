import { setImmediate as nextTurn } from 'node:timers/promises'

/** Others wait no longer than this for their turn. */
const TURN_MS_MAX = 10

/** What to await between parts of long work: it gives others their turn where that is due. */
export function createTurns(): () => Promise<void> {
  let since = performance.now()
  return async () => {
    if (performance.now() - since < TURN_MS_MAX) return
    await nextTurn()
    since = performance.now()
  }
}
