import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { CostRow } from '#src/model/cost.ts'
import { sumOf } from '#src/model/money.ts'
import type { OpenFresh } from './adapter.contract.ts'
import { SUMS_MAX } from './cost-store.ts'
import type { CostStore, StagedDimensions, StagedPeriod, StagedRow } from './cost-store.ts'

const ORGANISATION = '0f8fad5b-d9cb-469f-a165-70867728950e'
const OTHER = '7c9e6679-7425-40de-944b-e07fc1f90ae7'
const EXPORT = { organisationId: ORGANISATION, exportName: 'daily' }
const ALL = { from: '2000-01-01', to: '2100-01-01' }

const dimensions = (number: number, more: Partial<StagedDimensions> = {}): StagedDimensions => ({
  ...{ month: '2026-01', number, provider: 'AWS', billingAccountId: '1', accountId: '2' },
  ...{ service: `Service ${number}`, region: 'eu-west-1', chargeCategory: 'Usage' },
  ...{ chargeFrequency: 'Usage-Based', chargeClass: '', meter: 'Hours', currency: 'USD', tags: {} },
  ...more,
})
const row = (dimension: number, more: Partial<StagedRow> = {}): StagedRow => ({
  ...{ month: '2026-01', day: '2026-01-05', dimension, billedCost: 5n, effectiveCost: 4n },
  ...more,
})
const period = (more: Partial<StagedPeriod> = {}): StagedPeriod => ({
  ...{ month: '2026-01', execution: 'e1', importId: 'i1', importedAt: 1 },
  ...{ firstDay: '2026-01-01', lastDay: '2026-01-31', billingAccountIds: ['1'] },
  ...{ totals: [{ currency: 'USD', billedCost: 5n, effectiveCost: 4n }], rows: 1 },
  ...more,
})

async function collected(rows: AsyncIterable<CostRow>): Promise<readonly CostRow[]> {
  const all: CostRow[] = []
  for await (const each of rows) all.push(each)
  return all
}

async function putPeriod(
  costs: CostStore,
  { rows = [row(0)], of = EXPORT, ...more }: PutPeriod = {},
): Promise<void> {
  const staging = await costs.stage(of)
  const numbers = new Set(rows.map(({ dimension }) => dimension))
  await staging.add({ dimensions: Array.from(numbers, (number) => dimensions(number)), rows })
  await staging.publish([period(more)])
}

interface PutPeriod extends Partial<Omit<StagedPeriod, 'rows'>> {
  readonly rows?: readonly StagedRow[]
  readonly of?: typeof EXPORT
}

/** What every adapter of the port CostStore keeps to. */
export function costStoreContract(open: OpenFresh<CostStore>): void {
  describe('cost store', () => {
    it('shows what was staged when it is published, and then to its organisation alone', async () => {
      const { port, restart } = await open()
      const staging = await port.stage(EXPORT)
      const tags = { team: 'billing', spot: true } as const
      await staging.add({ dimensions: [dimensions(0, { tags })], rows: [row(0)] })
      expect(await port.periods(ORGANISATION)).toEqual([])
      expect(await collected(port.rows(ORGANISATION, ALL))).toEqual([])
      expect(await staging.publish([period()])).toEqual([])
      const costs = await restart()
      expect(await costs.periods(ORGANISATION)).toEqual([{ ...EXPORT, ...period() }])
      expect(await costs.periods(ORGANISATION, 'another')).toEqual([])
      const { month: _, number: __, ...what } = dimensions(0, { tags })
      expect(await collected(costs.rows(ORGANISATION, ALL))).toEqual([
        { ...what, day: '2026-01-05', billedCost: 5n, effectiveCost: 4n },
      ])
      expect(await collected(costs.rows(OTHER, ALL))).toEqual([])
      expect(await costs.periods(OTHER)).toEqual([])
    })

    it('replaces the periods of an import in one step and leaves the others', async () => {
      const { port: costs } = await open()
      await putPeriod(costs)
      await putPeriod(costs, { of: { ...EXPORT, exportName: 'other' } })
      const staging = await costs.stage(EXPORT)
      const months = ['2026-01', '2026-02']
      await staging.add({
        dimensions: months.map((month) => dimensions(0, { month })),
        rows: months.map((month) => row(0, { month, day: `${month}-07`, billedCost: 8n })),
      })
      const published = months.map((month) => {
        const days = { firstDay: `${month}-01`, lastDay: `${month}-28` }
        return period({ ...days, month, execution: 'e2' })
      })
      const replaced = await staging.publish(published)
      expect(replaced).toEqual([{ ...EXPORT, ...period() }])
      const left = (await costs.periods(ORGANISATION)).map((each) => [
        each.exportName,
        each.month,
        each.execution,
      ])
      expect(left).toEqual([
        ['daily', '2026-01', 'e2'],
        ['daily', '2026-02', 'e2'],
        ['other', '2026-01', 'e1'],
      ])
      const rows = await collected(costs.rows(ORGANISATION, ALL))
      expect(rows.map(({ day, billedCost }) => [day, billedCost])).toEqual([
        ['2026-01-05', 5n],
        ['2026-01-07', 8n],
        ['2026-02-07', 8n],
      ])
    })

    it('keeps the old period where an import is given up or a crash cut it off', async () => {
      const { port, restart } = await open()
      await putPeriod(port)
      const given = await port.stage(EXPORT)
      await given.add({ dimensions: [dimensions(0)], rows: [row(0, { billedCost: 99n })] })
      await given.discard()
      const cut = await port.stage(EXPORT)
      await cut.add({ dimensions: [dimensions(0)], rows: [row(0, { billedCost: 99n })] })
      const costs = await restart()
      await costs.sweep(new AbortController().signal)
      const rows = await collected(costs.rows(ORGANISATION, ALL))
      expect(rows.map(({ billedCost }) => billedCost)).toEqual([5n])
    })

    it('tells a reader the state of its beginning, whatever is published and swept meanwhile', async () => {
      const { port: costs } = await open()
      const many = Array.from({ length: 2_500 }, (_, number) => row(number))
      await putPeriod(costs, { rows: many })
      const reading = costs.rows(ORGANISATION, ALL)[Symbol.asyncIterator]()
      await reading.next()
      await putPeriod(costs, { execution: 'e2', rows: [row(0, { billedCost: 7n })] })
      await costs.sweep(new AbortController().signal)
      let read = 1
      for (let next = await reading.next(); next.done !== true; next = await reading.next()) {
        expect(next.value.billedCost).toBe(5n)
        read += 1
      }
      expect(read).toBe(many.length)
      await costs.sweep(new AbortController().signal)
      const now = await collected(costs.rows(ORGANISATION, ALL))
      expect(now.map(({ billedCost }) => billedCost)).toEqual([7n])
    })

    it('tells a reader all of its beginning though the period is taken away and swept just then', async () => {
      const { port: costs } = await open()
      await putPeriod(costs, { rows: Array.from({ length: 2_500 }, (_, number) => row(number)) })
      const removed = costs.removePeriod({ ...EXPORT, month: '2026-01', importId: 'i1' })
      const swept = costs.sweep(new AbortController().signal)
      const read = collected(costs.rows(ORGANISATION, ALL))
      await Promise.all([removed, swept])
      expect(await read).toHaveLength(2_500)
      await costs.sweep(new AbortController().signal)
      expect(await collected(costs.rows(ORGANISATION, ALL))).toEqual([])
    })

    it('takes away a period as an import brought it, once', async () => {
      const { port: costs } = await open()
      await putPeriod(costs)
      const remove = (month: string, importId: string) =>
        costs.removePeriod({ ...EXPORT, month, importId })
      expect(await remove('2026-02', 'i1')).toBe(false)
      expect(await remove('2026-01', 'i2')).toBe(false)
      expect(await collected(costs.rows(ORGANISATION, ALL))).toHaveLength(1)
      expect(await remove('2026-01', 'i1')).toBe(true)
      expect(await remove('2026-01', 'i1')).toBe(false)
      expect(await collected(costs.rows(ORGANISATION, ALL))).toEqual([])
    })

    it('is asked by days, and tells rows by day, export and dimensions', async () => {
      const { port: costs } = await open()
      const days = ['2026-01-03', '2026-01-01', '2026-01-02']
      const rows = days.flatMap((day) => [row(1, { day }), row(0, { day })])
      await putPeriod(costs, { rows, of: { ...EXPORT, exportName: 'b' } })
      await putPeriod(costs, { rows, of: { ...EXPORT, exportName: 'a' } })
      const asked = { from: '2026-01-02', to: '2026-01-03' }
      const found = await collected(costs.rows(ORGANISATION, asked))
      expect(found.map(({ day, service }) => `${day} ${service}`)).toEqual(
        ['2026-01-02', '2026-01-03'].flatMap((day) =>
          ['a', 'b'].flatMap(() => [`${day} Service 0`, `${day} Service 1`]),
        ),
      )
    })

    it('answers as many sums as it says, and none where there are more', async () => {
      const { port: costs } = await open()
      const rows = Array.from({ length: SUMS_MAX }, (_, number) => row(number))
      const asked = { ...ALL, by: ['service'] } as const
      await putPeriod(costs, { rows })
      expect(await costs.sums(ORGANISATION, asked)).toHaveLength(SUMS_MAX)
      await putPeriod(costs, { of: { ...EXPORT, exportName: 'more' }, rows: [row(SUMS_MAX)] })
      expect(await costs.sums(ORGANISATION, asked)).toBeUndefined()
      expect(await costs.sums(ORGANISATION, { ...ALL, by: [] })).toHaveLength(1)
    })

    it('sums exactly whatever is asked for, and never over currencies', async () => {
      const { port: costs } = await open()
      const amount = fc.bigInt({ min: -(10n ** 22n), max: 10n ** 22n })
      const parts = fc.array(
        fc.record({
          day: fc.constantFrom('2026-01-01', '2026-01-02', '2026-01-31'),
          currency: fc.constantFrom('USD', 'AUD'),
          service: fc.constantFrom('EC2', 'S3'),
          region: fc.constantFrom('', 'eu-west-1'),
          billedCost: amount,
          effectiveCost: amount,
        }),
        { maxLength: 20 },
      )
      const by = fc.subarray(['day', 'service', 'region', 'month', 'exportName'] as const)
      await fc.assert(
        fc.asyncProperty(parts, by, async (given, asked) => {
          const staging = await costs.stage(EXPORT)
          await staging.add({
            dimensions: given.map(({ currency, service, region }, number) =>
              dimensions(number, { currency, service, region }),
            ),
            rows: given.map(({ day, billedCost, effectiveCost }, dimension) =>
              row(dimension, { day, billedCost, effectiveCost }),
            ),
          })
          await staging.publish([period()])
          const sums = (await costs.sums(ORGANISATION, { ...ALL, by: asked })) ?? []
          const keys = sums.map((sum) => JSON.stringify([sum.currency, asked.map((d) => sum[d])]))
          expect(new Set(keys).size).toBe(keys.length)
          for (const currency of ['USD', 'AUD']) {
            for (const cost of ['billedCost', 'effectiveCost'] as const) {
              const of = (all: readonly Pick<CostRow, 'currency' | typeof cost>[]) =>
                sumOf(all.filter((each) => each.currency === currency).map((each) => each[cost]))
              expect(of(sums)).toBe(of(given))
            }
          }
        }),
        { numRuns: 25 },
      )
    })
  })
}
