import { describe, expect, it } from 'vitest'

import { NO_HOPS, POSITIONS_PER_BATCH } from '#src/model/event.ts'
import type { OpenFresh } from './adapter.contract.ts'
import type { BatchLog } from './batch-log.ts'
import type { Cursors } from './cursors.ts'
import type { DeliveryQueue } from './delivery-queue.ts'
import type { EventHistory } from './event-history.ts'
import type { EventIndex } from './event-index.ts'

interface HistoryPorts {
  readonly log: BatchLog
  readonly cursors: Cursors
  readonly queue: DeliveryQueue
  readonly index: EventIndex
  readonly history: EventHistory
}

const T0 = 1_750_000_000_000
const RULE = 'arn:aws:events:eu-west-1:111122223333:rule/r'
const TARGET = { id: 't', arn: 'https://example.com/' }
const ATTEMPT = { startedAt: T0, durationMs: 1, target: TARGET }

/** What every adapter of the port EventHistory keeps to. */
export function eventHistoryContract(open: OpenFresh<HistoryPorts>): void {
  /** Batches that were appended a second apart, all of them read. */
  const filled = async (count: number) => {
    const { port } = await open()
    for (let n = 1; n <= count; n += 1) {
      await port.log.append(new TextEncoder().encode(`batch ${n}`), T0 + n * 1_000)
    }
    await port.cursors.save('reader', count)
    return port
  }
  const deliver = async ({ queue }: HistoryPorts, sequence: number) => {
    const [id = 0] = await queue.enqueue([
      {
        ...{
          position: sequence * POSITIONS_PER_BATCH,
          eventId: 'e',
          ruleArn: RULE,
          target: TARGET,
        },
        ...{ managed: false, startedAt: T0, nextAttemptAt: T0 },
      },
    ])
    return id
  }
  const forgetAll = async ({ history }: HistoryPorts, sequence: number) => {
    for (let steps = 0; await history.forgetUpTo(sequence); steps += 1) {
      if (steps > 1_000) throw new Error('forgetting has no end')
    }
  }
  const first = async ({ log }: HistoryPorts) => (await log.read(0, 1))[0]?.sequence

  describe('event history', () => {
    it('finds the newest batch before a time', async () => {
      const port = await filled(20)
      const before = (ms: number) => port.history.sequenceBefore(T0 + ms)
      expect(await before(0)).toBe(0)
      expect(await before(1_000)).toBe(0)
      expect(await before(1_001)).toBe(1)
      expect(await before(9_500)).toBe(9)
      expect(await before(99_000)).toBe(20)
      await forgetAll(port, 5)
      expect([await before(9_500), await before(5_500), await before(0)]).toEqual([9, 5, 5])
    })

    it('forgets batches up to one, a few at a time, and numbers the next as if none were gone', async () => {
      const port = await filled(40)
      expect(await port.history.forgetUpTo(30)).toBe(true)
      const after = (await first(port)) ?? 0
      expect(after).toBeGreaterThan(1)
      expect(after).toBeLessThan(31)
      await forgetAll(port, 30)
      expect(await first(port)).toBe(31)
      await forgetAll(port, 99)
      // The newest stays, so that the numbers go on after a restart.
      expect(await first(port)).toBe(40)
      expect(await port.log.append(new Uint8Array([1]), T0)).toBe(41)
    })

    it('keeps what a reader has yet to read', async () => {
      const port = await filled(20)
      await port.cursors.save('slow', 7)
      await forgetAll(port, 15)
      expect(await first(port)).toBe(8)
      await port.cursors.save('slow', 20)
      await forgetAll(port, 15)
      expect(await first(port)).toBe(16)
    })

    it('keeps what waits for delivery, and no dead letter, which has its event', async () => {
      const port = await filled(20)
      const id = await deliver(port, 9)
      await forgetAll(port, 15)
      expect(await first(port)).toBe(9)
      const event = {
        ...{ id: 'e', busArn: 'b', acceptedAt: T0, source: 's', detailType: 'd', account: 'a' },
        ...{ region: 'r', hops: NO_HOPS, json: '{"id":"e"}' },
      }
      const error = { code: 'TIMEOUT', message: 'late' } as const
      const dead = {
        kind: 'dead',
        attempts: 1,
        diedAt: T0,
        error,
        attempt: ATTEMPT,
        event,
      } as const
      await port.queue.settle([{ ...dead, id }])
      await forgetAll(port, 15)
      expect(await first(port)).toBe(16)
      expect(await port.queue.redrive([id], T0)).toMatchObject([{ id, event }])
    })

    it('forgets attempts and places with their events', async () => {
      const port = await filled(6)
      for (const sequence of [2, 4]) {
        const id = await deliver(port, sequence)
        await port.queue.settle([{ kind: 'delivered', id, attempt: ATTEMPT }])
      }
      // More than one epoch, for the newest is not looked at.
      const places = Array.from({ length: 70_000 }, (_, at) => ({
        eventId: `${at}`,
        position: (at < 66_000 ? 2 : 4) * POSITIONS_PER_BATCH + (at % POSITIONS_PER_BATCH),
      }))
      await port.index.add('reader', 6, places)
      await forgetAll(port, 3)
      const attemptsAt = async (sequence: number) =>
        (await port.queue.historyOf(sequence * POSITIONS_PER_BATCH, 10)).attempts.length
      expect([await attemptsAt(2), await attemptsAt(4)]).toEqual([0, 1])
      expect(await port.index.placesOf('7', 10)).toEqual([])
      expect(await port.index.placesOf('69999', 10)).toHaveLength(1)
    })
  })
}
