// Which double a number literal stands for, decided without reading it exactly: a number is
// comparable when it is the shortest text of a double, so a double close to it is guessed, printed,
// and compared digit by digit. The printing is Raffaello Giulietti's Schubfach ("The Schubfach way
// to render doubles", 2020), the algorithm of Java's Double.toString since JDK 19.

import { endOfDigits } from './json-text'

const ZERO: u8 = 0x30
const MINUS: u8 = 0x2d
const PLUS: u8 = 0x2b
const DOT: u8 = 0x2e

/** So many digits always fit 64 bits. */
const U64_DIGITS_MAX = 19
/** Decimals of up to 15 digits are all told apart by doubles, so each is its double's shortest. */
const TEN_TO_15: u64 = 1_000_000_000_000_000
/** A double never prints with more than 17 digits. */
const TEN_TO_17: u64 = 100_000_000_000_000_000
/** Powers of ten up to this one are doubles. */
const EXACT_POWER_MAX = 22
const DOUBLES_BETWEEN_GUESS_AND_NUMBER_MAX = 3
const LOW_63_BITS: u64 = 0x7fff_ffff_ffff_ffff

/** Powers of ten that Schubfach needs, from 10^-40 to 10^40, each as its high and low 63 bits. */
const POWERS_FROM: i32 = 40
const powersOfTen = memory.data(81 * 16, 16)

const exactPowers: StaticArray<f64> = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
]

const integerPowers: StaticArray<u64> = [
  1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
  10_000_000_000, 100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000,
  1_000_000_000_000_000, 10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000,
  10_000_000_000_000_000_000,
]

/** Where the caller puts the powers of ten. */
export function addressOfPowersOfTen(): usize {
  return powersOfTen
}

/** Set when a number is too large or too small for the short way and has to be read otherwise. */
export let isOutOfReach: bool = false

/** The double, or NaN when the number is not comparable or out of reach. */
export function comparableNumber(at: usize, end: usize): f64 {
  isOutOfReach = false
  const isNegative = load<u8>(at) == MINUS
  if (isNegative) at++
  const point = endOfDigits(at)
  let digits: u64 = 0
  let exponent = 0
  let digitCount = <i32>(point - at)
  let exponentAt = point
  if (load<u8>(point) == DOT) {
    exponentAt = endOfDigits(point + 1)
    const fraction = <i32>(exponentAt - point) - 1
    digitCount += fraction
    exponent = -fraction
    if (digitCount <= U64_DIGITS_MAX) {
      digits =
        digitsAt(at, <i32>(point - at)) * unchecked(integerPowers[fraction]) +
        digitsAt(point + 1, fraction)
    }
  } else if (digitCount <= U64_DIGITS_MAX) digits = digitsAt(at, digitCount)
  if (exponentAt < end) exponent += readExponent(exponentAt + 1, end)
  if (digitCount > U64_DIGITS_MAX) {
    // Mostly leading or trailing zeros, if it is comparable at all.
    isOutOfReach = true
    return NaN
  }
  if (digits >= TEN_TO_15) {
    while (digits % 10 == 0) {
      digits /= 10
      exponent++
    }
    if (digits >= TEN_TO_17) return NaN
  }
  if (digits == 0) return 0
  if (exponent > EXACT_POWER_MAX || exponent < -EXACT_POWER_MAX) {
    isOutOfReach = true
    return NaN
  }
  const power = unchecked(exactPowers[abs(exponent)])
  const guess = exponent < 0 ? <f64>digits / power : <f64>digits * power
  const number = digits < TEN_TO_15 ? guess : doubleOf(digits, exponent, guess)
  return isNegative ? -number : number
}

function readExponent(at: usize, end: usize): i32 {
  const sign = load<u8>(at)
  if (sign == MINUS || sign == PLUS) at++
  let exponent = 0
  for (; at < end; at++) exponent = min(exponent * 10 + (<i32>load<u8>(at) - ZERO), 100_000)
  return sign == MINUS ? -exponent : exponent
}

/** The number of up to 19 digits, read eight at once. */
function digitsAt(at: usize, count: i32): u64 {
  let digits: u64 = 0
  for (; count >= 8; count -= 8) {
    digits = digits * 100_000_000 + eightDigits(load<u64>(at))
    at += 8
  }
  // What stands behind the digits is shifted out, zeros come before them.
  if (count > 0) {
    digits =
      digits * unchecked(integerPowers[count]) +
      eightDigits(load<u64>(at) << (<u64>((8 - count) << 3)))
  }
  return digits
}

function eightDigits(text: u64): u64 {
  const pairs = ((text & 0x0f0f_0f0f_0f0f_0f0f) * 2_561) >> 8
  const fours = ((pairs & 0x00ff_00ff_00ff_00ff) * 6_553_601) >> 16
  return ((fours & 0x0000_ffff_0000_ffff) * 42_949_672_960_001) >> 32
}

/**
 * The double whose shortest text has these 16 or 17 digits, or NaN. For most numbers the distance
 * between the number and the guess, as a multiple of a power of two and of ten, tells the double
 * and whether a shorter text is nearer to it; the rest is printed.
 */
function doubleOf(digits: u64, exponent: i32, guess: f64): f64 {
  const bits = reinterpret<u64>(guess)
  let mantissa = (bits & 0x000f_ffff_ffff_ffff) | 0x0010_0000_0000_0000
  const scale = 1075 - <i32>(bits >> 52)
  if (exponent > -1 || exponent < -18 || scale < 1 || scale > 57) {
    return doubleThatPrintsAs(digits, exponent, guess)
  }
  // number = digits / 10^-exponent, double = mantissa / 2^scale; both times 2^scale * 10^-exponent.
  const step = unchecked(integerPowers[-exponent])
  const half = <i64>(step >> 1)
  // Small enough for 64 bits, so what the products lose above those does not matter.
  let distance = <i64>((digits << (<u64>scale)) - mantissa * step)
  if (distance > half) {
    distance -= step
    mantissa++
  } else if (distance < -half) {
    distance += step
    mantissa--
  }
  const unit = (<i64>1) << (<i64>scale)
  const tail = <i64>(digits % 10)
  const below = tail * unit - distance
  const above = (10 - tail) * unit + distance
  const isCertain =
    mantissa > 0x0010_0000_0000_0000 &&
    mantissa < 0x0020_0000_0000_0000 &&
    abs(distance) < half &&
    abs(distance) << 1 != unit &&
    below != half &&
    above != half
  if (!isCertain) return doubleThatPrintsAs(digits, exponent, guess)
  if (abs(distance) << 1 > unit || below < half || above < half) return NaN
  const high = (<u64>(1075 - scale)) << 52
  return reinterpret<f64>(high | (mantissa & 0x000f_ffff_ffff_ffff))
}

function doubleThatPrintsAs(digits: u64, exponent: i32, guess: f64): f64 {
  for (let tries = 0; tries <= DOUBLES_BETWEEN_GUESS_AND_NUMBER_MAX; tries++) {
    print(guess)
    const scale = exponent - printedExponent
    // The printed digits may end in zeros; the wanted ones do not.
    if (scale < 0 || scale > 2) return NaN
    const wanted = digits * unchecked(integerPowers[scale])
    if (wanted == printedDigits) return guess
    const bits = reinterpret<u64>(guess)
    guess = reinterpret<f64>(printedDigits < wanted ? bits + 1 : bits - 1)
  }
  return NaN
}

let printedDigits: u64 = 0
let printedExponent: i32 = 0

// Names and steps are those of the paper's sections 9.5 to 9.9.
function print(number: f64): void {
  const bits = reinterpret<u64>(number)
  const fraction = bits & 0x000f_ffff_ffff_ffff
  const c = fraction | 0x0010_0000_0000_0000
  const q = <i32>(bits >> 52) - 1075
  const out = c & 1
  const cb = c << 2
  const cbr = cb + 2
  let cbl = cb - 2
  let k = <i32>((<i64>q * 661_971_961_083) >> 41)
  if (fraction == 0) {
    cbl = cb - 1
    k = <i32>((<i64>q * 661_971_961_083 - 274_743_187_321) >> 41)
  }
  const h = <u64>(q + <i32>((<i64>-k * 913_124_641_741) >> 38) + 2)
  const power = powersOfTen + <usize>((POWERS_FROM - k) << 4)
  const g1 = load<u64>(power)
  const g0 = load<u64>(power, 8)
  const vb = roundToOdd(g1, g0, cb << h)
  const vbl = roundToOdd(g1, g0, cbl << h)
  const vbr = roundToOdd(g1, g0, cbr << h)
  printedExponent = k

  const s = vb >> 2
  const shorter = (s / 10) * 10
  const lowerIsInside = vbl + out <= shorter << 2
  const upperIsInside = ((shorter + 10) << 2) + out <= vbr
  if (lowerIsInside != upperIsInside) {
    printedDigits = lowerIsInside ? shorter : shorter + 10
    return
  }
  const sIsInside = vbl + out <= s << 2
  const nextIsInside = ((s + 1) << 2) + out <= vbr
  if (sIsInside != nextIsInside) {
    printedDigits = sIsInside ? s : s + 1
    return
  }
  const distance = <i64>(vb - ((s + s + 1) << 1))
  printedDigits = distance < 0 || (distance == 0 && (s & 1) == 0) ? s : s + 1
}

function roundToOdd(g1: u64, g0: u64, cp: u64): u64 {
  const x1 = highProduct(g0, cp)
  const y0 = g1 * cp
  const y1 = highProduct(g1, cp)
  const z = (y0 >> 1) + x1
  const w = y1 + (z >> 63)
  return w | (((z & LOW_63_BITS) + LOW_63_BITS) >> 63)
}

/** The high 64 bits of the product. */
function highProduct(a: u64, b: u64): u64 {
  const aLow = a & 0xffff_ffff
  const aHigh = a >> 32
  const bLow = b & 0xffff_ffff
  const bHigh = b >> 32
  const low = aLow * bLow
  const middle = aHigh * bLow + (low >> 32)
  const otherMiddle = aLow * bHigh + (middle & 0xffff_ffff)
  return aHigh * bHigh + (middle >> 32) + (otherMiddle >> 32)
}
