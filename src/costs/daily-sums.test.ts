import fc from 'fast-check'
import { expect, it } from 'vitest'

import { MONEY_ABSOLUTE_MAX } from '#src/model/money.ts'
import { NO_SUM, createDailySums } from './daily-sums.ts'

const amount = fc.oneof(
  fc.bigInt({ min: -1_000_000n, max: 1_000_000n }),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
  fc.bigInt({ min: -MONEY_ABSOLUTE_MAX, max: MONEY_ABSOLUTE_MAX }),
)
const cost = fc.record({
  thing: fc.nat({ max: 3 }),
  day: fc.nat({ max: 4 }),
  billed: amount,
  effective: amount,
})

it('sums are those of whole numbers, however large', () => {
  fc.assert(
    fc.property(fc.array(cost, { maxLength: 200 }), (costs) => {
      const sums = createDailySums()
      const things = Array.from({ length: 4 }, () => sums.addThing())
      const expected = new Map<string, readonly [bigint, bigint]>()
      for (const { thing, day, billed, effective } of costs) {
        const found = sums.find(thing, day)
        sums.add(found === NO_SUM ? sums.begin(thing, day) : found, billed, effective)
        const [a, b] = expected.get(`${thing} ${day}`) ?? [0n, 0n]
        expected.set(`${thing} ${day}`, [a + billed, b + effective])
      }
      const told = things.flatMap((thing) =>
        Array.from(sums.placesOf(thing), (place) => {
          const { day, billed, effective } = sums.at(place)
          return [`${thing} ${day}`, [billed, effective]] as const
        }),
      )
      expect(new Map(told)).toEqual(expected)
      expect(told).toHaveLength(expected.size)
    }),
  )
})

it('goes on when its arrays are full', () => {
  const sums = createDailySums()
  const count = 5_000
  for (let number = 0; number < count; number += 1) {
    const place = sums.begin(sums.addThing(), number)
    sums.add(place, BigInt(number), -1n)
  }
  expect(sums.size).toBe(count)
  for (let number = 0; number < count; number += 1) {
    const [place = NO_SUM] = sums.placesOf(number)
    expect(sums.at(place)).toEqual({ day: number, billed: BigInt(number), effective: -1n })
  }
})
