import { expect, it } from 'vitest'

import { addDays, addMonths, monthOf } from '#src/model/day.ts'
import type { Charge } from './charge.ts'
import { BILLING_PERIODS_MAX, DAYS_FROM_PERIOD_MAX, createRollup } from './rollup.ts'

const charge = (meter: string): Charge => ({
  ...{ month: '2026-01', day: '2026-01-01', provider: 'AWS', billingAccountId: '1', meter },
  ...{ accountId: '1', service: 'EC2', region: '', chargeCategory: 'Usage', chargeFrequency: '' },
  ...{ chargeClass: '', currency: 'USD', tags: '{}', billedCost: 1n, effectiveCost: 1n },
})

it('what there is no room for is refused with what to do', () => {
  const rollup = createRollup({ dimensions: 2, rows: 3 })
  rollup.add(charge('a'))
  rollup.add(charge('b'))
  rollup.add(charge('b'))
  const what = /more than 2 combinations .* name the tag keys to tell costs apart by/
  expect(() => rollup.add(charge('c'))).toThrow(what)
  rollup.add({ ...charge('a'), day: '2026-01-02' })
  expect(() => rollup.add({ ...charge('a'), day: '2026-01-03' })).toThrow('more than 3 cost rows')
})

it('an import has as many billing periods as it says, and no more', () => {
  const rollup = createRollup()
  const of = (number: number) => {
    const day = addMonths('2000-01-01', number)
    return { ...charge('a'), day, month: monthOf(day) }
  }
  for (let number = 0; number < BILLING_PERIODS_MAX; number += 1) rollup.add(of(number))
  expect(() => rollup.add(of(BILLING_PERIODS_MAX))).toThrow(
    `more than ${BILLING_PERIODS_MAX} billing periods`,
  )
})

it('a day that is far from its billing period is a fault of its row, and leaves nothing', () => {
  const rollup = createRollup()
  for (const sign of [-1, 1]) {
    const last = addDays('2026-01-01', sign * DAYS_FROM_PERIOD_MAX)
    expect(() => rollup.add({ ...charge('b'), day: addDays(last, sign) })).toThrow(
      `${DAYS_FROM_PERIOD_MAX} days from its billing period`,
    )
    expect(rollup.summaries()).toHaveLength(sign === 1 ? 1 : 0)
    rollup.add({ ...charge('a'), day: last })
    expect(() => rollup.add({ ...charge('a'), day: addDays(last, sign) })).toThrow('days from')
  }
  expect(rollup.summaries()).toMatchObject([{ rows: 2, totals: [{ billedCost: 2n }] }])
})

it('a value with a NUL character is a fault of its row, and not taken for another', () => {
  const rollup = createRollup()
  rollup.add(charge('a'))
  expect(() => rollup.add(charge('a\u0000b'))).toThrow('NUL')
  expect(rollup.summaries()).toMatchObject([{ rows: 1, totals: [{ billedCost: 1n }] }])
})

it('tells rows by the day, and within a day in the order of dimensions, whatever came first', () => {
  const rollup = createRollup()
  for (const day of ['2026-01-02', '2026-01-01', '2026-01-02']) {
    for (const meter of ['b', 'a']) rollup.add({ ...charge(meter), day })
  }
  const parts = [...rollup.parts()]
  const names = parts.flatMap(({ dimensions }) => dimensions.map(({ meter }) => meter))
  expect(names).toEqual(['a', 'b'])
  const rows = parts.flatMap((part) => part.rows)
  expect(rows.map(({ day, dimension, billedCost }) => [day, dimension, billedCost])).toEqual([
    ['2026-01-01', 0, 1n],
    ['2026-01-01', 1, 1n],
    ['2026-01-02', 0, 2n],
    ['2026-01-02', 1, 2n],
  ])
})
