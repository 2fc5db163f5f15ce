/** What a generator decides by; equal choices give equal cases. */
export type Choices = {
  /** One of 0 to count - 1; 0 is the simplest. The count is at most 256. */
  pick(count: number): number
  /** One of the values, of which the first is the simplest. */
  of<Value>(values: readonly Value[]): Value
  /** True once in so many times. */
  rarely(times: number): boolean
}

/** Choices from bytes, so that fewer and smaller bytes are a simpler case; then always 0. */
export function choicesFrom(bytes: Uint8Array): Choices {
  let at = 0
  return choicesOf((count) => (bytes[at++] ?? 0) % count)
}

/** Endless choices from a seed (mulberry32). */
export function randomChoices(seed: number): Choices {
  let state = seed | 0
  return choicesOf((count) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % count
  })
}

function choicesOf(pick: (count: number) => number): Choices {
  return {
    pick,
    of(values) {
      const value = values[pick(values.length)]
      if (value === undefined) throw new Error('there is nothing to choose from')
      return value
    },
    rarely: (times) => pick(times) === times - 1,
  }
}
