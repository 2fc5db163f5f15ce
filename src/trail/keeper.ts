import type { RecordedBatch } from '#src/ports/event-log.ts'
import { patiently } from '#src/ports/patiently.ts'
import { openPlans } from './plans.ts'
import type { PlanPorts } from './plans.ts'
import { expireObjects } from './retention.ts'
import { createPortion } from './portion.ts'
import type { Portion } from './portion.ts'

/** A stretch of the log without tenancy events is worth a write only now and then. */
const PROGRESS_SAVE_EVERY_MS = 60_000
const RETENTION_EVERY_MS = 60 * 60_000
/** A stop waits so long for a flush; the next start does what is left. */
export const LAST_FLUSH_WITHIN_MS = 5_000

/** Events that were read from the log and are in no object yet. */
interface Gathered {
  readonly portion: Portion
  /** The batch before that of the first event. */
  readonly after: number
  readonly readAt: number
}

/**
 * Reads the log and keeps the trail until the signal aborts, and then writes what it has gathered.
 *
 * STARTING: does what a plan of the last run left undone. → READING
 * READING: gathers tenancy events. → FLUSHING when they are many or the oldest has waited long
 *   enough, → EXPIRING once an hour
 * FLUSHING: makes a plan durable, carries it out, announces the objects; each until it succeeds,
 *   while events flow on elsewhere. An organisation whose place cannot be written falls behind, and
 *   its backlog is worked off beside all this. → READING
 * EXPIRING: deletes what retention is over for. → READING
 */
export async function keepTrail(ports: PlanPorts, signal: AbortSignal): Promise<void> {
  const late = Promise.withResolvers<void>()
  let timer: NodeJS.Timeout | undefined
  signal.addEventListener('abort', () => {
    timer = setTimeout(late.resolve, LAST_FLUSH_WITHIN_MS)
  })
  await Promise.race([keep(ports, signal), late.promise])
  clearTimeout(timer)
}

async function keep(ports: PlanPorts, signal: AbortSignal): Promise<void> {
  const { log, clock, observer, conditions, settings } = ports
  const onFault = (error: unknown) => observer.stageFaulted('trail', error)
  const plans = await openPlans(ports, signal)
  if (plans === undefined) return

  let cursor = plans.readTo()
  let savedAt = clock.now()
  let retentionAt = clock.now()
  let gathered: Gathered | undefined

  const flush = async ({ portion, after }: Gathered) => {
    if (!(await plans.perform({ after, to: cursor }, portion.events))) return
    gathered = undefined
    savedAt = clock.now()
    conditions.flushed()
  }
  const expire = () =>
    expireObjects(ports, async (expired) => {
      const here = plans.readTo()
      // Nothing may be deleted that the chain does not say.
      if (await plans.perform({ after: here, to: here, expire: expired }, [])) return
      throw new Error('the hub stops before the trail could say what retention deletes')
    })
  const gather = (batch: RecordedBatch) => {
    const portion = gathered?.portion ?? createPortion()
    const before = portion.events.length
    portion.add(batch)
    cursor = batch.sequence
    if (portion.events.length === before) return
    gathered ??= { portion, after: batch.sequence - 1, readAt: clock.now() }
    conditions.gathered(portion.events.slice(before))
  }

  while (!signal.aborted) {
    const now = clock.now()
    const dueAt = gathered === undefined ? retentionAt : gathered.readAt + settings.flushEveryMs
    const idle = gathered === undefined
    if (gathered !== undefined && (gathered.portion.isFull() || now >= dueAt)) {
      await flush(gathered)
    } else if (idle && now >= retentionAt) {
      retentionAt = now + RETENTION_EVERY_MS
      await expire().catch(onFault)
    } else if (idle && cursor > plans.readTo() && now - savedAt >= PROGRESS_SAVE_EVERY_MS) {
      await patiently(() => plans.skipTo(cursor), onFault, signal)
      savedAt = now
    } else {
      const waiting = AbortSignal.any([signal, AbortSignal.timeout(Math.max(0, dueAt - now))])
      const batches = await patiently(() => log.next(cursor, waiting), onFault, waiting)
      for (const batch of batches ?? []) {
        gather(batch)
        if (gathered?.portion.isFull()) break
      }
    }
  }
  if (gathered !== undefined) await flush(gathered)
  await plans.ended()
}
