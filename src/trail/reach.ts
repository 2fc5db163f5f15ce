import type { State } from '#src/ports/state.ts'
import {
  NOTHING_READ,
  PROGRESS_KEY,
  TRAIL_BACKLOGS,
  TRAIL_HEADS,
  TRAIL_PROGRESS,
  documentsOf,
  headKey,
} from './documents.ts'
import type { TrailHead } from './documents.ts'
import type { TrailSettings } from './settings.ts'

/** How far an organisation's chain goes. */
export interface TrailReach {
  readonly head: TrailHead | undefined
  /** The last sequence that the hub may be writing to by now. */
  readonly newest: number
}

export interface ReachPorts {
  readonly state: State
  readonly settings: TrailSettings
}

/** The batch up to which nothing of the log will be read again: all is in objects. */
export async function neededAfter(state: State): Promise<number> {
  // In this order: an organisation that falls behind in between does so at an earlier plan's start.
  let { readTo } = (await state.get(TRAIL_PROGRESS, PROGRESS_KEY)) ?? NOTHING_READ
  for await (const { value } of documentsOf(state, TRAIL_BACKLOGS)) {
    readTo = Math.min(readTo, value.after)
  }
  return readTo
}

export async function reachOf(
  { state, settings }: ReachPorts,
  organisationId: string,
): Promise<TrailReach> {
  // In this order: a plan that is done in between has become a backlog's or moved the head.
  const progress = (await state.get(TRAIL_PROGRESS, PROGRESS_KEY)) ?? NOTHING_READ
  const plan = progress.plan ?? (await state.get(TRAIL_BACKLOGS, organisationId))?.plan
  const head = await state.get(TRAIL_HEADS, headKey(organisationId, settings.place))
  return { head, newest: (head?.sequence ?? 0) + (plan === undefined ? 0 : 1) }
}
