import { parseNamedArn } from '#src/model/arn.ts'
import type { Rule } from '#src/model/event-bus.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { State } from '#src/ports/state.ts'
import { REPLAYS, namedKey } from './documents.ts'

/** Leaves of the rules that an event matches those that the event's replay is for. */
export type ReplayFilter = (
  event: RecordedEvent,
  matching: readonly Rule[],
) => Promise<readonly Rule[]>

/** A filter holds on the bus that the replay sends to: buses that its rules forward to have others. */
export function createReplayFilter(state: State): ReplayFilter {
  return async ({ busArn, replayArn }, matching) => {
    if (replayArn === undefined || matching.length === 0) return matching
    const address = parseNamedArn('replay', replayArn)
    if (address === undefined) return matching
    const replay = await state.get(REPLAYS, namedKey(address, address.name))
    if (replay?.filterArns === undefined || replay.destinationArn !== busArn) return matching
    const { filterArns } = replay
    return matching.filter(({ arn }) => filterArns.includes(arn))
  }
}
