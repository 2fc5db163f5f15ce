import { expect, it } from 'vitest'

import { NO_HOPS } from '#src/model/event.ts'
import type { LogPosition, PositionedEvent } from '#src/model/event.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import { searchEvents } from './search.ts'
import type { SearchRequest } from './search.ts'

const PERIOD = { from: 0, to: 10 }

/** A log of one batch, of which every hundredth event is a dead letter. */
function historyOf(count: number) {
  const events = Array.from({ length: count }, (_, position): PositionedEvent => {
    const id = String(position)
    const place = { busArn: 'bus', account: 'account', region: 'region', acceptedAt: 5 }
    const event = { id, source: 'shop', detailType: 'Order', hops: NO_HOPS, json: '{}', ...place }
    return { position: 65_536 + position, event }
  })
  const log: Pick<EventLog, 'read'> = {
    read: async (after) => (after === 0 ? [{ sequence: 1, events }] : []),
  }
  const lookedUp: LogPosition[] = []
  return {
    lookedUp,
    ports: {
      log: log as EventLog,
      history: { sequenceBefore: async (at: number) => (at === PERIOD.from ? 0 : 1) } as never,
      queue: {
        historyOf: async (position: LogPosition) => {
          lookedUp.push(position)
          const dead = (position - 65_536) % 100 === 0 ? [{}] : []
          return { pending: [], attempts: [], dead: dead as never[] }
        },
      },
    },
  }
}

const DEAD: Omit<SearchRequest, 'before'> = {
  filter: { isNamed: () => true, status: 'DEAD' },
  period: PERIOD,
  limit: 1_000,
  accept: async () => true,
}

it('a search by status finds all, over several answers, and looks at each event once', async () => {
  const { ports, lookedUp } = historyOf(40_000)
  const found: LogPosition[] = []
  let next: LogPosition | undefined
  let answers = 0
  do {
    const answer = await searchEvents(ports, {
      ...DEAD,
      ...(next !== undefined && { before: next }),
    })
    found.push(...answer.events.map(({ position }) => position))
    ;({ next } = answer)
    answers += 1
  } while (next !== undefined)
  expect(answers).toBeGreaterThan(1)
  expect(found).toHaveLength(400)
  expect(new Set(lookedUp).size).toBe(lookedUp.length)
  expect(lookedUp).toHaveLength(40_000)
})

it('a search by status lets others have their turn within a batch', async () => {
  const { ports, lookedUp } = historyOf(1_000)
  const lookedUpAtTurns = new Set<number>()
  const searching = searchEvents(ports, DEAD).then(() => 'done')
  const turn = () => new Promise<string>((resolve) => void setImmediate(resolve, 'turn'))
  while ((await Promise.race([searching, turn()])) !== 'done') lookedUpAtTurns.add(lookedUp.length)
  expect([...lookedUpAtTurns].filter((count) => count > 0 && count < 1_000).length).toBeGreaterThan(
    5,
  )
})

it('a search by status looks up nothing of what the caller may not see', async () => {
  const { ports, lookedUp } = historyOf(10)
  await searchEvents(ports, { ...DEAD, accept: async ({ id }) => id === '3' })
  expect(lookedUp).toEqual([65_539])
})
