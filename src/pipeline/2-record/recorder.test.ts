import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { OverloadedFault } from '#src/errors.ts'
import { POSITIONS_PER_BATCH } from '#src/model/event.ts'
import type { PositionedEvent } from '#src/model/event.ts'
import type { BatchLog, LogBatch } from '#src/ports/batch-log.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import { recordedEvent } from '../pipeline.fixture.ts'
import { createRecorder } from './recorder.ts'

const clock = { now: () => 1_750_000_000_000 }
const never = new AbortController().signal

interface MemoryLog extends BatchLog {
  readonly batches: LogBatch[]
}

/** Keeps batches in memory; what happens to an append can be replaced. */
function memoryLog(settle: (nth: number) => Promise<void> = async () => undefined): MemoryLog {
  const batches: LogBatch[] = []
  let appends = 0
  return {
    batches,
    append: async (data) => {
      const nth = (appends += 1)
      await settle(nth)
      const sequence = batches.length + 1
      batches.push({ sequence, data })
      return sequence
    },
    read: async (after, limit) => batches.slice(after, after + limit),
    lastSequence: async () => batches.length,
  }
}

const events = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => recordedEvent(`${prefix}-${index}`))
const idsOf = (positioned: readonly PositionedEvent[]) => positioned.map(({ event }) => event.id)

/** Everything after a sequence, until `count` events have been read. */
async function readAll(log: EventLog, count: number, after = 0): Promise<PositionedEvent[]> {
  const seen: PositionedEvent[] = []
  for (let sequence = after; seen.length < count;) {
    for (const batch of await log.next(sequence, never)) {
      seen.push(...batch.events)
      sequence = batch.sequence
    }
  }
  return seen
}

describe('recording', () => {
  it('lets callers of the same moment share a flush and gives each its own positions', async () => {
    const batches = memoryLog()
    const log = await createRecorder(batches, clock)
    const calls = Array.from({ length: 40 }, (_, index) => events(`call${index}`, 1 + (index % 3)))
    const positions = await Promise.all(calls.map((call) => log.record(call)))
    expect(batches.batches).toHaveLength(1)
    expect(positions.map(({ length }) => length)).toEqual(calls.map(({ length }) => length))
    const all = positions.flat()
    expect(all).toEqual(all.map((_, index) => POSITIONS_PER_BATCH + index))
    for (const [index, event] of calls.flat().entries()) {
      expect(await log.eventAt(all[index] as number)).toEqual(event)
    }
  })

  it('gathers what comes while flushes are under way into the next batch', async () => {
    const gates = [1, 2].map(() => Promise.withResolvers<void>())
    const batches = memoryLog((nth) => gates[nth - 1]?.promise ?? Promise.resolve())
    const log = await createRecorder(batches, clock)
    const first = log.record(events('first', 1))
    await turns(3)
    const second = log.record(events('second', 1))
    await turns(3)
    const late = [1, 2, 3, 4].map((n) => log.record(events(`late${n}`, 1)))
    await turns(3)
    expect(batches.batches).toHaveLength(0)
    gates[0]?.resolve()
    gates[1]?.resolve()
    const positions = await Promise.all([first, second, ...late])
    expect(positions.map(([position]) => Math.floor((position ?? 0) / POSITIONS_PER_BATCH))) //
      .toEqual([1, 2, 3, 3, 3, 3])
  })

  it('of nothing resolves without a flush', async () => {
    const batches = memoryLog()
    const log = await createRecorder(batches, clock)
    expect(await log.record([])).toEqual([])
    await turns(3)
    expect(batches.batches).toEqual([])
  })

  it('fails for the callers of a failed flush and for no one else', async () => {
    const fault = new Error('no room')
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const batches = memoryLog(async (nth) => {
      if (nth === 1) await first.promise
      if (nth !== 2) return
      await second.promise
      throw fault
    })
    const log = await createRecorder(batches, clock)
    const before = log.record(events('before', 1))
    await turns(3)
    const failing = [log.record(events('a', 1)), log.record(events('b', 2))]
    await turns(3)
    const waiting = log.record(events('waiting', 1))
    second.resolve()
    for (const call of failing) await expect(call).rejects.toBe(fault)
    first.resolve()
    const [position] = await before
    expect(await log.eventAt(position as number)).toMatchObject({ id: 'before-0' })
    await waiting
    await log.record(events('later', 1))
    const recorded = idsOf(await readAll(log, 3)).toSorted()
    expect(recorded).toEqual(['before-0', 'later-0', 'waiting-0'])
  })

  it('keeps batches apart that would be too large together', async () => {
    const batches = memoryLog()
    const log = await createRecorder(batches, clock)
    const event = recordedEvent('e', { json: '{}' })
    const many = Array.from({ length: 40_000 }, () => event)
    const [one, other] = await Promise.all([log.record(many), log.record(many)])
    expect(one?.at(-1)).toBe(POSITIONS_PER_BATCH + 39_999)
    expect(other?.[0]).toBe(2 * POSITIONS_PER_BATCH)
    const large = recordedEvent('large', { json: `{"x":"${'y'.repeat(3 * 1024 * 1024)}"}` })
    await Promise.all([log.record([large]), log.record([large])])
    expect(batches.batches).toHaveLength(4)
  })

  it('refuses more than memory holds, and takes events again when there is room', async () => {
    const gate = Promise.withResolvers<void>()
    const log = await createRecorder(
      memoryLog(() => gate.promise),
      clock,
    )
    const underWay: Promise<unknown>[] = []
    for (const id of ['a', 'b']) {
      underWay.push(log.record(events(id, 1)))
      await turns(3)
    }
    const megabyte = recordedEvent('m', { json: 'x'.repeat(1024 * 1024) })
    const full = log.record(Array.from({ length: 128 }, () => megabyte))
    await expect(log.record([recordedEvent('more')])).rejects.toBeInstanceOf(OverloadedFault)
    gate.resolve()
    await Promise.all([...underWay, full])
    expect(await log.record([recordedEvent('more')])).toHaveLength(1)
  })
})

describe('reading', () => {
  it('waits for the next batch, and ends with nothing when it is stopped', async () => {
    const log = await createRecorder(memoryLog(), clock)
    const stopping = new AbortController()
    const [waiting, stopped] = [log.next(0, never), log.next(0, stopping.signal)]
    stopping.abort()
    expect(await stopped).toEqual([])
    await log.record(events('e', 2))
    const [batch] = await waiting
    expect(batch?.sequence).toBe(1)
    expect(idsOf(batch?.events ?? [])).toEqual(['e-0', 'e-1'])
    expect(await log.next(0, stopping.signal)).toEqual([])
  })

  it('finds everything after a restart, byte for byte', async () => {
    const batches = memoryLog()
    const before = await createRecorder(batches, clock)
    const given = [
      recordedEvent('a', { traceHeader: 'Root=1', json: '{"n":1.0,"s":"a\\nb\u2028é𐀀"}' }),
      recordedEvent('b', { awaitsEnrichment: true, hops: { sameRegion: 1, crossRegion: 1 } }),
      recordedEvent('c', { replayArn: 'arn:aws:events:eu-west-1:111111111111:replay/r' }),
    ]
    const positions = await before.record(given)
    for (let n = 0; n < 40; n += 1) await before.record(events(`batch${n}`, 1))
    const log = await createRecorder(batches, clock)
    expect(log.lastSequence()).toBe(41)
    const all = await readAll(log, 43)
    expect(all.slice(0, 3)).toEqual(
      given.map((event, index) => ({ position: positions[index], event })),
    )
    expect(all.map(({ position }) => position)).toEqual(
      all.map(({ position }) => position).toSorted((a, b) => a - b),
    )
    expect(await log.eventAt(positions[1] as number)).toEqual(given[1])
    expect(await log.record(events('after', 1))).toEqual([42 * POSITIONS_PER_BATCH])
  })

  it('keeps the order of the log when a later flush is acknowledged first', async () => {
    const batches = memoryLog()
    const acknowledge = [1, 2].map(() => Promise.withResolvers<void>())
    let appends = 0
    const append: BatchLog['append'] = async (data, at) => {
      const sequence = await batches.append(data, at)
      await acknowledge[(appends += 1) - 1]?.promise
      return sequence
    }
    const log = await createRecorder({ ...batches, append }, clock)
    const calls = [log.record(events('first', 1))]
    await turns(3)
    calls.push(log.record(events('second', 1)))
    await turns(3)
    acknowledge[1]?.resolve()
    await calls[1]
    acknowledge[0]?.resolve()
    await calls[0]
    await log.record(events('third', 1))
    expect(idsOf(await readAll(log, 3))).toEqual(['first-0', 'second-0', 'third-0'])
    for (const [index, name] of ['second-0', 'third-0'].entries()) {
      expect(idsOf((await log.next(index + 1, never))[0]?.events ?? [])).toEqual([name])
      const position = (index + 2) * POSITIONS_PER_BATCH
      expect(await log.eventAt(position)).toMatchObject({ id: name })
    }
  })

  it('of a long log leaves others their turn', async () => {
    const batches = memoryLog()
    const writing = await createRecorder(batches, clock)
    for (let n = 0; n < 100; n += 1) await writing.record(events(`${n}`, 1))
    const log = await createRecorder(batches, clock)
    const reading = { done: false }
    let turnsTaken = 0
    const takeTurn = () => {
      turnsTaken += 1
      if (!reading.done) setImmediate(takeTurn)
    }
    setImmediate(takeTurn)
    await readAll(log, 100)
    reading.done = true
    expect(turnsTaken).toBeGreaterThan(5)
  })

  it('has no event at a place where none is', async () => {
    const log = await createRecorder(memoryLog(), clock)
    const [position] = await log.record(events('e', 1))
    for (const place of [0, (position as number) + 1, 9 * POSITIONS_PER_BATCH]) {
      expect(await log.eventAt(place)).toBeUndefined()
    }
  })

  it('gives every reader every event once and in order, wherever it begins', async () => {
    const load = fc.record({
      calls: fc.array(fc.record({ count: fc.integer({ min: 1, max: 4 }), turns: fc.nat(4) }), {
        minLength: 1,
        maxLength: 40,
      }),
      delays: fc.array(fc.nat(5), { minLength: 1, maxLength: 10 }),
      readers: fc.array(fc.nat(10), { minLength: 1, maxLength: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(load, async ({ calls, delays, readers }) => {
        let order = Promise.resolve()
        // Flushes take their time and end in the order in which they began.
        const batches = memoryLog((nth) => {
          order = order.then(() => turns(delays[nth % delays.length] as number))
          return order
        })
        const log = await createRecorder(batches, clock)
        const count = calls.reduce((sum, call) => sum + call.count, 0)
        const reading = readAll(log, count)
        const recording: Promise<readonly number[]>[] = []
        for (const [index, call] of calls.entries()) {
          recording.push(log.record(events(String(index), call.count)))
          await turns(call.turns)
        }
        const positions = (await Promise.all(recording)).flat()
        const written = calls.flatMap((call, index) => events(String(index), call.count))
        const all = await reading
        expect(idsOf(all)).toEqual(written.map(({ id }) => id))
        expect(all.map(({ position }) => position)).toEqual(positions)
        for (const begin of readers) {
          const after = Math.min(begin, log.lastSequence())
          const rest = all.filter(({ position }) => position >= (after + 1) * POSITIONS_PER_BATCH)
          expect(idsOf(await readAll(log, rest.length, after))).toEqual(idsOf(rest))
        }
      }),
      { numRuns: 60 },
    )
  })
})

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}
