import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { OpenFresh } from './adapter.contract.ts'
import type { Cursors } from './cursors.ts'
import type { EventVolume, VolumeCount } from './event-volume.ts'

interface VolumePorts {
  readonly volume: EventVolume
  readonly cursors: Cursors
}

const HOUR_MS = 3_600_000
const H0 = 486_000 * HOUR_MS
const BUS = 'arn:aws:events:eu-west-1:111122223333:event-bus/default'

const count = (given: Partial<VolumeCount> = {}): VolumeCount => ({
  ...{ hour: H0, busArn: BUS, account: '111122223333', region: 'eu-west-1', source: 'shop' },
  ...{ detailType: 'Sale', events: 1, bytes: 10 },
  ...given,
})

/** What every adapter of the port EventVolume keeps to. */
export function eventVolumeContract(open: OpenFresh<VolumePorts>): void {
  const all = { from: 0, to: Number.MAX_SAFE_INTEGER }

  describe('event volume', () => {
    it('adds up what has the same key, and moves the cursor with it', async () => {
      const { port, restart } = await open()
      await port.volume.add('volume', 3, { counts: [count(), count()], keepFrom: 0 })
      await port.volume.add('volume', 5, { counts: [count({ events: 2, bytes: 5 })], keepFrom: 0 })
      const { volume, cursors } = await restart()
      expect(await cursors.get('volume')).toBe(5)
      expect(await volume.sums({ ...all, by: ['source'] })).toEqual([
        { hour: H0, busArn: BUS, source: 'shop', events: 4, bytes: 25 },
      ])
    })

    it('adds all or nothing', async () => {
      const { port } = await open()
      const broken = count({ source: null as never })
      const adding = port.volume.add('volume', 3, { counts: [count(), broken], keepFrom: 0 })
      await expect(adding).rejects.toThrow()
      expect(await port.volume.sums({ ...all, by: [] })).toEqual([])
      expect(await port.cursors.get('volume')).toBe(0)
    })

    it('tells events by rule apart from all events', async () => {
      const { volume } = (await open()).port
      const counts = [
        count({ events: 5 }),
        count({ events: 3, ruleArn: 'r1' }),
        count({ ruleArn: 'r2' }),
      ]
      await volume.add('volume', 1, { counts, keepFrom: 0 })
      const sums = async (...by: readonly ('ruleArn' | 'account')[]) =>
        (await volume.sums({ ...all, by })).map(({ ruleArn, events }) => [ruleArn, events])
      expect(await sums()).toEqual([[undefined, 5]])
      expect(await sums('ruleArn')).toEqual([
        ['r1', 3],
        ['r2', 1],
      ])
    })

    it('is asked by time, and forgets what is older than it is to keep', async () => {
      const { volume } = (await open()).port
      const counts = [0, 1, 2, 3].map((n) => count({ hour: H0 + n * HOUR_MS }))
      await volume.add('volume', 1, { counts, keepFrom: 0 })
      const hours = async (from: number, to: number) =>
        (await volume.sums({ from, to, by: [] })).map(({ hour }) => (hour - H0) / HOUR_MS)
      expect(await hours(H0 + HOUR_MS, H0 + 3 * HOUR_MS)).toEqual([1, 2])
      await volume.add('volume', 2, { counts: [], keepFrom: H0 + 2 * HOUR_MS })
      expect(await hours(0, Number.MAX_SAFE_INTEGER)).toEqual([2, 3])
    })

    it('has the same total however it is asked', async () => {
      const { volume } = (await open()).port
      const counts = fc.array(
        fc.record({
          account: fc.constantFrom('111122223333', '444455556666'),
          region: fc.constantFrom('eu-west-1', 'us-east-1'),
          source: fc.constantFrom('shop', 'aws.ec2'),
          detailType: fc.constantFrom('a', 'b'),
          events: fc.nat(9),
          bytes: fc.nat(999),
        }),
        { maxLength: 20 },
      )
      const dimensions = fc.subarray(['account', 'region', 'source', 'detailType'] as const)
      let [sequence, total] = [0, 0]
      await fc.assert(
        fc.asyncProperty(counts, dimensions, async (given, by) => {
          sequence += 1
          await volume.add('volume', sequence, { counts: given.map(count), keepFrom: 0 })
          total += given.reduce((sum, { bytes }) => sum + bytes, 0)
          const sums = await volume.sums({ ...all, by })
          expect(sums.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(total)
        }),
        { numRuns: 30 },
      )
    })
  })
}
