/** The next number of a row in [0, 1). */
export type Random = () => number

/** Mulberry32: small, and the same row for the same seed on every machine. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A whole number from `from` up to but not including `to`. */
export function between(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from))
}

/** A way to pick values, each as often as its weight says. */
export function weighted<Value>(
  weights: readonly (readonly [Value, number])[],
): (random: Random) => Value {
  const values = weights.map(([value]) => value)
  let sum = 0
  const upTo = weights.map(([, weight]) => (sum += weight))
  return (random) => {
    const at = random() * sum
    return values[upTo.findIndex((limit) => at < limit)] as Value
  }
}
