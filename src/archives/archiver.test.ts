import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { removeBusesOf } from '#src/buses/managed-wiring.ts'
import { recordedEvent, until } from '#src/pipeline/pipeline.fixture.ts'
import { PLACE, SOURCE, SOURCE_ARN, archiveRig } from './archives.fixture.ts'
import type { ArchiveRig } from './archives.fixture.ts'
import { ACTIVE_REPLAYS } from './documents.ts'

const ALL = { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 10_000, charactersMax: 100_000_000 }

let rig: ArchiveRig
beforeEach(async () => {
  rig = await archiveRig()
})
afterEach(() => rig.remove())

const named = (name: string) => ({ ...PLACE, name })
const idsIn = async (archiveId: string) =>
  (await rig.eventArchive.read(archiveId, ALL)).map(({ id }) => id).toSorted()

describe('an archive', () => {
  it('takes no event that awaits enrichment, that a replay sent, or that is of another bus', async () => {
    const { id } = await rig.archives.create(named('a'), SOURCE, {})
    await rig.log.record([
      recordedEvent('taken'),
      recordedEvent('bare', { awaitsEnrichment: true }),
      recordedEvent('replayed', { replayArn: 'arn:aws:events:eu-west-1:1:replay/r' }),
      recordedEvent('elsewhere', { busArn: `${recordedEvent('x').busArn}2` }),
    ])
    await rig.archive()
    expect(await idsIn(id)).toEqual(['taken'])
  })

  it('that is made again under its name has nothing of the first, and nothing from before', async () => {
    const first = await rig.archives.create(named('a'), SOURCE, {})
    await rig.log.record([recordedEvent('first')])
    await rig.archive()
    await rig.archives.remove(named('a'))
    await rig.log.record([recordedEvent('between')])
    const second = await rig.archives.create(named('a'), SOURCE, {})
    await rig.log.record([recordedEvent('second')])
    await rig.archive()
    expect(await idsIn(second.id)).toEqual(['second'])
    expect(await idsIn(first.id)).toEqual(['first'])
  })

  it('has each event once, however large batches are and whatever write fails or is cut off', async () => {
    const { id: one } = await rig.archives.create(named('one'), SOURCE, {})
    const { id: other } = await rig.archives.create(named('other'), SOURCE, {})
    const expected: string[] = []
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 700 }),
        fc.array(fc.constantFrom('before', 'after', 'no'), { maxLength: 4 }),
        async (count, failures) => {
          const ids = Array.from({ length: count }, (_, n) => `${expected.length + n}`)
          expected.push(...ids)
          await rig.log.record(ids.map((id) => recordedEvent(id)))
          const faults = [...failures]
          const stop = rig.startArchiver({
            eventArchive: {
              add: async (...added) => {
                const fault = faults.shift()
                if (fault === 'before') throw new Error('the write failed')
                await rig.eventArchive.add(...added)
                if (fault === 'after') throw new Error('the answer was lost')
              },
            },
          })
          // A stop in the midst of it, as a crash, and then the rest.
          await until(() => faults.length < Math.max(1, failures.length), 'a write was tried')
          await stop()
          await rig.archive()
        },
      ),
      { numRuns: 8 },
    )
    for (const id of [one, other]) {
      expect(await idsIn(id)).toEqual(expected.toSorted())
      expect((await rig.eventArchive.totals(id)).events).toBe(expected.length)
    }
  })
})

describe('retention', () => {
  const DAY_MS = 24 * 60 * 60_000
  const totals = async (id: string) => (await rig.eventArchive.totals(id)).events

  it('deletes what is older than an archive keeps events, and what an archive held that is gone', async () => {
    const kept = await rig.archives.create(named('kept'), SOURCE, {})
    const short = await rig.archives.create(named('short'), SOURCE, { retentionDays: 2 })
    const gone = await rig.archives.create(named('gone'), SOURCE, {})
    const old = recordedEvent('x').json.replace(/"time":"[^"]*"/, '"time":"2026-01-29T11:59:59Z"')
    const young = old.replace('29T11:59:59', '29T12:00:00')
    await rig.log.record([
      ...Array.from({ length: 1_100 }, (_, n) => recordedEvent(`${n}`, { json: old })),
      recordedEvent('young', { json: young }),
    ])
    await rig.archive()
    await rig.archives.remove(named('gone'))
    let stop = rig.startRetention()
    await until(async () => (await totals(gone.id)) === 0, 'the archive was gone')
    await until(async () => (await totals(short.id)) === 1, 'what is old was deleted')
    await stop()
    expect(await idsIn(short.id)).toEqual(['young'])
    expect(await totals(kept.id)).toBe(1_101)
    expect(await rig.archives.describe(named('short'))).toMatchObject({ totals: { events: 1 } })
    await rig.archives.update(named('short'), { retentionDays: 1 })
    rig.advance(DAY_MS)
    stop = rig.startRetention()
    await until(async () => (await totals(short.id)) === 0, 'the last one was deleted')
    await stop()
    expect(rig.faults).toEqual([])
  })

  it('goes on where the bus is gone: what an archive held stays as long as it would have', async () => {
    const [day, twoDays, ever] = [
      await rig.archives.create(named('day'), SOURCE, { retentionDays: 1 }),
      await rig.archives.create(named('two-days'), SOURCE, { retentionDays: 2 }),
      await rig.archives.create(named('ever'), SOURCE, {}),
    ]
    const json = recordedEvent('x').json.replace(/"time":"[^"]*"/, '"time":"2026-01-31T11:59:59Z"')
    await rig.log.record([recordedEvent('x', { json })])
    await rig.archive()
    await removeBusesOf(rig.state, SOURCE.account)
    expect([await totals(day.id), await totals(twoDays.id)]).toEqual([1, 1])
    for (const [ending, staying] of [
      [day, twoDays],
      [twoDays, ever],
    ] as const) {
      rig.advance(DAY_MS)
      const stop = rig.startRetention()
      await until(async () => (await totals(ending.id)) === 0, 'what is old was deleted')
      await stop()
      expect(await rig.archives.describe(named(staying.name))).toMatchObject({
        ...{ state: 'DISABLED', stateReason: 'Event bus default does not exist.' },
        totals: { events: 1 },
      })
    }
  })
})

describe('a replay that has ended', () => {
  const NINETY_DAYS_MS = 90 * 24 * 60 * 60_000
  const wanted = {
    ...{ archiveName: 'a', from: 0, to: Number.MAX_SAFE_INTEGER, destinationArn: SOURCE_ARN },
  }
  const names = async () => {
    const page = { after: undefined, limit: 10 }
    return (await rig.replays.list(PLACE, {}, page)).items.map(({ name }) => name)
  }
  const endedReplay = async (name: string) => {
    await rig.replays.start(named(name), wanted)
    const stop = rig.startReplayer()
    const active = () => rig.state.list(ACTIVE_REPLAYS, { limit: 1 })
    await until(async () => (await active()).length === 0, 'the replay had ended')
    await stop()
  }

  it('is forgotten after 90 days and no sooner, and its name is free again', async () => {
    await rig.archives.create(named('a'), SOURCE, {})
    await endedReplay('old')
    rig.advance(1)
    await endedReplay('younger')
    await rig.replays.start(named('endless'), wanted)
    rig.advance(NINETY_DAYS_MS - 1)
    const stop = rig.startRetention()
    await until(async () => !(await names()).includes('old'), 'it was forgotten')
    await stop()
    expect(await names()).toEqual(['endless', 'younger'])
    await rig.replays.start(named('old'), wanted)
    expect(await names()).toEqual(['endless', 'old', 'younger'])
    expect(rig.faults).toEqual([])
  })
})
