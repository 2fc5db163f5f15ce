import { describe, expect, it } from 'vitest'

import { systemClock as clock } from '#src/ports/clock.ts'
import type { DeliveryQueue } from '#src/ports/delivery-queue.ts'
import { until } from '../pipeline.fixture.ts'
import {
  ATTEMPTS_AT_FIRST,
  CONCURRENCY,
  RETRYABLE,
  SUCCESS,
  allDone,
  enqueue,
  idsSeen,
  start,
  store,
  target,
} from './dispatcher.fixture.ts'
import type { AttemptOutcome } from './retry-schedule.ts'

describe('lanes', () => {
  it('do not wait for one whose target hangs', async () => {
    const release = Promise.withResolvers<AttemptOutcome>()
    const hanging = target(() => release.promise)
    const quick = target(() => SUCCESS)
    const { dispatcher } = start({ hanging, quick })
    dispatcher.offer(await enqueue('hanging', 300))
    dispatcher.offer(await enqueue('quick', 300))
    await until(() => quick.seen.length === 300, 'the quick lane is done')
    expect(hanging.seen).toHaveLength(ATTEMPTS_AT_FIRST)
    release.resolve(SUCCESS)
    await until(allDone, 'the other lane is done too')
  })

  it('that fail have one attempt under way and few deliveries in memory', async () => {
    const limits: number[] = []
    const watched: DeliveryQueue = {
      ...store.queue,
      due: (lane, now, limit) => {
        limits.push(limit)
        return store.queue.due(lane, now, limit)
      },
    }
    const a = target(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      return RETRYABLE
    })
    const { dispatcher } = start({ a }, watched)
    dispatcher.offer(await enqueue('a', 250))
    await until(() => a.seen.length >= CONCURRENCY && a.underWay <= 1, 'the first have failed')
    a.underWayMax = 0
    limits.length = 0
    const before = a.seen.length
    await until(() => a.seen.length > before + 20, 'more were attempted')
    expect(a.underWayMax).toBe(1)
    expect(limits).not.toEqual([])
    // Those whose settlement is being committed are still in memory.
    expect(Math.max(...limits)).toBeLessThan(3 * CONCURRENCY)
    expect((await store.queue.counts()).pending).toBe(250)
  })

  it('that fail end what is too old for long without an attempt of each', async () => {
    const retryPolicy = { maximumRetryAttempts: 185, maximumEventAgeInSeconds: 60 }
    const a = target(() => RETRYABLE)
    const { dispatcher, expired } = start({ a })
    const old = { startedAt: clock.now() - 200_000, target: { id: 'a', arn: 'a', retryPolicy } }
    dispatcher.offer(await enqueue('a', 1_000, old))
    dispatcher.offer(await enqueue('a', 5, { target: old.target }))
    await until(async () => (await store.queue.counts()).dead === 1_000, 'all that is old ended')
    expect(a.seen.length).toBeLessThan(100)
    expect(expired.length).toBeGreaterThan(900)
    expect((await store.queue.counts()).pending).toBe(5)
    const letters = await store.queue.deadLetters({ limit: 1_000 })
    for (const letter of letters) {
      expect(letter).toMatchObject({
        exhausted: 'MaximumEventAgeInSeconds',
        error: { code: 'ERROR_FROM_TARGET' },
      })
      expect(letter.eventJson).toContain(letter.eventId)
    }
  })

  it('that fail keep the event of what is too old, also where the log has it no longer', async () => {
    const retryPolicy = { maximumRetryAttempts: 185, maximumEventAgeInSeconds: 60 }
    const given = { target: { id: 'a', arn: 'a', retryPolicy }, position: 99 * 65_536 }
    const [letter] = await enqueue('a', 1, given)
    const { event, delivery } = letter!
    await store.queue.settle([
      {
        ...{ kind: 'dead', id: delivery.id, attempts: 0, diedAt: clock.now(), event },
        error: { code: 'TIMEOUT', message: 'no answer' },
      },
    ])
    const a = target(() => RETRYABLE)
    const { dispatcher } = start({ a })
    dispatcher.offer(await enqueue('a', 5, { target: given.target }))
    await until(() => a.seen.length >= 3, 'the lane is failing')
    const redriven = await store.queue.redrive([delivery.id], clock.now() - 200_000)
    dispatcher.offer(redriven.map((each) => ({ delivery: each })))
    await until(async () => (await store.queue.counts()).dead === 1, 'it ended')
    expect(await store.queue.deadLetters({ limit: 10 })).toMatchObject([
      { attempts: 0, exhausted: 'MaximumEventAgeInSeconds', eventJson: event.json },
    ])
  })

  it('that failed take up their full pace again with the first success', async () => {
    let down = true
    const a = target(async () => {
      await new Promise((resolve) => setTimeout(resolve, 2))
      return down ? RETRYABLE : SUCCESS
    })
    const { dispatcher } = start({ a })
    dispatcher.offer(await enqueue('a', 100))
    await until(() => a.seen.length > CONCURRENCY + 5, 'the lane is failing')
    down = false
    a.underWayMax = 0
    await until(allDone, 'all are delivered')
    expect(a.underWayMax).toBe(CONCURRENCY)
    expect(new Set(idsSeen(a)).size).toBe(100)
  })

  it('forget no retry when a slower attempt of theirs succeeds after the failure', async () => {
    const release = Promise.withResolvers<void>()
    const a = target(async (_id, nth) => {
      if (nth === 1) return RETRYABLE
      if (nth === 2) await release.promise
      return SUCCESS
    })
    const { dispatcher, attempts } = start({ a })
    dispatcher.offer(await enqueue('a', 2))
    await until(() => attempts.length === 1, 'the first has failed')
    await new Promise((resolve) => setTimeout(resolve, 50))
    release.resolve()
    await until(allDone, 'both are delivered')
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['retry', 'delivered', 'delivered'])
  })
})
