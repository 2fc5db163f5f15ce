import type { Clock } from '#src/ports/clock.ts'
import type { State } from '#src/ports/state.ts'
import { REPLAYS } from './documents.ts'
import { eachDocument } from './each-document.ts'

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html */
const ENDED_REPLAY_KEPT_MS = 90 * 24 * 60 * 60_000
/** Replays that one transaction takes away. */
const FORGOTTEN_AT_ONCE = 100

/** Takes away the replays that ended 90 days ago, as AWS does: their names are free again. */
export async function forgetEndedReplays(
  { state, clock }: { readonly state: State; readonly clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  const endedBefore = clock.now() - ENDED_REPLAY_KEPT_MS
  const isForgotten = (endedAt: number | undefined) =>
    endedAt !== undefined && endedAt <= endedBefore
  const keys: string[] = []
  for await (const { key, value } of eachDocument(state, REPLAYS)) {
    if (signal.aborted) return
    if (isForgotten(value.endedAt)) keys.push(key)
  }
  while (keys.length > 0 && !signal.aborted) {
    const some = keys.splice(0, FORGOTTEN_AT_ONCE)
    await state.transact(async (transaction) => {
      for (const key of some) {
        // Its account may have been closed since, and another one started under its name.
        const replay = await transaction.get(REPLAYS, key)
        if (isForgotten(replay?.endedAt)) transaction.delete(REPLAYS, key)
      }
    })
  }
}
