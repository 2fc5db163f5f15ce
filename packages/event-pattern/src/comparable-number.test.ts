import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { comparableNumber } from './comparable-number.ts'

test.each([
  ['300', 300],
  ['300.0', 300],
  ['3e2', 300],
  ['3.0E+2', 300],
  ['0.0300e4', 300],
  ['0.1', 0.1],
  ['0.10', 0.1],
  ['-0.5', -0.5],
  ['0', 0],
  ['-0', 0],
  ['-0.0e5', 0],
  ['0e999999999999', 0],
  ['1.7976931348623157E308', Number.MAX_VALUE],
  ['9007199254740992', 2 ** 53],
  ['1e21', 1e21],
  ['1e-7', 1e-7],
])('%s is comparable', (literal, number) => {
  expect(comparableNumber(literal)).toBe(number)
})

test.each([
  '9007199254740993',
  '9223372036854775807',
  '12345678901234567890',
  '1e400',
  '-1e400',
  '1e-400',
  '3.141592653589793238',
  '1.0000000000000001',
  '0.1000000000000000055511151231257827',
])('%s is not comparable', (literal) => {
  expect(comparableNumber(literal)).toBeUndefined()
})

test('zeros at either end of a long number cost no more than reading it', () => {
  const zeros = '0'.repeat(200_000)
  expect(comparableNumber(`0.${zeros}1e200001`)).toBe(1)
  expect(comparableNumber(`1${zeros}1e-200000`)).toBeUndefined()
})

test('every double is comparable in each way to write it', () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.nat({ max: 15 }),
      (double, shift) => {
        const [mantissa, exponent] = double.toExponential().split('e')
        expect(comparableNumber(String(double))).toBe(double + 0)
        expect(comparableNumber(`${mantissa}e${exponent}`)).toBe(double + 0)
        const digits = mantissa?.replace('.', '') ?? ''
        const fraction = mantissa?.split('.')[1]?.length ?? 0
        const shifted = `${digits}${'0'.repeat(shift)}e${Number(exponent) - fraction - shift}`
        expect(comparableNumber(shifted)).toBe(double + 0)
      },
    ),
  )
})
