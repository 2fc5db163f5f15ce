import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { temporaryStore } from '#src/pipeline/pipeline.fixture.ts'
import { TRAIL_RECENT_IDS } from './documents.ts'
import { readRecentIds } from './recent-ids.ts'
import type { RecentIds } from './recent-ids.ts'

let opened: Awaited<ReturnType<typeof temporaryStore>>
beforeAll(async () => {
  opened = await temporaryStore()
})
afterAll(() => opened.remove())

describe('remembered events', () => {
  it('are the newest 20,000 at least, before and after a restart, and not many more', async () => {
    const { state } = opened.store
    const remember = async (recent: RecentIds, to: number, ids: readonly string[]) => {
      const plan = { id: 'p', after: 0, to, plannedAt: 0, format: 'ndjson', sealed: false } as const
      const change = recent.next('org', plan, ids)
      await state.transact(async (transaction) => {
        transaction.put(TRAIL_RECENT_IDS, change.added.key, change.added.ids)
        for (const key of change.forgotten) transaction.delete(TRAIL_RECENT_IDS, key)
      })
      recent.apply('org', change)
    }
    const sizes = fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 30, maxLength: 30 })
    const [flushes = []] = fc.sample(sizes, 1)
    const all: string[] = []
    const running = await readRecentIds(state)
    for (const [index, size] of flushes.entries()) {
      const ids = Array.from({ length: size }, (_, n) => `${index} ${n}`)
      all.push(...ids)
      await remember(running, index + 1, ids)
    }
    for (const recent of [running, await readRecentIds(state)]) {
      const known = all.filter((id) => recent.has('org', id))
      expect(known).toEqual(all.slice(-known.length))
      expect(known.length).toBeGreaterThanOrEqual(Math.min(all.length, 20_000))
      expect(known.length).toBeLessThan(22_000)
      expect(recent.has('other', all.at(-1) as string)).toBe(false)
    }
  })
})
