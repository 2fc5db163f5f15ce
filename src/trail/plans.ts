import type { Ids } from '#src/ports/ids.ts'
import { patiently } from '#src/ports/patiently.ts'
import { announce } from './announcements.ts'
import { NOTHING_READ, PROGRESS_KEY, TRAIL_PROGRESS } from './documents.ts'
import type { TrailPlan } from './documents.ts'
import { carryOut } from './flush.ts'
import type { FlushPorts } from './flush.ts'
import { readRecentIds } from './recent-ids.ts'
import type { TrailEvent } from './trail-event.ts'

export interface PlanPorts extends FlushPorts {
  readonly ids: Ids
}

/** Makes plans and carries them out, one at a time. */
export interface Plans {
  /** All tenancy events up to this batch of the log are in objects. */
  readTo(): number
  /**
   * Makes a plan durable and carries it out, until both succeed; false where the hub stopped
   * before. While it stops each is tried once, and nothing where a plan is still to be done.
   */
  perform(
    range: Pick<TrailPlan, 'after' | 'to' | 'expire'>,
    events: readonly TrailEvent[],
  ): Promise<boolean>
  /** Passes over batches that hold no tenancy events. */
  skipTo(batch: number): Promise<void>
}

/** Does what the last run left undone first; undefined where the hub stops before that is done. */
export async function openPlans(ports: PlanPorts, signal: AbortSignal): Promise<Plans | undefined> {
  const { state, clock, ids, observer, settings } = ports
  const onFault = (error: unknown) => observer.stageFaulted('trail', error)

  /** Whether work was done: tried until it is, or once while the hub stops. */
  const done = async (work: () => Promise<void>): Promise<boolean> => {
    const working = async () => {
      await work()
      return true
    }
    if (!signal.aborted) return (await patiently(working, onFault, signal)) ?? false
    try {
      return await working()
    } catch (error) {
      onFault(error)
      return false
    }
  }

  const recent = await patiently(() => readRecentIds(state), onFault, signal)
  const progress = await patiently(
    async () => (await state.get(TRAIL_PROGRESS, PROGRESS_KEY)) ?? NOTHING_READ,
    onFault,
    signal,
  )
  if (recent === undefined || progress === undefined) return undefined
  const { plan: left } = progress
  if (left !== undefined && !(await done(() => carryOut(ports, left, recent)))) return undefined
  if (!(await done(() => announce(ports)))) return undefined

  let readTo = left?.to ?? progress.readTo
  let undone = false
  const save = (next: { readTo: number; plan?: TrailPlan }) =>
    state.transact(async (transaction) => transaction.put(TRAIL_PROGRESS, PROGRESS_KEY, next))

  return {
    readTo: () => readTo,
    perform: async (range, events) => {
      if (undone) return false
      const made = { id: ids.uuid(), plannedAt: clock.now() }
      const plan = { ...range, ...made, format: settings.format, sealed: settings.sealed }
      undone = true
      if (!(await done(() => save({ readTo, plan })))) return false
      if (!(await done(() => carryOut(ports, plan, recent, events)))) return false
      undone = false
      readTo = plan.to
      await done(() => announce(ports))
      return true
    },
    skipTo: async (batch) => {
      await save({ readTo: batch })
      readTo = batch
    },
  }
}
