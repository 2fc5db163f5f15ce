import type { RecordedBatch } from '#src/ports/event-log.ts'
import { patiently } from '#src/ports/patiently.ts'
import { openPlans } from './plans.ts'
import type { PlanPorts } from './plans.ts'
import { expireObjects } from './retention.ts'
import { trailEventOf } from './trail-event.ts'
import type { TrailEvent } from './trail-event.ts'

/** What a flush holds in memory; packing 4 MiB keeps the event loop for less than 0.1 s. */
const FLUSH_EVENTS_MAX = 2_000
const FLUSH_CHARACTERS_MAX = 4 * 1024 * 1024
/** A stretch of the log without tenancy events is worth a write only now and then. */
const PROGRESS_SAVE_EVERY_MS = 60_000
const RETENTION_EVERY_MS = 60 * 60_000
/** A stop waits so long for a flush; the next start does what is left. */
export const LAST_FLUSH_WITHIN_MS = 5_000

/** Events that were read from the log and are in no object yet. */
interface Gathered {
  readonly events: TrailEvent[]
  /** The batch before that of the first event. */
  readonly after: number
  readonly readAt: number
  characters: number
}

/**
 * Reads the log and keeps the trail until the signal aborts, and then writes what it has gathered.
 *
 * STARTING: does what a plan of the last run left undone. → READING
 * READING: gathers tenancy events. → FLUSHING when they are many or the oldest has waited long
 *   enough, → EXPIRING once an hour
 * FLUSHING: makes a plan durable, carries it out, announces the objects; each until it succeeds,
 *   while events flow on elsewhere. → READING
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
  const { log, clock, observer, settings } = ports
  const onFault = (error: unknown) => observer.stageFaulted('trail', error)
  const plans = await openPlans(ports, signal)
  if (plans === undefined) return

  let cursor = plans.readTo()
  let savedAt = clock.now()
  let retentionAt = clock.now()
  let gathered: Gathered | undefined

  const flush = async ({ events, after }: Gathered) => {
    if (!(await plans.perform({ after, to: cursor }, events))) return
    gathered = undefined
    savedAt = clock.now()
    observer.trailWaiting(undefined)
  }
  const expire = () =>
    expireObjects(ports, async (expired) => {
      const here = plans.readTo()
      // Nothing may be deleted that the chain does not say.
      if (await plans.perform({ after: here, to: here, expire: expired }, [])) return
      throw new Error('the hub stops before the trail could say what retention deletes')
    })
  const gather = (batch: RecordedBatch) => {
    cursor = batch.sequence
    for (const positioned of batch.events) {
      const event = trailEventOf(positioned)
      if (event === undefined) continue
      if (gathered === undefined) observer.trailWaiting(event.acceptedAt)
      const after = batch.sequence - 1
      gathered ??= { events: [], after, readAt: clock.now(), characters: 0 }
      gathered.events.push(event)
      gathered.characters += event.json.length
    }
  }

  while (!signal.aborted) {
    const now = clock.now()
    const dueAt = gathered === undefined ? retentionAt : gathered.readAt + settings.flushEveryMs
    const idle = gathered === undefined
    if (gathered !== undefined && (isFull(gathered) || now >= dueAt)) {
      await flush(gathered)
    } else if (idle && now >= retentionAt) {
      retentionAt = now + RETENTION_EVERY_MS
      // Once: who may not delete must still be able to write.
      await expire().catch(onFault)
    } else if (idle && cursor > plans.readTo() && now - savedAt >= PROGRESS_SAVE_EVERY_MS) {
      await patiently(() => plans.skipTo(cursor), onFault, signal)
      savedAt = now
    } else {
      const waiting = AbortSignal.any([signal, AbortSignal.timeout(Math.max(0, dueAt - now))])
      const batches = await patiently(() => log.next(cursor, waiting), onFault, waiting)
      for (const batch of batches ?? []) {
        gather(batch)
        if (gathered !== undefined && isFull(gathered)) break
      }
    }
  }
  if (gathered !== undefined) await flush(gathered)
}

function isFull({ events, characters }: Gathered): boolean {
  return events.length >= FLUSH_EVENTS_MAX || characters >= FLUSH_CHARACTERS_MAX
}
