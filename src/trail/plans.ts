import type { Ids } from '#src/ports/ids.ts'
import { patiently } from '#src/ports/patiently.ts'
import { announce } from './announcements.ts'
import { createBacklogs } from './backlogs.ts'
import { NOTHING_READ, PROGRESS_KEY, TRAIL_PROGRESS } from './documents.ts'
import type { TrailPlan } from './documents.ts'
import { carryOut } from './flush.ts'
import type { FlushPorts } from './flush.ts'
import { readRecentIds } from './recent-ids.ts'
import type { TrailEvent } from './trail-event.ts'
import { untilDone } from './until-done.ts'

export interface PlanPorts extends FlushPorts {
  readonly ids: Ids
}

/** Makes plans and carries them out, one at a time. */
export interface Plans {
  /** All tenancy events up to this batch of the log are in objects or in a backlog. */
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
  /** Resolves when the signal has aborted and no backlog is being worked off. */
  ended(): Promise<void>
}

/** Does what the last run left undone first; undefined where the hub stops before that is done. */
export async function openPlans(ports: PlanPorts, signal: AbortSignal): Promise<Plans | undefined> {
  const { state, clock, ids, observer, settings } = ports
  const onFault = (error: unknown) => observer.stageFaulted('trail', error)
  const done = (work: () => Promise<unknown>) => untilDone(work, { onFault, signal })

  const recent = await patiently(() => readRecentIds(state), onFault, signal)
  const progress = await patiently(
    async () => (await state.get(TRAIL_PROGRESS, PROGRESS_KEY)) ?? NOTHING_READ,
    onFault,
    signal,
  )
  if (recent === undefined || progress === undefined) return undefined
  const announceInTurn = oneAfterTheOther(() => announce(ports))
  const backlogs = createBacklogs({ ...ports, recent, announce: announceInTurn }, signal)
  const { plan: left } = progress
  if (left !== undefined && !(await done(() => carryOut(ports, left, recent)))) return undefined
  if (!(await done(announceInTurn))) return undefined
  if (!(await done(() => backlogs.takeUp()))) return undefined

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
      let behind: readonly string[] = []
      const carry = async () => {
        behind = await carryOut(ports, plan, recent, events)
      }
      undone = true
      if (!(await done(() => save({ readTo, plan })))) return false
      if (!(await done(carry))) return false
      undone = false
      readTo = plan.to
      // Who has fallen behind while the hub stops is taken up by the next start.
      for (const one of signal.aborted ? [] : behind) backlogs.follow(one)
      await done(announceInTurn)
      return true
    },
    skipTo: async (batch) => {
      await save({ readTo: batch })
      readTo = batch
    },
    ended: () => backlogs.ended(),
  }
}

/** Whoever asks while it is being done waits, and has it done once more. */
function oneAfterTheOther(work: () => Promise<void>): () => Promise<void> {
  let last: Promise<unknown> = Promise.resolve()
  return () => {
    const next = last.then(work, work)
    last = next
    return next
  }
}
