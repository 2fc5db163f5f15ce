import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { Store } from '#src/adapters/sqlite/store.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { createRecorder } from '#src/pipeline/2-record/recorder.ts'
import { observing, recordedEvent, temporaryStore, until } from '#src/pipeline/pipeline.fixture.ts'
import { systemClock } from '#src/ports/clock.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import { createEventFinder } from './event-finder.ts'
import { createEventIds } from './event-ids.ts'
import { INDEX_READER, indexEvents } from './indexer.ts'

let store: Store
let remove: () => Promise<void>
let log: EventLog

beforeEach(async () => {
  const temporary = await temporaryStore()
  store = temporary.store
  remove = temporary.remove
  log = await createRecorder(store.log, systemClock)
})

afterEach(() => remove())

const ids = createEventIds({ prefix: 'acme', partner: 'acme.example' })
const everyone = async () => true
const finder = () =>
  createEventFinder({ log, cursors: store.cursors, index: store.eventIndex, ids })

/** Runs the indexer until it has read the whole log. */
async function indexed(): Promise<void> {
  const stop = new AbortController()
  const { cursors, eventIndex: index } = store
  const { observer } = observing()
  const running = indexEvents({ log, cursors, index, observer, ids }, stop.signal)
  const caughtUp = async () => (await cursors.get(INDEX_READER)) >= log.lastSequence()
  await until(caughtUp, 'the index had read the log')
  stop.abort()
  await running
}

describe('an event', () => {
  it('is found by its id on every bus that it reached, in the order of the log', async () => {
    const copies = ['first', 'second', 'third'].map((busArn) => recordedEvent('a', { busArn }))
    for (const event of [...copies.slice(0, 2), recordedEvent('b')]) await log.record([event])
    await indexed()
    await log.record(copies.slice(2))
    const { events, more, unsearchedBatches } = await finder().find('a', everyone)
    expect(events.map(({ event }) => event.busArn)).toEqual(['first', 'second', 'third'])
    expect(events.map(({ event }) => event)).toEqual(copies)
    expect({ more, unsearchedBatches }).toEqual({ more: false, unsearchedBatches: 0 })
  })

  it('is found before the index has come to it, and once where both have it', async () => {
    await log.record([recordedEvent('a')])
    expect((await finder().find('a', everyone)).events).toHaveLength(1)
    await indexed()
    expect((await finder().find('a', everyone)).events).toHaveLength(1)
    expect((await finder().find('none', everyone)).events).toEqual([])
  })

  it('is found from a log that the hub had before it had an index, after a restart too', async () => {
    for (let n = 0; n < 40; n += 1) {
      await log.record(Array.from({ length: 500 }, (_, at) => recordedEvent(`${n} ${at}`)))
    }
    log = await createRecorder(store.log, systemClock)
    await indexed()
    for (const id of ['0 0', '17 499', '39 250']) {
      const { events } = await finder().find(id, everyone)
      expect(events.map(({ event }) => event.id)).toEqual([id])
    }
  })

  it('of the tenancy is found by its publisher’s id too, and no other event is', async () => {
    const json = '{"detail":{"acmeEventID":"published"}}'
    const source = 'aws.partner/acme.example/222222222222/default'
    const told = [
      recordedEvent('a', { source, json, awaitsEnrichment: true }),
      recordedEvent('a', { source, json }),
    ]
    const others = [
      recordedEvent('b', { json }),
      recordedEvent('c', { source, json: '{"detail":{"meta":{"acmeEventID":"published"}}}' }),
    ]
    await log.record([...told, ...others])
    const found = async () => (await finder().find('published', everyone)).events
    expect((await found()).map(({ event }) => event)).toEqual(told)
    await indexed()
    expect((await found()).map(({ event }) => event)).toEqual(told)
  })

  it('is not hidden by the many of the same id that others sent', async () => {
    const mine = recordedEvent('a', { account: '222222222222' })
    await log.record([mine])
    await log.record(Array.from({ length: 3_000 }, () => recordedEvent('a')))
    await indexed()
    const isMine = async ({ account }: RecordedEvent) => account === mine.account
    const { events, more } = await finder().find('a', isMine)
    expect({ events: events.map(({ event }) => event), more }).toEqual({
      events: [mine],
      more: false,
    })
    const all = await finder().find('a', everyone)
    expect(all.events).toHaveLength(100)
    expect(all.more).toBe(true)
  })

  it('that the index may have missed is owned up to', async () => {
    for (let n = 0; n < 1_700; n += 1) await log.record([recordedEvent(`${n}`)])
    const { events, unsearchedBatches } = await finder().find('1699', everyone)
    expect(events).toEqual([])
    expect(unsearchedBatches).toBe(100)
  })
})
