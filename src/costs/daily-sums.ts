import { ZERO } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'

/**
 * Sums of money by thing and day, 40 bytes each and none of them on the heap: as objects, those of ten
 * million rows of a bill were most of what the hub had in memory. The sums of a thing are a list from the
 * newest to the oldest, of a month's days at most as a rule:
 *
 *   newest   [ thing 0 -> 4 | thing 1 -> 3 | ...
 *   older    [ none, none, 1, none, 0, ...          by place, as are the days and the amounts
 */
export interface DailySums {
  /** How many there are. */
  readonly size: number
  /** Makes a thing to sum up for, and answers its number. */
  addThing(): number
  /** The place of the sum, or NO_SUM where there is none yet. */
  find(thing: number, day: number): number
  /** Begins a sum, where there is none yet, and answers its place. */
  begin(thing: number, day: number): number
  add(place: number, billed: Money, effective: Money): void
  placesOf(thing: number): Iterable<number>
  at(place: number): { readonly day: number; readonly billed: Money; readonly effective: Money }
}

export const NO_SUM = -1
const FIRST_CAPACITY = 1_024

export function createDailySums(): DailySums {
  let things = 0
  let size = 0
  let newest = new Int32Array(FIRST_CAPACITY)
  let older = new Int32Array(FIRST_CAPACITY)
  let days = new Uint32Array(FIRST_CAPACITY)
  const billed = createAmounts()
  const effective = createAmounts()
  return {
    get size() {
      return size
    },
    addThing: () => {
      if (things === newest.length) newest = twiceAsLong(newest, Int32Array)
      newest[things] = NO_SUM
      things += 1
      return things - 1
    },
    find: (thing, day) => {
      let place = newest[thing] ?? NO_SUM
      while (place !== NO_SUM && days[place] !== day) place = older[place] ?? NO_SUM
      return place
    },
    begin: (thing, day) => {
      if (size === days.length) {
        older = twiceAsLong(older, Int32Array)
        days = twiceAsLong(days, Uint32Array)
        billed.grow()
        effective.grow()
      }
      const place = size
      size += 1
      older[place] = newest[thing] ?? NO_SUM
      newest[thing] = place
      days[place] = day
      return place
    },
    add: (place, more, amortised) => {
      billed.add(place, more)
      effective.add(place, amortised)
    },
    placesOf: function* (thing) {
      let place = newest[thing] ?? NO_SUM
      for (; place !== NO_SUM; place = older[place] ?? NO_SUM) yield place
    },
    at: (place) => ({
      day: days[place] ?? 0,
      billed: billed.at(place),
      effective: effective.at(place),
    }),
  }
}

const LOW_BITS = 64
const HIGH = 64n

/** Amounts in two parts, since few need more than 64 bits: `high * 2^64 + low`. */
function createAmounts() {
  let low = new BigInt64Array(FIRST_CAPACITY)
  // Exact to 2^53, which no number of rows reaches.
  let high = new Float64Array(FIRST_CAPACITY)
  return {
    grow: () => {
      low = twiceAsLong(low, BigInt64Array)
      high = twiceAsLong(high, Float64Array)
    },
    add: (place: number, amount: Money) => {
      const sum = (low[place] ?? ZERO) + amount
      const kept = BigInt.asIntN(LOW_BITS, sum)
      low[place] = kept
      if (kept !== sum) high[place] = (high[place] ?? 0) + Number((sum - kept) >> HIGH)
    },
    at: (place: number): Money => (BigInt(high[place] ?? 0) << HIGH) + (low[place] ?? ZERO),
  }
}

function twiceAsLong<T extends { readonly length: number; set(from: T): void }>(
  array: T,
  TypedArray: new (length: number) => T,
): T {
  const longer = new TypedArray(array.length * 2)
  longer.set(array)
  return longer
}
