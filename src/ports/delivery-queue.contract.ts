import { describe, expect, it } from 'vitest'

import { laneOf } from '#src/model/delivery.ts'
import type { DeadLetter, NewDelivery, Settlement } from '#src/model/delivery.ts'
import type { Target } from '#src/model/event-bus.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { OpenFresh } from './adapter.contract.ts'
import type { Cursors } from './cursors.ts'
import type { DeliveryQueue } from './delivery-queue.ts'

interface QueuePorts {
  readonly queue: DeliveryQueue
  readonly cursors: Cursors
}

const NOW = 1_750_000_000_000
const ERROR = { code: 'ERROR_FROM_TARGET', message: 'the target answered 500' } as const
const ATTEMPT = { startedAt: NOW, durationMs: 3, target: { id: 't', arn: 'https://example.com/' } }
const RULE = 'arn:aws:events:ap-southeast-2:111111111111:rule/r'

const target = (given: Partial<Target> = {}): Target => ({
  id: 't',
  arn: 'https://example.com/hook',
  retryPolicy: { maximumRetryAttempts: 7, maximumEventAgeInSeconds: 600 },
  ...given,
})

function delivery(given: Partial<NewDelivery> = {}): NewDelivery {
  return {
    position: 65_536,
    eventId: 'e1',
    ruleArn: RULE,
    target: target(),
    managed: false,
    startedAt: NOW - 10,
    nextAttemptAt: NOW,
    ...given,
  }
}

const event = (id: number): RecordedEvent => ({
  ...{ id: 'e1', busArn: 'arn:aws:events:ap-southeast-2:111111111111:event-bus/default' },
  ...{ acceptedAt: NOW - 10, source: 'shop', detailType: 'Sale', account: '111111111111' },
  ...{ region: 'ap-southeast-2', hops: { sameRegion: 1, crossRegion: 0 }, traceHeader: 'Root=1' },
  json: `{"id":"${id}"}`,
})

/** What every adapter of the port DeliveryQueue keeps to. */
export function deliveryQueueContract(open: OpenFresh<QueuePorts>): void {
  const lane = laneOf(delivery())
  const enqueue = (queue: DeliveryQueue, ...deliveries: readonly NewDelivery[]) =>
    queue.enqueue(deliveries, { reader: 'route', sequence: 1 })
  const dead = (id: number, given: Partial<Settlement & { kind: 'dead' }> = {}): Settlement => ({
    kind: 'dead',
    id,
    attempts: 8,
    diedAt: NOW + 5,
    error: ERROR,
    attempt: ATTEMPT,
    event: event(id),
    ...given,
  })
  /** Dead letters of these deliveries, by their ids. */
  const buried = async (queue: DeliveryQueue, ...deliveries: readonly NewDelivery[]) => {
    const ids = await enqueue(queue, ...deliveries)
    await queue.settle(ids.map((id) => dead(id)))
    return ids
  }
  const idsOf = (things: readonly { readonly id: number }[]) => things.map(({ id }) => id)

  describe('delivery queue: pending deliveries', () => {
    it('become durable together with the cursor of their reader', async () => {
      const { port } = await open()
      const given = [
        delivery(),
        delivery({
          eventId: 'e2',
          managed: true,
          target: target({ retryPolicy: noRetries() }),
          position: 65_537,
        }),
      ]
      const ids = await port.queue.enqueue(given, { reader: 'route', sequence: 12 })
      expect(await port.cursors.get('route')).toBe(12)
      const due = await port.queue.due(lane, NOW, 10)
      expect(due).toEqual(given.map((one, index) => ({ ...one, id: ids[index], attempts: 0 })))
    })

    it('are stored all or none, and without them the cursor stays', async () => {
      const { port } = await open()
      const broken = delivery({ eventId: null as never })
      const cursor = { reader: 'route', sequence: 3 }
      await expect(port.queue.enqueue([delivery(), broken], cursor)).rejects.toThrow()
      expect(await port.queue.counts()).toEqual({ pending: 0, dead: 0 })
      expect(await port.cursors.get('route')).toBe(0)
    })

    it('are due when their time has come, the longest due first, lane by lane', async () => {
      const { port } = await open()
      const { queue } = port
      const times = [30, 10, 20, 99]
      const ids = await enqueue(
        queue,
        ...times.map((ms) => delivery({ nextAttemptAt: NOW + ms })),
        delivery({ target: target({ id: 'other' }) }),
      )
      const [at30, at10, at20] = ids
      expect(idsOf(await queue.due(lane, NOW, 10))).toEqual([])
      expect(idsOf(await queue.due(lane, NOW + 30, 10))).toEqual([at10, at20, at30])
      expect(idsOf(await queue.due(lane, NOW + 30, 2))).toEqual([at10, at20])
      expect(await queue.nextDueAt(lane)).toBe(NOW + 10)
      expect(await queue.nextDueAt('no such lane')).toBeUndefined()
    })

    it('show each waiting lane once, with its target', async () => {
      const { port } = await open()
      const { queue } = port
      expect(await queue.waitingLanes()).toEqual([])
      const elsewhere = delivery({ target: target({ id: 'u', arn: 'https://example.org/' }) })
      const buriedOnly = delivery({ target: target({ id: 'dead' }) })
      await enqueue(queue, delivery(), delivery({ eventId: 'e2' }), elsewhere)
      await buried(queue, buriedOnly)
      const lanes = (await queue.waitingLanes()).toSorted((a, b) => (a.lane < b.lane ? -1 : 1))
      expect(lanes).toEqual([
        { lane, target: target() },
        { lane: laneOf(elsewhere), target: elsewhere.target },
      ])
    })

    it('never get the id of one that is done, not even after a restart', async () => {
      const { port, restart } = await open()
      const [first = 0] = await enqueue(port.queue, delivery())
      await port.queue.settle([{ kind: 'delivered', id: first, attempt: ATTEMPT }])
      const [second = 0] = await enqueue(port.queue, delivery())
      await port.queue.settle([{ kind: 'delivered', id: second, attempt: ATTEMPT }])
      const { queue } = await restart()
      const [third = 0] = await enqueue(queue, delivery())
      expect(second).toBeGreaterThan(first)
      expect(third).toBeGreaterThan(second)
    })
  })

  describe('delivery queue: settlements', () => {
    it('remove what was delivered, and nothing else', async () => {
      const { port } = await open()
      const { queue } = port
      const [first = 0, second = 0] = await enqueue(queue, delivery(), delivery({ eventId: 'e2' }))
      await queue.settle([{ kind: 'delivered', id: first, attempt: ATTEMPT }])
      expect(idsOf(await queue.due(lane, NOW, 10))).toEqual([second])
      expect(await queue.counts()).toEqual({ pending: 1, dead: 0 })
      await queue.settle([{ kind: 'delivered', id: first, attempt: ATTEMPT }])
      expect(await queue.counts()).toEqual({ pending: 1, dead: 0 })
    })

    it('put a retry off to its time and keep the count of attempts', async () => {
      const { port } = await open()
      const { queue } = port
      const [id = 0] = await enqueue(queue, delivery())
      const nextAttemptAt = NOW + 1_000
      await queue.settle([
        { kind: 'retry', id, attempts: 3, nextAttemptAt, error: ERROR, attempt: ATTEMPT },
      ])
      expect(await queue.due(lane, NOW + 999, 10)).toEqual([])
      expect(await queue.nextDueAt(lane)).toBe(nextAttemptAt)
      expect(await queue.due(lane, NOW + 1_000, 10)).toEqual([
        { ...delivery({ nextAttemptAt }), id, attempts: 3 },
      ])
    })

    it('turn a delivery that died into a dead letter with its event', async () => {
      const { port } = await open()
      const { queue } = port
      const [exhausted = 0, refused = 0] = await enqueue(queue, delivery(), delivery())
      await queue.settle([
        dead(exhausted, { exhausted: 'MaximumEventAgeInSeconds' }),
        dead(refused, {
          attempts: 1,
          error: { code: 'NO_RESOURCE', message: 'gone', awsCode: 'A.B' },
        }),
      ])
      expect(await queue.due(lane, NOW + 10, 10)).toEqual([])
      expect(await queue.nextDueAt(lane)).toBeUndefined()
      expect(await queue.counts()).toEqual({ pending: 0, dead: 2 })
      const letter: Omit<DeadLetter, 'id'> = {
        eventId: 'e1',
        ruleArn: RULE,
        targetId: 't',
        targetArn: 'https://example.com/hook',
        attempts: 8,
        startedAt: NOW - 10,
        diedAt: NOW + 5,
        error: ERROR,
        exhausted: 'MaximumEventAgeInSeconds',
        eventJson: `{"id":"${exhausted}"}`,
      }
      const { exhausted: _, ...plain } = letter
      expect(await queue.deadLetters({ limit: 10 })).toEqual([
        { ...letter, id: exhausted },
        {
          ...plain,
          id: refused,
          attempts: 1,
          error: { code: 'NO_RESOURCE', message: 'gone', awsCode: 'A.B' },
          eventJson: `{"id":"${refused}"}`,
        },
      ])
    })

    it('of every kind fit into one call', async () => {
      const { port } = await open()
      const { queue } = port
      const [a = 0, b = 0, c = 0] = await enqueue(queue, delivery(), delivery(), delivery())
      const nextAttemptAt = NOW + 1
      await queue.settle([
        { kind: 'delivered', id: a, attempt: ATTEMPT },
        { kind: 'retry', id: b, attempts: 1, nextAttemptAt, error: ERROR, attempt: ATTEMPT },
        dead(c),
        { kind: 'delivered', id: c + 1_000, attempt: ATTEMPT },
      ])
      expect(idsOf(await queue.due(lane, nextAttemptAt, 10))).toEqual([b])
      expect(idsOf(await queue.deadLetters({ limit: 10 }))).toEqual([c])
    })

    it('leave the history of their attempts, by the place of the event', async () => {
      const { port } = await open()
      const { queue } = port
      const [a = 0, b = 0, c = 0, other = 0] = await enqueue(
        ...([queue, delivery(), delivery(), delivery(), delivery({ position: 65_537 })] as const),
      )
      const answer = { status: 503, body: 'busy' }
      const changed = { ...target(), arn: 'https://example.org/' }
      const tried = (startedAt: number, given = {}) => ({ ...ATTEMPT, startedAt, ...given })
      const retry = { kind: 'retry', attempts: 1, nextAttemptAt: NOW + 1, error: ERROR } as const
      await queue.settle([
        { ...retry, id: a, attempt: tried(NOW, { answer }) },
        { kind: 'delivered', id: b, attempt: tried(NOW + 1) },
        { kind: 'delivered', id: other, attempt: tried(NOW + 1) },
      ])
      await queue.settle([
        { kind: 'delivered', id: a, attempt: tried(NOW + 2, { target: changed }) },
        dead(c, { attempt: tried(NOW + 3) }),
      ])
      const { pending, dead: letters, attempts } = await queue.historyOf(65_536, 10)
      const place = { position: 65_536, ruleArn: RULE }
      expect([pending, idsOf(letters)]).toEqual([[], [c]])
      expect(attempts).toEqual([
        {
          ...tried(NOW, { answer }),
          ...place,
          deliveryId: a,
          number: 1,
          outcome: 'retry',
          error: ERROR,
        },
        { ...tried(NOW + 1), ...place, deliveryId: b, number: 1, outcome: 'delivered' },
        {
          ...tried(NOW + 2),
          target: changed,
          ...place,
          deliveryId: a,
          number: 2,
          outcome: 'delivered',
        },
        { ...tried(NOW + 3), ...place, deliveryId: c, number: 1, outcome: 'dead', error: ERROR },
      ])
      expect((await queue.historyOf(65_536, 2)).attempts).toHaveLength(2)
      expect(await queue.historyOf(1, 10)).toEqual({ pending: [], dead: [], attempts: [] })
    })

    it('are found within a scope of thousands of accounts', async () => {
      const { port } = await open()
      const [id = 0] = await enqueue(port.queue, delivery())
      await port.queue.settle([dead(id)])
      const others = Array.from({ length: 5_000 }, (_, index) => String(500_000_000_000 + index))
      const scope = (...more: readonly string[]) =>
        port.queue.deadLetters({ limit: 5, accounts: [...others, ...more] })
      expect(await scope()).toEqual([])
      expect(idsOf(await scope(RULE.split(':')[4] ?? ''))).toEqual([id])
    })

    it('are still there after a restart', async () => {
      const { port, restart } = await open()
      const [pending = 0, died = 0] = await enqueue(port.queue, delivery(), delivery())
      const nextAttemptAt = NOW + 1
      await port.queue.settle([
        { kind: 'retry', id: pending, attempts: 2, nextAttemptAt, error: ERROR, attempt: ATTEMPT },
        dead(died),
      ])
      const { queue, cursors } = await restart()
      expect(await queue.due(lane, nextAttemptAt, 10)).toMatchObject([{ id: pending, attempts: 2 }])
      expect(await queue.deadLetters({ limit: 10 })).toMatchObject([{ id: died, error: ERROR }])
      expect(await cursors.get('route')).toBe(1)
    })
  })

  describe('delivery queue: dead letters', () => {
    it('are selected by rule, target, event, account of the rule and id, all at once', async () => {
      const { port } = await open()
      const { queue } = port
      const ruleArn = 'arn:aws:events:eu-west-1:222222222222:rule/x_y'
      const [first, second, third] = await buried(
        queue,
        delivery(),
        delivery({ eventId: 'e2', target: target({ id: 'u' }) }),
        delivery({ eventId: 'e2', ruleArn }),
      )
      await enqueue(queue, delivery({ eventId: 'e2' }))
      const found = async (query: object) => idsOf(await queue.deadLetters({ limit: 10, ...query }))
      expect(await found({})).toEqual([first, second, third])
      expect(await found({ ruleArn: RULE })).toEqual([first, second])
      expect(await found({ targetId: 'u' })).toEqual([second])
      expect(await found({ eventId: 'e2' })).toEqual([second, third])
      expect(await found({ eventId: 'e2', targetId: 't' })).toEqual([third])
      const [account = ''] = RULE.split(':').slice(4)
      expect(await found({ accounts: [account, '222222222222'] })).toEqual([first, second, third])
      expect(await found({ accounts: ['222222222222'] })).toEqual([third])
      expect(await found({ accounts: ['22222222222', '2'] })).toEqual([])
      expect(await found({ accounts: [] })).toEqual([])
      expect(await found({ ids: [third, first, 999] })).toEqual([first, third])
      expect(await found({ ids: [third, first], accounts: ['222222222222'] })).toEqual([third])
      const scheduleArn = 'arn:aws:scheduler:eu-west-1:333333333333:schedule/default/s'
      const ofSchedule = await buried(queue, delivery({ ruleArn: scheduleArn }))
      expect(await found({ accounts: ['333333333333'] })).toEqual(ofSchedule)
    })

    it('read page by page come once each, oldest first', async () => {
      const { port } = await open()
      const { queue } = port
      const ids = await buried(queue, ...Array.from({ length: 10 }, () => delivery()))
      await queue.redrive([ids[4] as number], NOW)
      const seen: number[] = []
      for (let afterId = 0; ; afterId = seen.at(-1) as number) {
        const page = await queue.deadLetters({ afterId, limit: 4 })
        seen.push(...idsOf(page))
        if (page.length < 4) break
      }
      expect(seen).toEqual(ids.filter((_, index) => index !== 4))
    })

    it('that are redriven are pending again as if they were new', async () => {
      const { port } = await open()
      const { queue } = port
      const [id = 0, other = 0] = await buried(queue, delivery(), delivery())
      const later = NOW + 1_000_000
      const renewed = delivery({ startedAt: later, nextAttemptAt: later })
      // Its event comes with it: the log may have ended it.
      const expected = { ...renewed, id, attempts: 0, event: event(id) }
      expect(await queue.redrive([id], later)).toEqual([expected])
      expect(await queue.due(lane, later, 10)).toEqual([expected])
      expect(idsOf(await queue.deadLetters({ limit: 10 }))).toEqual([other])
    })

    it('are redriven once; what is pending or unknown is passed over', async () => {
      const { port } = await open()
      const { queue } = port
      const [died = 0] = await buried(queue, delivery())
      const [pending = 0] = await enqueue(queue, delivery())
      const redriven = await queue.redrive([died, pending, died, pending + 1_000], NOW + 1)
      expect(idsOf(redriven)).toEqual([died])
      expect(await queue.due(lane, NOW, 10)).toMatchObject([{ id: pending, startedAt: NOW - 10 }])
    })

    it('that die again show their latest end', async () => {
      const { port } = await open()
      const { queue } = port
      const [id = 0] = await enqueue(queue, delivery())
      const ofAws = { ...ERROR, awsCode: 'Throttling' }
      await queue.settle([dead(id, { exhausted: 'MaximumRetryAttempts', error: ofAws })])
      await queue.redrive([id], NOW + 50)
      await queue.settle([dead(id, { attempts: 1, diedAt: NOW + 60 })])
      const [letter] = await queue.deadLetters({ limit: 10 })
      expect(letter).toMatchObject({ attempts: 1, startedAt: NOW + 50, diedAt: NOW + 60 })
      expect(letter).not.toHaveProperty('exhausted')
      expect(letter?.error).toEqual(ERROR)
    })
  })
}

function noRetries() {
  return { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 }
}
