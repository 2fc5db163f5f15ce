import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import fc from 'fast-check'

import type { Store } from '#src/adapters/sqlite/store.ts'
import { laneOf } from '#src/model/delivery.ts'
import type { Rule } from '#src/model/event-bus.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { createRecorder } from '#src/pipeline/2-record/recorder.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import type { DeliveryQueue } from '#src/ports/delivery-queue.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import { BUS, observing, recordedEvent, temporaryStore, until } from '../pipeline.fixture.ts'
import { ROUTE_READER, route } from './router.ts'
import type { RoutedDelivery, RouterPorts } from './router.ts'

const RULE: Rule = {
  ...{ name: 'r', busArn: BUS, arn: `${BUS}/r`, state: 'ENABLED', eventPattern: '{}' },
  ...{ createdBy: '111111111111' },
  targets: [{ id: 'a', arn: 'https://example.com/a' }],
}

let store: Store
let log: EventLog
let remove: () => Promise<void>
let stop: () => Promise<void>

beforeEach(async () => {
  const temporary = await temporaryStore()
  store = temporary.store
  remove = temporary.remove
  log = await createRecorder(store.log, clock)
  stop = async () => undefined
})
afterEach(async () => {
  await stop()
  await remove()
})

function start(given: Partial<RouterPorts> = {}) {
  const stopping = new AbortController()
  const routed: RoutedDelivery[] = []
  const { observer, faults } = observing()
  const ended = route(
    {
      ...{ log, cursors: store.cursors, queue: store.queue, clock, observer },
      matchingRules: async () => [RULE],
      onRouted: (deliveries) => routed.push(...deliveries),
      ...given,
    },
    stopping.signal,
  )
  stop = async () => {
    stopping.abort()
    await ended
  }
  return { routed, faults }
}

const record = (...ids: readonly string[]) => log.record(ids.map((id) => recordedEvent(id)))
const pendingOf = async (rule: Rule) => {
  const lanes = rule.targets.map((target) => laneOf({ ruleArn: rule.arn, target }))
  const pending = lanes.map((lane) => store.queue.due(lane, clock.now(), 100_000))
  return (await Promise.all(pending)).flat()
}
const cursor = () => store.cursors.get(ROUTE_READER)

describe('routing', () => {
  it('makes one durable delivery of each event for each target of each matching rule', async () => {
    const retryPolicy = { maximumRetryAttempts: 3, maximumEventAgeInSeconds: 60 }
    const targets = [...RULE.targets, { id: 'b', arn: 'https://example.com/b', retryPolicy }]
    const managed: Rule = { ...RULE, arn: `${BUS}/m`, managedBy: 'assurance.belfry' }
    const { routed } = start({ matchingRules: async () => [{ ...RULE, targets }, managed] })
    const [position] = await record('e')
    await until(() => routed.length === 3, 'the event is routed')
    const [a, b, m] = routed.map(({ delivery }) => delivery)
    const all = { position, eventId: 'e', attempts: 0 }
    expect(a).toMatchObject({ ...all, target: targets[0], managed: false })
    expect(b).toMatchObject({ ...all, target: targets[1], managed: false })
    expect(m).toMatchObject({ ...all, ruleArn: `${BUS}/m`, target: { id: 'a' }, managed: true })
    expect(routed.map(({ event }) => event.id)).toEqual(['e', 'e', 'e'])
    expect(a?.startedAt).toBe(routed[0]?.event.acceptedAt)
    expect(await pendingOf({ ...RULE, targets })).toEqual([a, b])
    expect(await pendingOf(managed)).toEqual([m])
  })

  it('tells of deliveries only once they are durable', async () => {
    const durable: boolean[] = []
    start({
      onRouted: (routed) => {
        for (const { delivery } of routed) {
          const lane = laneOf(delivery)
          void store.queue
            .due(lane, clock.now(), 1_000)
            .then((due) => durable.push(due.some(({ id }) => id === delivery.id)))
        }
      },
    })
    await record('a', 'b')
    await until(() => durable.length === 2, 'both are routed')
    expect(durable).toEqual([true, true])
  })

  it('asks for the rules of each event, and leaves out what awaits enrichment', async () => {
    const asked: string[] = []
    const { routed } = start({
      matchingRules: async (event) => {
        asked.push(event.id)
        return event.id === 'b' ? [] : [RULE]
      },
    })
    await log.record([
      recordedEvent('a'),
      recordedEvent('bare', { awaitsEnrichment: true }),
      recordedEvent('b'),
      recordedEvent('c'),
    ])
    await until(() => routed.length === 2, 'the others are routed')
    expect(asked).toEqual(['a', 'b', 'c'])
    expect(routed.map(({ event }) => event.id)).toEqual(['a', 'c'])
  })

  it('goes on where it stopped, and routes nothing twice', async () => {
    const first = start()
    await record('a')
    await until(() => first.routed.length === 1, 'the first is routed')
    await stop()
    await record('b')
    const second = start()
    await until(() => second.routed.length === 1, 'the second is routed')
    expect(second.routed[0]?.event.id).toBe('b')
    expect(await pendingOf(RULE)).toHaveLength(2)
    expect(await cursor()).toBe(log.lastSequence())
  })

  it('tries again when the store refuses or the rules cannot be read', async () => {
    let refusals = 2
    const refuse = <A extends readonly unknown[], R>(call: (...given: A) => Promise<R>) => {
      return async (...given: A) => {
        if ((refusals -= 1) >= 0) throw new Error('refused')
        return call(...given)
      }
    }
    const queue: DeliveryQueue = { ...store.queue, enqueue: refuse(store.queue.enqueue) }
    let unreadable = true
    const matchingRules = async () => {
      if (!unreadable) return [RULE]
      unreadable = false
      throw new Error('unreadable')
    }
    const { routed, faults } = start({ queue, matchingRules })
    await record('a', 'b')
    await until(() => routed.length === 2, 'both are routed')
    expect(faults.map(({ stage }) => stage)).toEqual(['route', 'route', 'route'])
    expect((await pendingOf(RULE)).map(({ eventId }) => eventId)).toEqual(['a', 'b'])
  })

  it('moves its cursor past events that no rule matches, now and then', async () => {
    let now = 1_000
    start({ clock: { now: () => now }, matchingRules: async () => [] })
    await record('a')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await cursor()).toBe(0)
    now += 1_000
    await record('b')
    await until(async () => (await cursor()) === log.lastSequence(), 'the cursor is saved')
  })
})

describe('a crash while routing', () => {
  /** Where the process dies: before or after the store's commit, or while rules are read. */
  const CRASHES = ['before commit', 'after commit', 'while matching'] as const
  const crashing = (crash: (typeof CRASHES)[number], after: number) => {
    const died = Promise.withResolvers<void>()
    let countdown = after
    const due = (place: (typeof CRASHES)[number]) => place === crash && (countdown -= 1) < 0
    const die = () => {
      died.resolve()
      return new Promise<never>(() => undefined)
    }
    const matchingRules = async (): Promise<readonly Rule[]> =>
      due('while matching') ? die() : [RULE]
    const queue: DeliveryQueue = {
      ...store.queue,
      enqueue: async (...given) => {
        if (due('before commit')) return die()
        const ids = await store.queue.enqueue(...given)
        return due('after commit') ? die() : ids
      },
    }
    return { died: died.promise, matchingRules, queue }
  }

  it('loses no event and makes no delivery twice, wherever it happens', async () => {
    const plan = fc.array(
      fc.record({
        crash: fc.constantFrom(...CRASHES),
        after: fc.nat(3),
        batches: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }),
      }),
      { minLength: 1, maxLength: 4 },
    )
    let expected = 0
    let name = 0
    await fc.assert(
      fc.asyncProperty(plan, async (lives) => {
        for (const { crash, after, batches } of lives) {
          const { died, ...ports } = crashing(crash, after)
          const life = new AbortController()
          const { observer } = observing()
          const onRouted = () => undefined
          const ended = route(
            { log, cursors: store.cursors, clock, observer, onRouted, ...ports },
            life.signal,
          )
          for (const count of batches) {
            const events: RecordedEvent[] = []
            for (let n = 0; n < count; n += 1) events.push(recordedEvent(`e${(name += 1)}`))
            await log.record(events)
            expected += count
          }
          life.abort()
          await Promise.race([ended, died])
        }
        start()
        await until(async () => (await pendingOf(RULE)).length >= expected, 'all are routed')
        await stop()
        const routed = (await pendingOf(RULE)).map(({ eventId }) => eventId)
        expect(routed).toHaveLength(expected)
        expect(new Set(routed).size).toBe(expected)
      }),
      { numRuns: 15 },
    )
  })
})
