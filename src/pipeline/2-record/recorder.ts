import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'

import { OverloadedFault } from '#src/errors.ts'
import { POSITIONS_PER_BATCH, sequenceOf } from '#src/model/event.ts'
import type { LogPosition, RecordedEvent } from '#src/model/event.ts'
import type { BatchLog } from '#src/ports/batch-log.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { EventLog, RecordedBatch } from '#src/ports/event-log.ts'
import { decodeBatch, encodeBatch, indexOf, positionOf } from './batch-format.ts'

/** Events waiting for a flush, in characters of JSON: about a second of the fastest intake. */
const PENDING_CHARACTERS_MAX = 128 * 1024 * 1024
/** A batch is read whole, so it must stay small beside the memory of its readers. */
const BATCH_CHARACTERS_MAX = 4 * 1024 * 1024
/** One flush under way, and one batch that forms behind it and follows at once. */
const FLUSHES_UNDER_WAY_MAX = 2
/** Decoded batches that readers share; a reader further behind reads from the store. */
const RECENT_CHARACTERS_MAX = 8 * 1024 * 1024
const BATCHES_PER_READ_MAX = 16
/** Decoding so much took 3 ms of the event loop (median of 60, two cores, November 2026). */
const ENOUGH_BYTES_PER_READ = 2 * 1024 * 1024
/** A turn of the event loop that took longer had work of others. */
const IDLE_TURN_MS = 1
/** Batches that were decoded for single events, such as retries of the same minute. */
const REVISITED_BATCHES_MAX = 4

interface Pending {
  readonly events: readonly RecordedEvent[]
  readonly resolve: (positions: readonly LogPosition[]) => void
  readonly reject: (error: unknown) => void
}

/** The log of events over a log of batches: appends share flushes, readers share what was decoded. */
export async function createRecorder(log: BatchLog, clock: Clock): Promise<EventLog> {
  const pending: Pending[] = []
  const recent = createRecentBatches()
  const readStored = createStoredReader(log)
  const revisited = new Map<number, RecordedBatch>()
  let pendingCharacters = 0
  let flushesUnderWay = 0
  let last = await log.lastSequence()
  let wakeReaders = Promise.withResolvers<void>()

  const takeBatch = (): readonly Pending[] => {
    let characters = 0
    let events = 0
    let count = 0
    for (const { events: added } of pending) {
      const size = charactersOf(added)
      const full =
        characters + size > BATCH_CHARACTERS_MAX || events + added.length > POSITIONS_PER_BATCH
      if (count > 0 && full) break
      characters += size
      events += added.length
      count += 1
    }
    pendingCharacters -= characters
    return pending.splice(0, count)
  }

  const flush = async () => {
    flushesUnderWay += 1
    const batch = takeBatch()
    const events = batch.flatMap((part) => part.events)
    try {
      const sequence = await log.append(encodeBatch(events), clock.now())
      recent.add({
        sequence,
        events: events.map((event, index) => ({ position: positionOf(sequence, index), event })),
      })
      last = Math.max(last, sequence)
      let index = 0
      for (const part of batch) {
        part.resolve(part.events.map(() => positionOf(sequence, index++)))
      }
      wakeReaders.resolve()
      wakeReaders = Promise.withResolvers()
    } catch (error) {
      for (const part of batch) part.reject(error)
    } finally {
      flushesUnderWay -= 1
      flushIfIdle()
    }
  }

  const flushIfIdle = () => {
    if (pending.length > 0 && flushesUnderWay < FLUSHES_UNDER_WAY_MAX) void flush()
  }

  const read = async (afterSequence: number): Promise<readonly RecordedBatch[]> => {
    const remembered = recent.after(afterSequence, BATCHES_PER_READ_MAX)
    if (remembered.length > 0) return remembered
    return readStored(afterSequence)
  }

  const revisit = async (sequence: number): Promise<RecordedBatch | undefined> => {
    const [remembered = revisited.get(sequence)] = recent.after(sequence - 1, 1)
    if (remembered !== undefined) return remembered
    const [stored] = await log.read(sequence - 1, 1)
    if (stored === undefined) return undefined
    const batch = { sequence: stored.sequence, events: decodeBatch(stored.sequence, stored.data) }
    const oldest = revisited.keys().next().value
    if (revisited.size >= REVISITED_BATCHES_MAX && oldest !== undefined) revisited.delete(oldest)
    revisited.set(sequence, batch)
    return batch
  }

  return {
    record: async (events) => {
      if (events.length === 0) return []
      const characters = charactersOf(events)
      if (pendingCharacters + characters > PENDING_CHARACTERS_MAX) throw new OverloadedFault()
      pendingCharacters += characters
      return new Promise((resolve, reject) => {
        pending.push({ events, resolve, reject })
        // Requests that arrive in the same turn of the event loop share the flush.
        if (pending.length === 1) setImmediate(flushIfIdle)
      })
    },
    next: async (afterSequence, signal) => {
      while (afterSequence >= last && !signal.aborted) {
        await untilAborted(wakeReaders.promise, signal)
      }
      return signal.aborted ? [] : read(afterSequence)
    },
    read,
    eventAt: async (position) => {
      const sequence = sequenceOf(position)
      const batch = await revisit(sequence)
      return batch?.sequence === sequence ? batch.events[indexOf(position)]?.event : undefined
    },
    lastSequence: () => last,
  }
}

/**
 * A reader that is millions of events behind must not keep the event loop for itself. What others do
 * takes several turns, such as a delivery: where they have work, they get as much time as it has.
 */
function createStoredReader(log: BatchLog) {
  let lastReadMs = 0
  const giveWay = async () => {
    const begunAt = performance.now()
    await nextTurn()
    if (performance.now() - begunAt > IDLE_TURN_MS) await pause(lastReadMs)
  }
  return async (afterSequence: number): Promise<readonly RecordedBatch[]> => {
    await giveWay()
    const begunAt = performance.now()
    const batches = await log.read(afterSequence, BATCHES_PER_READ_MAX, ENOUGH_BYTES_PER_READ)
    const decoded = batches.map(({ sequence, data }) => ({
      sequence,
      events: decodeBatch(sequence, data),
    }))
    lastReadMs = performance.now() - begunAt
    return decoded
  }
}

function charactersOf(events: readonly RecordedEvent[]): number {
  return events.reduce((sum, event) => sum + event.json.length, 0)
}

async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>()
  const abort = () => aborted.resolve()
  signal.addEventListener('abort', abort)
  await Promise.race([promise, aborted.promise])
  signal.removeEventListener('abort', abort)
}

/** The newest batches without a gap, bounded by their size. */
function createRecentBatches() {
  const batches: RecordedBatch[] = []
  let characters = 0
  const sizeOf = (batch: RecordedBatch) => charactersOf(batch.events.map(({ event }) => event))
  return {
    add: (batch: RecordedBatch) => {
      // Two flushes may end in either order; readers must never see the later one first.
      const gap = batches.length > 0 && batches.at(-1)!.sequence + 1 !== batch.sequence
      if (gap) {
        batches.length = 0
        characters = 0
      }
      batches.push(batch)
      characters += sizeOf(batch)
      while (batches.length > 1 && characters > RECENT_CHARACTERS_MAX) {
        characters -= sizeOf(batches.shift() as RecordedBatch)
      }
    },
    after: (sequence: number, limit: number): readonly RecordedBatch[] => {
      const first = batches[0]
      if (first === undefined || sequence + 1 < first.sequence) return []
      const start = sequence + 1 - first.sequence
      return batches.slice(start, start + limit)
    },
  }
}
