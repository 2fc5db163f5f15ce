import { describe, expect, it } from 'vitest'

import { systemClock as clock } from '#src/ports/clock.ts'
import type { DeliveryQueue } from '#src/ports/delivery-queue.ts'
import { until } from '../pipeline.fixture.ts'
import {
  ATTEMPTS_AT_FIRST,
  CONCURRENCY,
  PERMANENT,
  RETRYABLE,
  SUCCESS,
  allDone,
  crash,
  enqueue,
  idsSeen,
  start,
  stop,
  stopping,
  store,
  target,
} from './dispatcher.fixture.ts'
import { createRateLimits } from './rate-limits.ts'
import type { AttemptOutcome } from './retry-schedule.ts'

describe('a target', () => {
  it('is behind while more waits for it than it is sent at once, but not when it fails', async () => {
    const answer = Promise.withResolvers<AttemptOutcome>()
    const slow = target(() => answer.promise, 2)
    const failing = target(() => RETRYABLE, 2)
    const { dispatcher } = start({ slow, failing })
    dispatcher.offer(await enqueue('slow', 2, { ruleArn: 'slow-rule' }))
    expect(dispatcher.isBehind('slow-')).toBe(false)
    dispatcher.offer(await enqueue('slow', 1, { ruleArn: 'slow-rule' }))
    expect(dispatcher.isBehind('slow-')).toBe(true)
    expect(dispatcher.isBehind('other-')).toBe(false)
    dispatcher.offer(await enqueue('failing', 20, { ruleArn: 'failing-rule' }))
    await until(() => failing.seen.length > 3, 'the target fails')
    expect(dispatcher.isBehind('failing-')).toBe(false)
    answer.resolve(SUCCESS)
    await until(() => !dispatcher.isBehind('slow-'), 'the target has caught up')
    expect(slow.seen).toHaveLength(3)
  })
})

describe('deliveries', () => {
  it('that were pending at the start are taken up, with their events', async () => {
    const pending = await enqueue('a', 3)
    const a = target(() => SUCCESS)
    start({ a })
    await until(allDone, 'all are delivered')
    expect(idsSeen(a)).toEqual(pending.map(({ delivery }) => delivery.id))
    expect(a.seen.map(({ event }) => event.json)).toEqual(pending.map(({ event }) => event.json))
  })

  it('go to the target as its rule has it now, or as it was where it is gone', async () => {
    const targetNow: Record<string, { id: string; arn: string }> = { a: { id: 'a', arn: 'b' } }
    const [a, b] = [target(() => SUCCESS), target(() => SUCCESS)]
    const { dispatcher } = start({ a, b }, store.queue, async (_, id) => targetNow[id])
    dispatcher.offer(await enqueue('a', 1))
    await until(allDone, 'it is delivered')
    expect([a.seen.length, b.seen.length]).toEqual([0, 1])
    delete targetNow['a']
    dispatcher.offer(await enqueue('a', 1))
    await until(allDone, 'it is delivered')
    expect([a.seen.length, b.seen.length]).toEqual([1, 1])
  })

  it('that are offered are attempted once each, also more than memory holds', async () => {
    const a = target(() => SUCCESS)
    const { dispatcher, attempts } = start({ a })
    const offered = await enqueue('a', 1_000)
    dispatcher.offer(offered)
    dispatcher.offer(offered.slice(0, 50))
    await until(allDone, 'all are delivered')
    expect(idsSeen(a)).toEqual(offered.map(({ delivery }) => delivery.id))
    expect(attempts.every(({ outcome }) => outcome === 'delivered')).toBe(true)
    expect(a.underWayMax).toBe(CONCURRENCY)
  })

  it('that are not due yet wait for their time', async () => {
    const nextAttemptAt = clock.now() + 300
    await enqueue('a', 1, { nextAttemptAt })
    let attemptedAt = 0
    start({
      a: target(() => {
        attemptedAt = clock.now()
        return SUCCESS
      }),
    })
    await until(allDone, 'it is delivered')
    expect(attemptedAt).toBeGreaterThanOrEqual(nextAttemptAt)
  })

  it('that are redriven are read from the log and attempted again', async () => {
    const a = target((_id, nth) => (nth === 1 ? PERMANENT : SUCCESS))
    const { dispatcher } = start({ a })
    const [only] = await enqueue('a', 1)
    dispatcher.offer([only!])
    await until(async () => (await store.queue.counts()).dead === 1, 'it is dead')
    const redriven = await store.queue.redrive([only!.delivery.id], clock.now())
    dispatcher.offer(redriven.map((delivery) => ({ delivery })))
    await until(allDone, 'it is delivered')
    expect(await store.queue.counts()).toEqual({ pending: 0, dead: 0 })
    expect(a.seen[1]?.event).toEqual(only!.event)
  })
})

describe('a failed attempt', () => {
  it('is repeated after the backoff and then succeeds', async () => {
    const times: number[] = []
    const a = target((_id, nth) => {
      times.push(clock.now())
      return nth === 1 ? RETRYABLE : SUCCESS
    })
    const { dispatcher, attempts } = start({ a })
    dispatcher.offer(await enqueue('a', 1))
    await until(allDone, 'it is delivered')
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['retry', 'delivered'])
    expect(attempts.map(({ delivery }) => delivery.attempts)).toEqual([0, 1])
    const waited = (times[1] ?? 0) - (times[0] ?? 0)
    expect(waited).toBeGreaterThanOrEqual(500)
    expect(waited).toBeLessThan(1_500)
  })

  it('that throws is a retryable one, and the fault is told', async () => {
    const a = target((_id, nth) => {
      if (nth === 1) throw new Error('unexpected')
      return SUCCESS
    })
    const { dispatcher, faults } = start({ a })
    dispatcher.offer(await enqueue('a', 1))
    await until(allDone, 'it is delivered')
    expect(a.seen).toHaveLength(2)
    expect(faults).toMatchObject([{ stage: 'deliver', error: { message: 'unexpected' } }])
  })

  it.each([
    ['MaximumRetryAttempts', { maximumRetryAttempts: 1, maximumEventAgeInSeconds: 86_400 }, 2],
    ['MaximumEventAgeInSeconds', { maximumRetryAttempts: 185, maximumEventAgeInSeconds: 60 }, 1],
  ] as const)('that exhausts %s leaves a dead letter that says so', async (...given) => {
    const [condition, retryPolicy, attempts] = given
    const old = condition === 'MaximumEventAgeInSeconds' ? 61_000 : 0
    const { dispatcher } = start({ a: target(() => RETRYABLE) })
    const [only] = await enqueue('a', 1, {
      ...{ target: { id: 'a', arn: 'a', retryPolicy }, startedAt: clock.now() - old },
    })
    dispatcher.offer([only!])
    await until(allDone, 'it is dead')
    expect(await store.queue.deadLetters({ limit: 10 })).toMatchObject([
      {
        attempts,
        exhausted: condition,
        error: { code: 'ERROR_FROM_TARGET', message: 'the target answered 503' },
        eventJson: only!.event.json,
      },
    ])
  })

  it('that is permanent leaves a dead letter at once, without a retry condition', async () => {
    const a = target(() => PERMANENT)
    const { dispatcher } = start({ a })
    dispatcher.offer(await enqueue('a', 1))
    await until(allDone, 'it is dead')
    const [letter] = await store.queue.deadLetters({ limit: 10 })
    expect(letter).toMatchObject({ attempts: 1, error: { code: 'NO_RESOURCE' } })
    expect(letter).not.toHaveProperty('exhausted')
    expect(a.seen).toHaveLength(1)
  })

  it('for want of the event in the log leaves a dead letter', async () => {
    await enqueue('a', 1, { position: 99 * 65_536, eventId: 'lost' })
    const a = target(() => SUCCESS)
    start({ a })
    await until(allDone, 'it is dead')
    const [letter] = await store.queue.deadLetters({ limit: 10 })
    expect(letter?.error).toEqual({
      code: 'INTERNAL_ERROR',
      message: 'the log no longer has event lost',
    })
    expect(a.seen).toEqual([])
  })
})

describe('a target that takes nothing before a time', () => {
  const heldUp = (ms: number): AttemptOutcome => ({
    ...{ kind: 'held-up', notBefore: clock.now() + ms },
  })

  it('gets every delivery later, once, and none counts as an attempt before', async () => {
    const limits = createRateLimits()
    const taken: number[] = []
    const limited = target(() => {
      const now = clock.now()
      const notBefore = limits.take({ name: 'shared', perSecond: 100 }, now)
      if (notBefore !== undefined) return { kind: 'held-up', notBefore }
      taken.push(now)
      return SUCCESS
    })
    const quick = target(() => SUCCESS)
    const { dispatcher, attempts } = start({ limited, 'limited-too': limited, quick })
    dispatcher.offer(await enqueue('limited', 150))
    dispatcher.offer(await enqueue('limited-too', 100))
    dispatcher.offer(await enqueue('quick', 50))
    await until(() => quick.seen.length === 50, 'the quick lane is done')
    expect(taken.length).toBeLessThan(250)
    await until(allDone, 'all are delivered')
    expect(taken).toHaveLength(250)
    expect(attempts).toHaveLength(300)
    expect(new Set(attempts.map(({ delivery }) => delivery.id)).size).toBe(300)
    expect(attempts.every(({ delivery }) => delivery.attempts === 0)).toBe(true)
    for (const [index, at] of taken.entries()) {
      const hundredthBefore = taken[index - 100]
      if (hundredthBefore !== undefined) expect(at - hundredthBefore).toBeGreaterThanOrEqual(1_000)
    }
  })

  it('holds few deliveries in memory, and is not asked about each that comes', async () => {
    const limited = target(() => heldUp(60_000), 4)
    const { dispatcher } = start({ limited })
    dispatcher.offer(await enqueue('limited', 4))
    await until(() => limited.seen.length === ATTEMPTS_AT_FIRST, 'some were tried')
    for (let batch = 0; batch < 5; batch += 1) dispatcher.offer(await enqueue('limited', 100))
    expect(limited.seen).toHaveLength(ATTEMPTS_AT_FIRST)
    expect(await store.queue.counts()).toEqual({ pending: 504, dead: 0 })
  })

  it('gets after a restart what it was held up for', async () => {
    const limited = target(() => heldUp(60_000))
    const { dispatcher } = start({ limited })
    dispatcher.offer(await enqueue('limited', 3))
    await until(() => limited.seen.length === ATTEMPTS_AT_FIRST, 'some were tried')
    await stop()
    const free = target(() => SUCCESS)
    start({ limited: free })
    await until(allDone, 'all are delivered')
    expect(free.seen).toHaveLength(3)
  })
})

describe('a crash', () => {
  it('after an attempt and before its settlement repeats the attempt', async () => {
    const crashed: DeliveryQueue = { ...store.queue, settle: () => new Promise(() => undefined) }
    const a = target(() => SUCCESS)
    const { dispatcher } = start({ a }, crashed)
    dispatcher.offer(await enqueue('a', 5))
    await until(() => a.seen.length === 5, 'all were attempted')
    crash(dispatcher)
    start({ a })
    await until(allDone, 'all are delivered')
    const [once, twice] = [idsSeen(a).slice(0, 5), idsSeen(a)]
    expect(twice).toHaveLength(10)
    expect(new Set(twice).size).toBe(5)
    expect(once.length).toBe(5)
  })

  it('between two attempts keeps the count of those that were made', async () => {
    const a = target(() => RETRYABLE)
    const first = start({ a })
    first.dispatcher.offer(await enqueue('a', 1))
    await until(() => first.attempts.length === 1, 'it was attempted')
    await stop()
    const { attempts } = start({ a: target(() => SUCCESS) })
    await until(allDone, 'it is delivered')
    expect(attempts).toMatchObject([{ outcome: 'delivered', delivery: { attempts: 1 } }])
  })
})

describe('a stop', () => {
  it('waits for the attempts under way and settles them', async () => {
    const release = Promise.withResolvers<AttemptOutcome>()
    const a = target(() => release.promise, 2)
    const { dispatcher } = start({ a })
    dispatcher.offer(await enqueue('a', 5))
    await until(() => a.seen.length === 2, 'two are under way')
    stopping.abort()
    let drained = false
    void dispatcher.drained.then(() => (drained = true))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(drained).toBe(false)
    release.resolve(SUCCESS)
    await dispatcher.drained
    expect(a.seen).toHaveLength(2)
    expect(await store.queue.counts()).toEqual({ pending: 3, dead: 0 })
  })

  it('does not give up a settlement that the store refuses at first', async () => {
    let refusals = 2
    const full: DeliveryQueue = {
      ...store.queue,
      settle: async (settlements) => {
        if ((refusals -= 1) >= 0) throw new Error('full')
        return store.queue.settle(settlements)
      },
    }
    const { dispatcher, faults } = start({ a: target(() => SUCCESS) }, full)
    dispatcher.offer(await enqueue('a', 1))
    await until(() => faults.length > 0, 'the store refused')
    await stop()
    expect(await store.queue.counts()).toEqual({ pending: 0, dead: 0 })
  })
})
