import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { addDays } from '#src/model/day.ts'
import { carriedOn } from './incidents.ts'
import type { Incident, IncidentNews } from './incidents.ts'

describe('whatever the days of a spike', () => {
  const FIRST = '2026-01-01'
  const verdict = (isSpike: boolean) => ({
    ...{ isSpike, expected: 1, actual: isSpike ? 3 : 1, score: 9, percentage: 200 },
  })
  const judged = (spikes: readonly boolean[]) =>
    spikes.map((isSpike, at) => ({ day: addDays(FIRST, at), verdict: verdict(isSpike) }))

  it('each incident is opened once and closed once, two usual days after its last', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 5 })),
        (spikes, steps) => {
          // Days come one or more at a time, and each evaluation looks back at 14 of them.
          const all = judged(spikes)
          const news: IncidentNews[] = []
          let incident: Incident | undefined
          for (let known = 0, turn = 0; known < all.length; turn += 1) {
            known = Math.min(all.length, known + (steps[turn] ?? 1))
            for (let again = 0; again < 2; again += 1) {
              const carried = carriedOn(incident, all.slice(Math.max(0, known - 14), known))
              incident = carried.incident
              news.push(...carried.news)
            }
          }
          const of = (change: string) => news.filter((each) => each.change === change)
          const opened = of('OPENED').map((each) => each.incident.firstDay)
          expect(new Set(opened).size).toBe(opened.length)
          // By definition: a spike begins where the two days before are usual.
          const starts = spikes.flatMap((isSpike, at) =>
            isSpike && spikes[at - 1] !== true && spikes[at - 2] !== true
              ? [addDays(FIRST, at)]
              : [],
          )
          expect(opened).toEqual(starts)
          const isOpen = spikes.slice(-2).includes(true)
          expect(of('CLOSED')).toHaveLength(starts.length - (isOpen ? 1 : 0))
          const lastDays = news.map((each) => each.incident.lastDay)
          expect(lastDays).toEqual(lastDays.toSorted())
        },
      ),
    )
  })
})
