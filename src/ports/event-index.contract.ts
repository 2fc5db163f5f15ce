import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { POSITIONS_PER_BATCH } from '#src/model/event.ts'
import type { OpenFresh } from './adapter.contract.ts'
import type { Cursors } from './cursors.ts'
import type { EventIndex, EventPlace } from './event-index.ts'

interface IndexPorts {
  readonly index: EventIndex
  readonly cursors: Cursors
}

const READER = 'event-index'

/** What every adapter of the port EventIndex keeps to. */
export function eventIndexContract(open: OpenFresh<IndexPorts>): void {
  const places = (eventId: string, ...positions: readonly number[]): readonly EventPlace[] =>
    positions.map((position) => ({ eventId, position }))

  describe('event index', () => {
    it('answers every place of an id, the newest first, and no more than was asked for', async () => {
      const { index } = (await open()).port
      expect(await index.placesOf('a', 10)).toEqual([])
      await index.add(READER, 1, [...places('a', 65_536, 65_538), ...places('b', 65_537)])
      await index.add(READER, 9, places('a', 9 * POSITIONS_PER_BATCH))
      expect(await index.placesOf('a', 10)).toEqual([589_824, 65_538, 65_536])
      expect(await index.placesOf('a', 2)).toEqual([589_824, 65_538])
      expect(await index.placesOf('b', 10)).toEqual([65_537])
      expect(await index.placesOf('c', 10)).toEqual([])
    })

    it('moves the cursor of its reader with the places, and with none too', async () => {
      const { port } = await open()
      await port.index.add(READER, 4, places('a', 4 * POSITIONS_PER_BATCH))
      expect(await port.cursors.get(READER)).toBe(4)
      await port.index.add(READER, 7, [])
      expect(await port.cursors.get(READER)).toBe(7)
    })

    it('adds all or none, and without them the cursor stays', async () => {
      const { port } = await open()
      const broken = { eventId: 'b', position: Number.NaN }
      await expect(port.index.add(READER, 3, [...places('a', 65_536), broken])).rejects.toThrow()
      expect(await port.index.placesOf('a', 10)).toEqual([])
      expect(await port.cursors.get(READER)).toBe(0)
    })

    it('takes a place that it has already, as after a crash, without answering it twice', async () => {
      const { index } = (await open()).port
      await index.add(READER, 1, places('a', 65_536))
      await index.add(READER, 1, places('a', 65_536))
      expect(await index.placesOf('a', 10)).toEqual([65_536])
    })

    it('finds ids of any form, however many others there are', async () => {
      const { index } = (await open()).port
      const ids = fc.uniqueArray(fc.oneof(fc.uuid(), fc.string({ minLength: 1 })), {
        minLength: 1,
        maxLength: 30,
      })
      let sequence = 0
      await fc.assert(
        fc.asyncProperty(ids, async (some) => {
          sequence += 1
          const first = sequence * POSITIONS_PER_BATCH
          const added = some.map((eventId, at) => ({ eventId, position: first + at }))
          await index.add(READER, sequence, added)
          for (const { eventId, position } of added) {
            expect(await index.placesOf(eventId, 10)).toContain(position)
          }
        }),
        { numRuns: 30 },
      )
    })

    it('finds old and new among a quarter of a million', async () => {
      const { index } = (await open()).port
      const PER_ADD = 25_000
      for (let sequence = 1; sequence <= 10; sequence += 1) {
        const added = Array.from({ length: PER_ADD }, (_, at) => ({
          eventId: `event ${sequence} ${at}`,
          position: sequence * POSITIONS_PER_BATCH + at,
        }))
        await index.add(READER, sequence, added)
      }
      for (const sequence of [1, 5, 10]) {
        const found = await index.placesOf(`event ${sequence} 17`, 10)
        expect(found).toEqual([sequence * POSITIONS_PER_BATCH + 17])
      }
    })

    it('has everything after a restart and goes on', async () => {
      const { port, restart } = await open()
      await port.index.add(READER, 1, places('a', 65_536))
      const { index, cursors } = await restart()
      expect(await cursors.get(READER)).toBe(1)
      await index.add(READER, 2, places('a', 2 * POSITIONS_PER_BATCH))
      expect(await index.placesOf('a', 10)).toEqual([131_072, 65_536])
    })
  })
}
