/**
 * Exact amounts of money. An amount is a whole number of units of 10^-12 of a currency, so that sums
 * do not depend on their order and nothing is lost to floating point. The currency stands beside
 * the amount; amounts of two currencies are never added.
 */

/** Units of 10^-12 of a currency. */
export type Money = bigint & { readonly unit?: 'money' }

/** Digits after the point that an amount keeps. */
export const MONEY_DECIMALS = 12
const UNITS = 10n ** BigInt(MONEY_DECIMALS)

/** Below this, in units of the currency, an amount is taken as one: a trillion. */
export const MONEY_ABSOLUTE_MAX = 10n ** 12n * UNITS

/** Longer than any export writes a number, and short enough to be read quickly. */
const CHARACTERS_MAX = 64
const EXPONENT_MAX = 40
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/

export const ZERO: Money = 0n

/**
 * Reads a decimal number, such as `-0.0000008` or `8E-7`. Digits beyond the twelfth after the point
 * are rounded, half to even.
 * @returns undefined where the text is no decimal number, or not below MONEY_ABSOLUTE_MAX.
 */
export function parseMoney(text: string): Money | undefined {
  if (text.length > CHARACTERS_MAX) return undefined
  const found = DECIMAL.exec(text)
  if (found === null) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = found
  if (whole === '' && fraction === '') return undefined
  const power = Number(exponent) + MONEY_DECIMALS - fraction.length
  if (Number(exponent) > EXPONENT_MAX) return undefined
  const digits = BigInt(whole + fraction)
  const amount = power >= 0 ? digits * 10n ** BigInt(power) : divided(digits, 10n ** BigInt(-power))
  if (amount >= MONEY_ABSOLUTE_MAX) return undefined
  return sign === '-' ? -amount : amount
}

/** A decimal number without needless digits: `-0.0000008`, `12.5`, `0`. */
export function formatMoney(amount: Money): string {
  const absolute = amount < 0n ? 0n - amount : amount
  const fraction = String(absolute % UNITS)
    .padStart(MONEY_DECIMALS, '0')
    .replace(/0+$/, '')
  const whole = `${amount < 0n ? '-' : ''}${absolute / UNITS}`
  return fraction === '' ? whole : `${whole}.${fraction}`
}

/** A decimal number with so many digits after the point, rounded half to even: for people. */
export function roundedMoney(amount: Money, decimals: number): string {
  const step = 10n ** BigInt(MONEY_DECIMALS - decimals)
  const rounded = divided(amount, step) * step
  const [whole = '', fraction = ''] = formatMoney(rounded).split('.')
  return decimals === 0 ? whole : `${whole}.${fraction.padEnd(decimals, '0')}`
}

export function sumOf(amounts: Iterable<Money>): Money {
  let sum = ZERO
  for (const amount of amounts) sum += amount
  return sum
}

/**
 * A share of an amount, `numerator / denominator` of it, rounded half to even.
 * @throws RangeError where the denominator is 0.
 */
export function timesRatio(amount: Money, numerator: bigint, denominator: bigint): Money {
  return divided(amount * numerator, denominator)
}

/** Below 0, 0 or above 0, as Array.sort wants it. */
export function compareMoney(a: Money, b: Money): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** The nearest whole number, and of two that are as near the even one. */
function divided(numerator: bigint, denominator: bigint): bigint {
  const [top, bottom] = denominator < 0n ? [-numerator, -denominator] : [numerator, denominator]
  const absolute = top < 0n ? -top : top
  const quotient = absolute / bottom
  const twice = (absolute % bottom) * 2n
  const up = twice > bottom || (twice === bottom && quotient % 2n === 1n)
  const rounded = up ? quotient + 1n : quotient
  return top < 0n ? -rounded : rounded
}
