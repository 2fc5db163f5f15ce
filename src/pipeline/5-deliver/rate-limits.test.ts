import fc from 'fast-check'
import { expect, it } from 'vitest'

import { createRateLimits } from './rate-limits.ts'

const NAMES = ['a', 'b']
const asks = fc.array(
  fc.record({ name: fc.constantFrom(...NAMES), afterMs: fc.integer({ min: 0, max: 400 }) }),
  { maxLength: 200 },
)

it('no second sees more turns than the limit, and none is refused without need', () => {
  fc.assert(
    fc.property(asks, fc.integer({ min: 1, max: 5 }), (given, perSecond) => {
      const limits = createRateLimits()
      const taken: Record<string, number[]> = { a: [], b: [] }
      let now = 1_750_000_000_000
      for (const { name, afterMs } of given) {
        now += afterMs
        const turns = taken[name] as number[]
        const inWindow = turns.filter((at) => at > now - 1_000)
        const asked = limits.notBefore({ name, perSecond }, now)
        const notBefore = limits.take({ name, perSecond }, now)
        expect(asked).toBe(notBefore)
        if (notBefore === undefined) {
          expect(inWindow.length).toBeLessThan(perSecond)
          turns.push(now)
        } else {
          expect(inWindow).toHaveLength(perSecond)
          expect(notBefore).toBe((inWindow[0] as number) + 1_000)
        }
      }
    }),
  )
})

it('who waits until it is told gets a turn', () => {
  const limits = createRateLimits()
  let now = 0
  for (let turn = 0; turn < 25; turn += 1) {
    for (
      let until;
      (until = limits.take({ name: 'a', perSecond: 10 }, now)) !== undefined;
      now = until
    ) {
      expect(until).toBeGreaterThan(now)
    }
  }
  expect(now).toBe(2_000)
})

it('a limit that was lowered or raised holds at once', () => {
  const limits = createRateLimits()
  for (const at of [0, 0, 0]) expect(limits.take({ name: 'a', perSecond: 3 }, at)).toBeUndefined()
  expect(limits.take({ name: 'a', perSecond: 3 }, 999)).toBe(1_000)
  expect(limits.take({ name: 'a', perSecond: 4 }, 999)).toBeUndefined()
  expect(limits.take({ name: 'a', perSecond: 1 }, 1_500)).toBe(1_999)
})

it('a clock that is set back stops nothing', () => {
  const limits = createRateLimits()
  limits.take({ name: 'a', perSecond: 1 }, 1_000_000)
  expect(limits.take({ name: 'a', perSecond: 1 }, 0)).toBeUndefined()
})
