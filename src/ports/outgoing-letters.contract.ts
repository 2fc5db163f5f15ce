import { describe, expect, it } from 'vitest'

import type { Settlement } from '#src/model/delivery.ts'
import type { OpenFresh } from './adapter.contract.ts'
import type { DeliveryQueue } from './delivery-queue.ts'
import type { OutgoingLetters } from './outgoing-letters.ts'

interface LetterPorts {
  readonly queue: DeliveryQueue
  readonly letters: OutgoingLetters
}

const NOW = 1_750_000_000_000
const RULE = 'arn:aws:events:ap-southeast-2:111111111111:rule/r'
const QUEUE = 'arn:aws:sqs:ap-southeast-2:111111111111:q'
const TARGET = { id: 't', arn: 'https://example.com/', deadLetterArn: QUEUE }
const ERROR = { code: 'ERROR_FROM_TARGET', message: 'the target answered 500' } as const
const SEND_ERROR = { code: 'NO_RESOURCE', message: 'there is no such queue' } as const
const EVENT = {
  ...{ id: 'e', busArn: 'arn:aws:events:ap-southeast-2:111111111111:event-bus/default' },
  ...{ acceptedAt: NOW, source: 's', detailType: 'd', account: '1', region: 'ap-southeast-2' },
  ...{ hops: { sameRegion: 0, crossRegion: 0 }, json: '{"id":"e"}' },
}

/** What every adapter of the port OutgoingLetters keeps to. */
export function outgoingLettersContract(open: OpenFresh<LetterPorts>): void {
  /** Deliveries that died, each to be sent at its time, or not at all. */
  const buried = async ({ queue }: LetterPorts, ...times: readonly (number | undefined)[]) => {
    const ids = await queue.enqueue(
      times.map(() => ({
        ...{ position: 65_536, eventId: 'e', ruleArn: RULE, target: TARGET, managed: false },
        ...{ startedAt: NOW, nextAttemptAt: NOW },
      })),
    )
    await queue.settle(ids.map((id, index) => dead(id, times[index])))
    return ids
  }
  const dead = (id: number, nextSendAt?: number): Settlement => ({
    ...{ kind: 'dead', id, attempts: 1, diedAt: NOW, error: ERROR, event: EVENT },
    attempt: { startedAt: NOW, durationMs: 1, target: TARGET },
    ...(nextSendAt !== undefined && { nextSendAt }),
  })
  const idsDue = async ({ letters }: LetterPorts, now: number, limit = 10) =>
    (await letters.due(now, limit)).map(({ letter }) => letter.id)

  describe('outgoing letters', () => {
    it('are due when their time has come, the longest due first, also after a restart', async () => {
      const { port, restart } = await open()
      expect(await port.letters.nextDueAt()).toBeUndefined()
      const [late, , early] = await buried(port, NOW + 20, undefined, NOW + 10)
      expect(await idsDue(port, NOW + 9)).toEqual([])
      expect(await idsDue(port, NOW + 20)).toEqual([early, late])
      expect(await idsDue(port, NOW + 20, 1)).toEqual([early])
      const again = await restart()
      expect(await again.letters.nextDueAt()).toBe(NOW + 10)
      const [first] = await again.letters.due(NOW + 10, 10)
      expect(first).toMatchObject({ sends: 0, target: TARGET, event: EVENT })
      expect(first?.letter).toMatchObject({ id: early, error: ERROR, eventJson: EVENT.json })
    })

    it('are dead letters until they are sent, and then gone', async () => {
      const { port } = await open()
      const [id = 0] = await buried(port, NOW)
      expect(await port.queue.counts()).toEqual({ pending: 0, dead: 1 })
      await port.letters.settle([{ id, diedAt: NOW, kind: 'sent' }])
      expect(await port.queue.counts()).toEqual({ pending: 0, dead: 0 })
      expect(await port.letters.nextDueAt()).toBeUndefined()
    })

    it('that were sent in vain tell why, and are sent again or kept', async () => {
      const { port } = await open()
      const [id = 0] = await buried(port, NOW)
      const kept = { id, diedAt: NOW, kind: 'kept', error: SEND_ERROR } as const
      await port.letters.settle([{ ...kept, nextSendAt: NOW + 5 }])
      expect(await port.letters.due(NOW + 5, 10)).toMatchObject([{ sends: 1 }])
      await port.letters.settle([kept])
      expect(await port.letters.nextDueAt()).toBeUndefined()
      const [letter] = await port.queue.deadLetters({ limit: 10 })
      expect(letter).toMatchObject({ id, sendError: SEND_ERROR })
      expect(letter).not.toHaveProperty('nextSendAt')
    })

    it('that were redriven are not sent, and not lost by a sending that ends later', async () => {
      const { port } = await open()
      const [id = 0] = await buried(port, NOW)
      await port.queue.redrive([id], NOW + 1)
      expect(await idsDue(port, NOW + 9)).toEqual([])
      await port.letters.settle([{ id, diedAt: NOW, kind: 'sent' }])
      expect(await port.queue.counts()).toEqual({ pending: 1, dead: 0 })
      await port.queue.settle([{ ...dead(id, NOW + 2), diedAt: NOW + 2 } as Settlement])
      await port.letters.settle([{ id, diedAt: NOW, kind: 'sent' }])
      expect(await port.letters.due(NOW + 9, 10)).toMatchObject([{ sends: 0 }])
      const [letter] = await port.queue.deadLetters({ limit: 10 })
      expect(letter).not.toHaveProperty('sendError')
    })
  })
}
