import fc from 'fast-check'
import { expect, it } from 'vitest'

import { createTokenBuckets } from './token-buckets.ts'

function bucketsAt(rate: { perSecond: number; burst: number }) {
  let now = 1_750_000_000_000
  const { take } = createTokenBuckets(rate, { now: () => now })
  return { take, advance: (ms: number) => (now += ms) }
}

it('a bucket gives its burst at once, and then no more than its rate', () => {
  const { take, advance } = bucketsAt({ perSecond: 10, burst: 25 })
  expect(take('a', 20)).toBe(20)
  expect(take('a', 20)).toBe(5)
  expect(take('a', 1)).toBe(0)
  advance(99)
  expect(take('a', 1)).toBe(0)
  advance(1)
  expect(take('a', 2)).toBe(1)
  advance(1_000_000)
  expect(take('a', 100)).toBe(25)
})

it('a bucket takes nothing of another, and nothing comes of a clock that is set back', () => {
  const { take, advance } = bucketsAt({ perSecond: 1, burst: 1 })
  expect(take('a', 1)).toBe(1)
  expect(take('b', 1)).toBe(1)
  advance(-60_000)
  expect(take('a', 1)).toBe(0)
  advance(1_000)
  expect(take('a', 1)).toBe(1)
})

it('in no span of time does anyone get more than the burst and what the rate adds', () => {
  const asked = fc.record({
    name: fc.constantFrom('a', 'b'),
    wanted: fc.integer({ min: 1, max: 20 }),
    afterMs: fc.integer({ min: 0, max: 700 }),
  })
  const rate = fc.record({
    perSecond: fc.integer({ min: 1, max: 50 }),
    burst: fc.integer({ min: 1, max: 60 }),
  })
  fc.assert(
    fc.property(rate, fc.array(asked, { maxLength: 40 }), ({ perSecond, burst }, calls) => {
      const { take, advance } = bucketsAt({ perSecond, burst })
      const given: { at: number; name: string; taken: number }[] = []
      let at = 0
      for (const { name, wanted, afterMs } of calls) {
        at += afterMs
        advance(afterMs)
        given.push({ at, name, taken: take(name, wanted) })
      }
      for (const [index, first] of given.entries()) {
        let sum = 0
        for (const { name, taken, at: end } of given.slice(index)) {
          if (name !== first.name) continue
          sum += taken
          expect(sum).toBeLessThanOrEqual(burst + ((end - first.at) * perSecond) / 1_000 + 1e-6)
        }
      }
    }),
  )
})
