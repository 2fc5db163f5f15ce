import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { NO_HOPS } from '#src/model/event.ts'
import type { OpenFresh } from './adapter.contract.ts'
import type { Cursors } from './cursors.ts'
import type {
  ArchivePlace,
  ArchivedEvent,
  EventArchive,
  NewArchivedEvent,
} from './event-archive.ts'

interface ArchivePorts {
  readonly archive: EventArchive
  readonly cursors: Cursors
}

const READER = 'archives'
const ALL = { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 1_000, charactersMax: 1_000_000 }

/** What every adapter of the port EventArchive keeps to. */
export function eventArchiveContract(open: OpenFresh<ArchivePorts>): void {
  const event = (time: number, position: number, json = `{"n":${position}}`): ArchivedEvent => ({
    ...{ time, position, id: `event ${position}`, source: 'my.app', detailType: 'Test' },
    ...{ account: '111111111111', region: 'eu-west-1', hops: NO_HOPS, json },
  })
  const added = (archiveId: string, ...events: readonly ArchivedEvent[]): NewArchivedEvent[] =>
    events.map((one) => ({ archiveId, sizeBytes: 100, event: one }))
  const positionsOf = (events: readonly ArchivedEvent[]) => events.map(({ position }) => position)

  describe('event archive', () => {
    it('gives back events as they were, of each archive its own, in the order of their time', async () => {
      const { archive } = (await open()).port
      const hops = { sameRegion: 1, crossRegion: 1 }
      const late = { ...event(2_000, 1), hops, json: '{"n":1.0,"text":"\u{1F514} é\\u0000"}' }
      await archive.add(READER, 1, [
        ...added('a', late, event(1_000, 2)),
        ...added('b', event(1_500, 2)),
      ])
      await archive.add(READER, 2, added('a', event(1_000, 3), event(500, 4)))
      expect(await archive.read('a', ALL)).toEqual([
        ...[event(500, 4), event(1_000, 2), event(1_000, 3), late],
      ])
      expect(positionsOf(await archive.read('b', ALL))).toEqual([2])
      expect(await archive.read('c', ALL)).toEqual([])
      expect(await archive.archiveIds()).toEqual(['a', 'b'])
    })

    it('reads from one time to another, which is not included', async () => {
      const { archive } = (await open()).port
      const times = [999, 1_000, 1_500, 2_000, 2_001]
      await archive.add(READER, 1, added('a', ...times.map((time, at) => event(time, at + 1))))
      const found = await archive.read('a', { ...ALL, from: 1_000, to: 2_000 })
      expect(found.map(({ time }) => time)).toEqual([1_000, 1_500])
      const after = { time: 500, position: 1 }
      const same = await archive.read('a', { ...ALL, from: 1_000, to: 2_000, after })
      expect(same).toEqual(found)
    })

    it('moves the cursor of its reader with the events, and with none too', async () => {
      const { port } = await open()
      await port.archive.add(READER, 4, added('a', event(1, 1)))
      expect(await port.cursors.get(READER)).toBe(4)
      await port.archive.add(READER, 7, [])
      expect(await port.cursors.get(READER)).toBe(7)
    })

    it('adds all or none, and without them the cursor stays', async () => {
      const { port } = await open()
      const broken = event(1, null as never)
      await expect(port.archive.add(READER, 3, added('a', event(1, 1), broken))).rejects.toThrow()
      expect(await port.archive.read('a', ALL)).toEqual([])
      expect(await port.archive.totals('a')).toEqual({ events: 0, bytes: 0 })
      expect(await port.cursors.get(READER)).toBe(0)
    })

    it('neither keeps nor counts an event twice, as after a crash', async () => {
      const { archive } = (await open()).port
      await archive.add(READER, 1, added('a', event(1, 1)))
      await archive.add(READER, 2, added('a', event(1, 1), event(1, 2), event(1, 2)))
      expect(positionsOf(await archive.read('a', ALL))).toEqual([1, 2])
      expect(await archive.totals('a')).toEqual({ events: 2, bytes: 200 })
    })

    it('deletes the oldest first, as many as it was told, and forgets an archive with the last', async () => {
      const { archive } = (await open()).port
      const times = [30, 10, 20, 40]
      await archive.add(READER, 1, added('a', ...times.map((time, at) => event(time, at + 1))))
      await archive.add(READER, 2, added('b', event(10, 9)))
      expect(await archive.prune('a', 40, 2)).toBe(2)
      expect((await archive.read('a', ALL)).map(({ time }) => time)).toEqual([30, 40])
      expect(await archive.prune('a', 40, 2)).toBe(1)
      expect(await archive.prune('a', 40, 2)).toBe(0)
      expect(await archive.totals('a')).toEqual({ events: 1, bytes: 100 })
      expect(await archive.prune('a', Number.MAX_SAFE_INTEGER, 2)).toBe(1)
      expect(await archive.archiveIds()).toEqual(['b'])
      expect(await archive.prune('a', 40, 2)).toBe(0)
    })

    it('answers no more JSON than asked for, but always an event', async () => {
      const { archive } = (await open()).port
      const large = `{"text":"${'x'.repeat(1_000)}"}`
      await archive.add(READER, 1, added('a', ...[1, 2, 3].map((at) => event(at, at, large))))
      const range = { ...ALL, charactersMax: 2_500 }
      expect(positionsOf(await archive.read('a', range))).toEqual([1, 2])
      expect(positionsOf(await archive.read('a', { ...ALL, charactersMax: 10 }))).toEqual([1])
    })

    it('read page by page is the archive read at once, however times and pages fall', async () => {
      const { archive } = (await open()).port
      const times = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 40 })
      const limits = fc.integer({ min: 1, max: 7 })
      let run = 0
      await fc.assert(
        fc.asyncProperty(times, limits, async (some, limit) => {
          const id = `archive ${(run += 1)}`
          const events = some.map((time, at) => event(time, at + 1))
          await archive.add(READER, run, added(id, ...events))
          const expected = events.toSorted((a, b) => a.time - b.time || a.position - b.position)
          const read: ArchivedEvent[] = []
          let after: ArchivePlace | undefined
          for (;;) {
            const page = await archive.read(id, { ...ALL, limit, ...(after && { after }) })
            if (page.length === 0) break
            read.push(...page)
            after = page.at(-1)
          }
          expect(read).toEqual(expected)
        }),
        { numRuns: 30 },
      )
    })

    it('has everything after a restart and goes on', async () => {
      const { port, restart } = await open()
      await port.archive.add(READER, 1, added('a', event(1, 1)))
      const { archive, cursors } = await restart()
      expect(await cursors.get(READER)).toBe(1)
      await archive.add(READER, 2, added('a', event(1, 2)))
      expect(positionsOf(await archive.read('a', ALL))).toEqual([1, 2])
      expect(await archive.totals('a')).toEqual({ events: 2, bytes: 200 })
    })
  })
}
