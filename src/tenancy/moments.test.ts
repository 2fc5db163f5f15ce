import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { temporaryStore } from '#src/pipeline/pipeline.fixture.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { createActions } from './actions.ts'

const START_MS = 1_750_000_000_000

let opened: Awaited<ReturnType<typeof temporaryStore>>

beforeAll(async () => {
  opened = await temporaryStore()
})
afterAll(() => opened.remove())

it('the moments of actions only grow, whatever the clock does and however often the hub starts', async () => {
  const { state } = opened.store
  let now = START_MS
  let last = 0
  const start = () => createActions({ state, clock: { now: () => now }, ids })
  const happening = fc.record({
    clockMs: fc.integer({ min: -3_600_000, max: 3_600_000 }),
    restart: fc.boolean(),
    actions: fc.integer({ min: 1, max: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 8 }), async (story) => {
      let hub = start()
      for (const { clockMs, restart, actions } of story) {
        now = START_MS + clockMs
        if (restart) hub = start()
        const acting = Array.from({ length: actions }, () =>
          hub.perform(undefined, async ({ moment }) => moment),
        )
        for (const moment of await Promise.all(acting)) {
          expect(moment).toBeGreaterThan(last)
          last = moment
        }
      }
    }),
    { numRuns: 25 },
  )
})
