import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  MONEY_ABSOLUTE_MAX,
  compareMoney,
  formatMoney,
  parseMoney,
  roundedMoney,
  sumOf,
  timesRatio,
} from './money.ts'

const amount = fc.bigInt({ min: 1n - MONEY_ABSOLUTE_MAX, max: MONEY_ABSOLUTE_MAX - 1n })

describe('an amount of money', () => {
  it('is read as it is written', () => {
    expect(['0', '-0.0000008', '8E-7', '.5', '5.', '+12.5', '1e3'].map(parseMoney)).toEqual([
      0n,
      -800_000n,
      800_000n,
      500_000_000_000n,
      5_000_000_000_000n,
      12_500_000_000_000n,
      1_000_000_000_000_000n,
    ])
  })

  it('rounds digits beyond the twelfth, half to even', () => {
    const texts = ['0.0000000000005', '0.0000000000015', '-0.0000000000025', '0.00000000000051']
    expect(texts.map(parseMoney)).toEqual([0n, 2n, -2n, 1n])
  })

  it('is no other text, and no amount that no bill has', () => {
    const texts = ['', '.', '-', 'NaN', 'Infinity', '1,5', '0x10', '1e99', ' 1', '1'.repeat(65)]
    expect(texts.map(parseMoney)).toEqual(texts.map(() => undefined))
    expect(parseMoney('999999999999.999999999999')).toBe(MONEY_ABSOLUTE_MAX - 1n)
    expect(parseMoney('1000000000000')).toBeUndefined()
  })

  it('is the same after it was written and read', () => {
    fc.assert(fc.property(amount, (given) => parseMoney(formatMoney(given)) === given))
  })

  it('is read from a floating point number as the nearest amount', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (given) => {
        const read = parseMoney(String(given)) ?? 0n
        return Math.abs(Number(formatMoney(read)) - given) <= 1e-12 + Math.abs(given) * 1e-15
      }),
    )
  })

  it('is shared without more than a rounding going astray, in one order of amounts', () => {
    fc.assert(
      fc.property(amount, fc.bigInt({ min: 1n, max: 1_000n }), (given, parts) => {
        const shared = sumOf(
          Array.from({ length: Number(parts) }, () => timesRatio(given, 1n, parts)),
        )
        const astray = shared - given
        expect(astray <= parts && astray >= -parts).toBe(true)
        expect(timesRatio(given, parts, parts)).toBe(given)
      }),
    )
    expect([3n, -1n, 2n].toSorted(compareMoney)).toEqual([-1n, 2n, 3n])
  })

  it('is rounded for people', () => {
    const shown = ['1.005', '-0.004', '2', '0.015'].map((text) =>
      roundedMoney(parseMoney(text) ?? 0n, 2),
    )
    expect(shown).toEqual(['1.00', '0.00', '2.00', '0.02'])
  })
})
