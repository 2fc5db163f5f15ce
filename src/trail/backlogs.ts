import type { Ids } from '#src/ports/ids.ts'
import { pause } from '#src/ports/patiently.ts'
import {
  NOTHING_READ,
  PROGRESS_KEY,
  TRAIL_BACKLOGS,
  TRAIL_PROGRESS,
  documentsOf,
} from './documents.ts'
import type { TrailBacklog, TrailPlan } from './documents.ts'
import { writeFor } from './flush.ts'
import type { FlushPorts } from './flush.ts'
import { nextPortion, plannedEvents } from './portion.ts'
import type { RecentIds } from './recent-ids.ts'
import type { TrailEvent } from './trail-event.ts'
import { untilDone } from './until-done.ts'

export interface BacklogPorts extends FlushPorts {
  readonly ids: Ids
  readonly recent: RecentIds
  /** Tells of what has become durable. */
  readonly announce: () => Promise<void>
}

/** Works off what organisations have waiting, each by itself. */
export interface Backlogs {
  /** Takes up what the last run left. */
  takeUp(): Promise<void>
  /** An organisation has fallen behind. */
  follow(organisationId: string): void
  /** Resolves when the signal has aborted and nothing is under way. */
  ended(): Promise<void>
}

/** A plan of all is under way, which passes over who is behind: soon it is done. */
const PLAN_PAUSE_MS = 100

/**
 * BEHIND: an organisation's part of a plan failed, and the plan became its backlog. It is tried
 *   again, with pauses, as often as it takes. → FOLLOWING
 * FOLLOWING: reads the log from there for this organisation alone and writes portion by portion, up
 *   to where all others are. → ABREAST
 * ABREAST: the backlog is deleted while no plan is under way, so that each event is written by the
 *   one side or the other.
 */
export function createBacklogs(ports: BacklogPorts, signal: AbortSignal): Backlogs {
  const { state, conditions } = ports
  const following = new Map<string, Promise<unknown>>()

  const follow = (organisationId: string) => {
    const onFault = (error: unknown) => conditions.failed(organisationId, 'writing', error)
    const working = untilDone(() => workOff(ports, organisationId, signal), { onFault, signal })
    following.set(organisationId, working)
    void working.finally(() => {
      if (following.get(organisationId) === working) following.delete(organisationId)
    })
  }

  return {
    takeUp: async () => {
      for await (const { key, value } of documentsOf(state, TRAIL_BACKLOGS)) {
        conditions.fellBehind(key, value.since)
        follow(key)
      }
    },
    follow,
    ended: async () => {
      while (following.size > 0) await Promise.all(following.values())
    },
  }
}

/** Writes all that waits for an organisation, or the next portion of it where the hub stops. */
async function workOff(
  ports: BacklogPorts,
  organisationId: string,
  signal: AbortSignal,
): Promise<void> {
  const { state, conditions, announce, log, recent } = ports
  let read: readonly TrailEvent[] | undefined
  for (;;) {
    const backlog = await state.get(TRAIL_BACKLOGS, organisationId)
    if (backlog === undefined) return
    const { plan } = backlog
    if (plan !== undefined) {
      const events = read ?? (await plannedEvents(log, plan, organisationId))
      await writeFor(ports, plan, { organisationId, events, recent })
      await keep(ports, organisationId, { after: plan.to })
      await announce()
    } else if (await isAbreast(ports, organisationId, backlog)) {
      conditions.caughtUp(organisationId)
      return
    }
    if (signal.aborted) return
    read = await planNext(ports, organisationId)
    if (read === undefined) await pause(PLAN_PAUSE_MS, signal)
  }
}

/** Ends a backlog behind which nothing waits. */
function isAbreast(
  { state }: BacklogPorts,
  organisationId: string,
  { after }: TrailBacklog,
): Promise<boolean> {
  return state.transact(async (transaction) => {
    const progress = (await transaction.get(TRAIL_PROGRESS, PROGRESS_KEY)) ?? NOTHING_READ
    if (progress.plan !== undefined || progress.readTo > after) return false
    transaction.delete(TRAIL_BACKLOGS, organisationId)
    return true
  })
}

/** Makes a plan durable for the next portion that waits; undefined where there is none. */
async function planNext(
  ports: BacklogPorts,
  organisationId: string,
): Promise<readonly TrailEvent[] | undefined> {
  const { state, log, ids, clock, settings, conditions } = ports
  const { after } = (await state.get(TRAIL_BACKLOGS, organisationId)) ?? { after: 0 }
  const { readTo: end } = (await state.get(TRAIL_PROGRESS, PROGRESS_KEY)) ?? NOTHING_READ
  if (end <= after) return undefined
  const { events, readTo } = await nextPortion(log, { after, to: end }, organisationId)
  const since = events[0]?.acceptedAt
  if (since === undefined) {
    await keep(ports, organisationId, { after: readTo })
    return undefined
  }
  const { format, sealed } = settings
  const made = { id: ids.uuid(), plannedAt: clock.now() }
  const plan: TrailPlan = { ...made, after, to: readTo, format, sealed }
  await keep(ports, organisationId, { after, plan, since })
  conditions.fellBehind(organisationId, since)
  return events
}

function keep({ state }: BacklogPorts, organisationId: string, backlog: TrailBacklog) {
  return state.transact(async (transaction) =>
    transaction.put(TRAIL_BACKLOGS, organisationId, backlog),
  )
}
