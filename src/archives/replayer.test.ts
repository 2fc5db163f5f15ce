import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { removeBusesOf } from '#src/buses/managed-wiring.ts'
import type { Rule } from '#src/model/event-bus.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { recordedEvent, until } from '#src/pipeline/pipeline.fixture.ts'
import { removeArchivesOf } from './archives.ts'
import { PLACE, SOURCE, SOURCE_ARN, archiveRig } from './archives.fixture.ts'
import type { ArchiveRig } from './archives.fixture.ts'
import { ACTIVE_REPLAYS } from './documents.ts'
import { createReplayFilter } from './replay-filter.ts'

let rig: ArchiveRig
let stop: () => Promise<void>
beforeEach(async () => {
  rig = await archiveRig()
  stop = async () => undefined
})
afterEach(async () => {
  await stop()
  await rig.remove()
})

const named = (name: string) => ({ ...PLACE, name })
const WANTED = {
  ...{ archiveName: 'a', from: 0, to: Number.MAX_SAFE_INTEGER, destinationArn: SOURCE_ARN },
}

/** An archive of so many events. */
async function archiveOf(count: number): Promise<readonly string[]> {
  await rig.archives.create(named('a'), SOURCE, {})
  const ids = Array.from({ length: count }, (_, n) => `${n}`)
  await rig.log.record(ids.map((id) => recordedEvent(id)))
  await rig.archive()
  return ids
}

const stateOf = async (name: string) => (await rig.replays.describe(named(name))).state
const ended = (name: string, state: string) =>
  until(async () => (await stateOf(name)) === state, `the replay was ${state}`)

async function replayed(): Promise<readonly RecordedEvent[]> {
  const all: RecordedEvent[] = []
  for (let sequence = 0; sequence < rig.log.lastSequence();) {
    for (const batch of await rig.log.next(sequence, new AbortController().signal)) {
      all.push(...batch.events.map(({ event }) => event))
      sequence = batch.sequence
    }
  }
  return all.filter(({ replayArn }) => replayArn !== undefined)
}

describe('a replay', () => {
  it('repeats one batch at most when it was cut off, and loses none', async () => {
    const ids = await archiveOf(1_000)
    await rig.replays.start(named('r'), WANTED)
    for (const state of ['RUNNING', 'RUNNING', 'COMPLETED']) {
      // The noting of what was sent fails, as where a crash comes before it.
      let cut = false
      const cutState = {
        ...rig.state,
        transact: async () => {
          cut = true
          throw new Error('cut off')
        },
      }
      const before = (await replayed()).length
      stop = rig.startReplayer({ state: cutState as never })
      await until(() => cut, 'a batch was sent and not noted')
      await stop()
      expect((await replayed()).length - before).toBeLessThanOrEqual(200)
      stop = rig.startReplayer()
      await until(async () => state === 'RUNNING' || (await stateOf('r')) === state, 'it went on')
      await stop()
    }
    const sent = (await replayed()).map(({ id }) => id)
    expect(new Set(sent)).toEqual(new Set(ids))
    expect(sent.length).toBeLessThanOrEqual(ids.length + 3 * 200)
  })

  it('waits with each batch until the last one was routed and the targets have taken it', async () => {
    await archiveOf(250)
    await rig.replays.start(named('r'), WANTED)
    let route = Promise.withResolvers<void>()
    let behind = true
    let looks = 0
    let waits = 0
    const routed = async (sequence: number) => {
      expect(sequence).toBe(rig.log.lastSequence())
      waits += 1
      await route.promise
    }
    const targetsAreBehind = () => {
      looks += 1
      return behind
    }
    stop = rig.startReplayer({ routed, targetsAreBehind })
    await until(() => waits === 1, 'the first batch was sent')
    const first = (await replayed()).length
    expect(first).toBeGreaterThan(0)
    expect(looks).toBe(0)
    route.resolve()
    route = Promise.withResolvers()
    await until(() => looks > 2, 'it looked at the targets again and again')
    expect(await replayed()).toHaveLength(first)
    behind = false
    await until(() => waits === 2, 'the second batch was sent')
    expect((await replayed()).length).toBeGreaterThan(first)
    route.resolve()
    await ended('r', 'COMPLETED')
    expect(await replayed()).toHaveLength(250)
  })

  it('sends as many at a time as rules and targets take in a moment', async () => {
    await archiveOf(1_000)
    const largestWhere = async (name: string, batchTakesMs: number) => {
      await rig.replays.start(named(name), WANTED)
      let before = (await replayed()).length
      let largest = 0
      const routed = async () => {
        const sent = (await replayed()).length
        largest = Math.max(largest, sent - before)
        before = sent
        rig.advance(batchTakesMs)
      }
      stop = rig.startReplayer({ routed })
      await ended(name, 'COMPLETED')
      await stop()
      return largest
    }
    expect(await largestWhere('fast', 1)).toBe(200)
    expect(await largestWhere('slow', 1_000)).toBe(5)
  })

  it('sends another batch when targets have been behind for long', async () => {
    await archiveOf(150)
    await rig.replays.start(named('r'), WANTED)
    let looks = 0
    const targetsAreBehind = () => {
      looks += 1
      if (looks % 5 === 0) rig.advance(60_000)
      return true
    }
    stop = rig.startReplayer({ targetsAreBehind })
    await until(() => looks >= 3, 'it waited')
    await ended('r', 'COMPLETED')
  })

  it('that is cancelled while its targets are behind ends at once, and others go on', async () => {
    await archiveOf(150)
    await rig.replays.start(named('one'), WANTED)
    await rig.replays.start(named('two'), WANTED)
    stop = rig.startReplayer({ targetsAreBehind: ({ name }) => name === 'one' })
    await ended('two', 'COMPLETED')
    expect(await stateOf('one')).toBe('RUNNING')
    await rig.replays.cancel(named('one'))
    await ended('one', 'CANCELLED')
    expect(await rig.state.list(ACTIVE_REPLAYS, { limit: 10 })).toEqual([])
  })

  it('fails, and says why, when its archive or its bus is deleted meanwhile', async () => {
    await archiveOf(10)
    const start = async (name: string) => rig.replays.start(named(name), WANTED)
    await start('no-archive')
    await rig.archives.remove(named('a'))
    stop = rig.startReplayer()
    await ended('no-archive', 'FAILED')
    await stop()
    expect(await rig.replays.describe(named('no-archive'))).toMatchObject({
      stateReason: 'Archive a does not exist.',
    })
    await rig.archives.create(named('a'), SOURCE, {})
    await start('no-bus')
    await removeBusesOf(rig.state, PLACE.account)
    stop = rig.startReplayer()
    await ended('no-bus', 'FAILED')
    expect(await rig.replays.describe(named('no-bus'))).toMatchObject({
      stateReason: `Event bus ${SOURCE_ARN} does not exist.`,
    })
  })

  it('ends with its account, as archives do', async () => {
    await archiveOf(10)
    await rig.replays.start(named('r'), WANTED)
    await removeBusesOf(rig.state, PLACE.account)
    await removeArchivesOf(rig.state, PLACE.account)
    const page = { after: undefined, limit: 10 }
    expect(await rig.archives.list(PLACE, {}, page)).toEqual({ items: [] })
    expect(await rig.replays.list(PLACE, {}, page)).toEqual({ items: [] })
    expect(await rig.state.list(ACTIVE_REPLAYS, { limit: 10 })).toEqual([])
    stop = rig.startRetention()
    await until(
      async () => (await rig.eventArchive.archiveIds()).length === 0,
      'its events were deleted',
    )
  })
})

it('a filter holds for its own replay and bus, and for no other event', async () => {
  await archiveOf(1)
  const pattern = '{"source":["my.app"]}'
  const rules: Rule[] = []
  for (const name of ['yes', 'no']) {
    rules.push(await rig.rules.put(SOURCE, { name, eventPattern: pattern }, PLACE.account))
  }
  const [yes] = rules as [Rule]
  await rig.replays.start(named('some'), { ...WANTED, filterArns: [yes.arn] })
  await rig.replays.start(named('all'), WANTED)
  const forReplay = createReplayFilter(rig.state)
  const event = (name: string | undefined, busArn = SOURCE_ARN) =>
    recordedEvent('e', {
      busArn,
      ...(name && { replayArn: `arn:aws:events:${PLACE.region}:${PLACE.account}:replay/${name}` }),
    })
  expect(await forReplay(event('some'), rules)).toEqual([yes])
  expect(await forReplay(event('all'), rules)).toEqual(rules)
  expect(await forReplay(event('some', `${SOURCE_ARN}2`), rules)).toEqual(rules)
  expect(await forReplay(event(undefined), rules)).toEqual(rules)
})
