import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { addDays, addMonths, daysBetween } from '#src/model/day.ts'
import { costDays } from './cost-series.fixture.ts'
import { FORECAST_DAYS_MIN, forecast, inCurrency, units } from './forecast.ts'

const YEAR = '2026-01-01'
const MONTH = '2026-09-01'
/** The series begin so many days before the month. */
const HISTORY = daysBetween(YEAR, MONTH)

/** What a period comes to, of days of use from the first of the year on. */
function foretell(costs: readonly number[], period = { start: MONTH, months: 1 }) {
  const steady = costs.map(units)
  const once = costs.map(() => 0n)
  const found = forecast({
    tally: { from: YEAR, days: costs.length },
    series: { usage: steady, all: steady, steady, usageOnce: once, allOnce: once },
    costs: 'USAGE',
    periodStart: period.start,
    periodEnd: addMonths(period.start, period.months),
  })
  if (found === undefined) return undefined
  const [estimate, low, high] = [found.estimate, found.low, found.high].map(inCurrency) as [
    ...[number, number, number],
  ]
  return { ...found, estimate, low, high, width: high - low }
}

const days = (count: number, cost: (at: number) => number) =>
  Array.from({ length: count }, (_, at) => cost(at))
const sum = (costs: readonly number[]) => costs.reduce((total, one) => total + one, 0)
/** Days to the end of the month, at a level that stays. */
const noisyDays = (seed: number) => {
  const pattern = { name: 'noisy', noise: 0.15, weekend: 0.6 }
  return costDays(pattern, { seed, first: YEAR, days: HISTORY + 30 }).map(({ used }) => used)
}
const noisy = fc.integer({ min: 1, max: 1_000_000 }).map(noisyDays)
const SEEDS = Array.from({ length: 60 }, (_, at) => at + 1)

describe('a forecast', () => {
  it('lies in its interval, which begins above what is spent', () => {
    fc.assert(
      fc.property(noisy, fc.integer({ min: 1, max: 29 }), (costs, day) => {
        const known = costs.slice(0, HISTORY + day)
        for (const period of [undefined, { start: YEAR, months: 12 }]) {
          const found = foretell(known, period)
          const spent = sum(period === undefined ? known.slice(HISTORY) : known)
          expect(found?.low).toBeGreaterThan(spent)
          expect(found?.estimate).toBeGreaterThan(found?.low ?? Infinity)
          expect(found?.high).toBeGreaterThan(found?.estimate ?? Infinity)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('is a figure in its interval, whatever costs do: credits, nothing, and all at once', () => {
    const cost = fc.oneof(
      fc.constantFrom(0, 0, 0.000_01, 1e9),
      fc.double({ min: -1_000, max: 10_000, noNaN: true }),
    )
    fc.assert(
      fc.property(fc.array(cost, { minLength: 1, maxLength: 250 }), (costs) => {
        const found = foretell(costs, { start: YEAR, months: 12 })
        if (found === undefined) return
        expect(found.low).toBeLessThanOrEqual(found.estimate)
        expect(found.estimate).toBeLessThanOrEqual(found.high)
        expect(found.high).toBeLessThan(Infinity)
      }),
    )
  })

  it('is so many times as much where all costs are', () => {
    fc.assert(
      fc.property(noisy, fc.integer({ min: 2, max: 1_000 }), (costs, times) => {
        const known = costs.slice(0, HISTORY + 10)
        const one = foretell(known)
        const many = foretell(known.map((cost) => cost * times))
        for (const figure of ['estimate', 'low', 'high'] as const) {
          expect((many?.[figure] ?? 0) / times / (one?.[figure] ?? 0)).toBeCloseTo(1, 5)
        }
        expect(many?.errorPercent).toBeCloseTo(one?.errorPercent ?? 0, 3)
      }),
      { numRuns: 40 },
    )
  })

  it('grows surer as the month goes on, on the whole', () => {
    // Not of each series: a surprise makes what is left less sure.
    const widths = [3, 13, 23, 29].map((day) =>
      sum(SEEDS.map((seed) => foretell(noisyDays(seed).slice(0, HISTORY + day))?.width ?? 0)),
    )
    expect(widths).toEqual(widths.toSorted((a, b) => b - a))
    expect((widths[0] ?? 0) / (widths[3] ?? 0)).toBeGreaterThan(5)
  })

  it('is what was spent when the month is over', () => {
    fc.assert(
      fc.property(noisy, (costs) => {
        const over = foretell(costs)
        expect([over?.low, over?.high]).toEqual([over?.estimate, over?.estimate])
        expect(over?.estimate).toBeCloseTo(sum(costs.slice(HISTORY)), 2)
      }),
      { numRuns: 40 },
    )
  })

  it('holds what it comes to in four of five intervals', () => {
    const covered = SEEDS.filter((seed) => {
      const costs = noisyDays(seed)
      const found = foretell(costs.slice(0, HISTORY + 10))
      const actual = sum(costs.slice(HISTORY))
      return found !== undefined && found.low <= actual && actual <= found.high
    })
    expect(covered.length / SEEDS.length).toBeGreaterThan(0.7)
    expect(covered.length / SEEDS.length).toBeLessThan(0.9)
  })

  it('of what began lately is as sure as its days are alike', () => {
    const KNOWN = 45
    const of = (noise: number) =>
      SEEDS.map((seed) => {
        const pattern = { name: 'began lately', noise, weekend: 0.6 }
        const costs = costDays(pattern, { seed, first: YEAR, days: HISTORY + 30 })
        const began = costs.map(({ used }, at) => (at < HISTORY + 10 - KNOWN ? 0 : used))
        const found = foretell(began.slice(0, HISTORY + 10))
        const actual = sum(began.slice(HISTORY))
        const { low = 0, high = 0, estimate = 0 } = found ?? {}
        return { isWithin: low <= actual && actual <= high, width: (high - low) / estimate }
      })
    const noisyOnes = of(0.25)
    expect(noisyOnes.filter(({ isWithin }) => isWithin).length / SEEDS.length).toBeGreaterThan(0.75)
    expect(Math.max(...of(0.03).map(({ width }) => width))).toBeLessThan(0.12)
  })

  it('of a year is hardly less sure than of a month where days vary and their level stays', () => {
    const ratios = SEEDS.slice(0, 15).map((seed) => {
      const costs = noisyDays(seed)
      const [month, year] = [1, 12].map((months) => {
        const found = foretell(costs.slice(0, HISTORY), { start: MONTH, months })
        return (found?.width ?? 0) / (found?.estimate ?? 0)
      }) as [number, number]
      return year / month
    })
    const middle = ratios.toSorted((a, b) => a - b)[ratios.length >> 1]
    // With the month's errors drawn out, by the root of twelve, it were 3.5.
    expect(middle).toBeLessThan(2)
    expect(middle).toBeGreaterThan(0.8)
  })

  it('goes on with growth that has gone on all the time', () => {
    const cost = (at: number) => 100 * 1.005 ** at
    const year = foretell(days(HISTORY, cost), { start: YEAR, months: 12 })
    expect((year?.estimate ?? 0) / sum(days(365, cost))).toBeCloseTo(1, 2)
  })

  it('does not draw out growth that slows down', () => {
    const cost = (at: number) => 100 + 3 * at
    const found = foretell(days(HISTORY, cost), { start: MONTH, months: 12 })
    const actual = sum(days(HISTORY + 365, cost).slice(HISTORY))
    // As quick a growth as it had on the whole would make it 2.9 times as much.
    expect((found?.estimate ?? 0) / actual).toBeGreaterThan(0.8)
    expect((found?.estimate ?? 0) / actual).toBeLessThan(1.3)
  })

  it('takes one rise of the level for no growth', () => {
    const cost = (at: number) => (at < HISTORY - 70 ? 100 : 200)
    const found = foretell(days(HISTORY, cost), { start: MONTH, months: 12 })
    expect(found?.estimate).toBeCloseTo(365 * 200, 0)
  })

  it('of what began lately heeds no day before, and waits until there are enough', () => {
    const began = (daysAgo: number) =>
      foretell(days(HISTORY, (at) => (at < HISTORY - daysAgo ? 0 : 10)))
    expect(began(FORECAST_DAYS_MIN - 1)).toBeUndefined()
    expect(began(FORECAST_DAYS_MIN)?.estimate).toBeCloseTo(300, 3)
    expect(began(50)?.estimate).toBeCloseTo(300, 3)
  })

  it('counts what was spent before anything was used', () => {
    const [used, bought] = [days(60, () => 10), 500]
    const steady = [0, ...used].map(units)
    const all = [bought, ...used].map(units)
    const found = forecast({
      tally: { from: YEAR, days: all.length },
      series: { usage: steady, all, steady, usageOnce: [], allOnce: [units(bought)] },
      costs: 'ALL',
      periodStart: YEAR,
      periodEnd: addDays(YEAR, 90),
    })
    expect(inCurrency(found?.estimate ?? 0n)).toBeCloseTo(500 + 89 * 10, 3)
  })
})
