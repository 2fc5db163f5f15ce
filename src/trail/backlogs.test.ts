import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { until } from '#src/pipeline/pipeline.fixture.ts'
import { TRAIL_BACKLOGS } from './documents.ts'
import { ORGANISATION, OTHER_ORGANISATION, idsIn, tenancyEvent, trailRig } from './trail.fixture.ts'
import type { TrailRig, TrailRigOptions } from './trail.fixture.ts'

let rig: TrailRig

beforeEach(async () => {
  rig = await trailRig()
})
afterEach(() => rig.remove())

describe('a place of one organisation that cannot be written', () => {
  const ofOther = (id: string) => tenancyEvent(id, { organisationId: OTHER_ORGANISATION })
  const unreachable = async () => {
    throw new Error('unreachable')
  }
  const wrap: TrailRigOptions['wrap'] = (store, organisationId) =>
    organisationId === ORGANISATION
      ? store
      : { ...store, put: unreachable, putIfAbsent: unreachable, delete: unreachable }
  const otherIds = () => idsIn(rig.otherObjects)
  const ownIds = () => idsIn(rig.objects)

  it('does not hold up the others, flush after flush, and is told of that one alone', async () => {
    await rig.log.record([ofOther('x'), tenancyEvent('a')])
    await rig.flush({ wrap })
    rig.advance(60_000)
    await rig.log.record([ofOther('y'), tenancyEvent('b')])
    const stop = new AbortController()
    const trail = rig.open({ wrap })
    const running = trail.run(stop.signal)
    const statuses = () => trail.status(() => true)
    await until(async () => {
      const [own] = await statuses()
      return own?.events === 2 && own.lagSeconds === 0 && rig.faults.length > 1
    }, 'the others’ events are there, and the one has been tried again')
    const [own, other] = await statuses()
    stop.abort()
    await running
    expect(own?.problem).toBeUndefined()
    expect(other).toMatchObject({ events: 0, problem: 'unreachable', lagSeconds: 60 })
    expect(await otherIds()).toEqual([])
  })

  /** Object, manifest, head, what is left, next plan, and these again; a stop may come first. */
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'is caught up with although the hub is killed at write %i of that',
    async (at) => {
      await rig.log.record([ofOther('x1')])
      await rig.flush({ wrap })
      await rig.log.record([ofOther('x2')])
      await rig.flush({ wrap })
      let writes = 0
      const gate = async <T>(write: () => Promise<T>): Promise<T> => {
        writes += 1
        if (writes >= at) throw new Error('killed')
        return write()
      }
      await rig.flush({
        wrap: (store) => ({
          ...store,
          put: (key, content) => gate(() => store.put(key, content)),
          putIfAbsent: (key, content) => gate(() => store.putIfAbsent(key, content)),
        }),
        wrapState: (state) => ({ ...state, transact: (body) => gate(() => state.transact(body)) }),
      })
      await until(async () => {
        await rig.flush()
        return (await otherIds()).length >= 2
      }, 'both events are there')
      await rig.flush()
      expect(await otherIds()).toEqual(['x1', 'x2'])
      expect(await rig.verify({}, OTHER_ORGANISATION)).toMatchObject({ manifests: 2, problems: 0 })
    },
  )

  it('is caught up with after restarts, nothing lost and nothing doubled', async () => {
    for (const round of [1, 2, 3]) {
      await rig.log.record([ofOther(`x${round}`), tenancyEvent(`a${round}`)])
      await rig.flush({ wrap })
    }
    // The log's history may be forgotten up to here only: its first batch holds the event x1.
    expect(await rig.open().readTo()).toBe(0)
    const stop = new AbortController()
    const running = rig.open().run(stop.signal)
    await rig.log.record([ofOther('x4'), tenancyEvent('a4')])
    await until(async () => {
      const backlogs = await rig.state.list(TRAIL_BACKLOGS, { limit: 1 })
      return backlogs.length === 0 && (await otherIds()).length === 4
    }, 'the backlog is worked off')
    await until(async () => (await ownIds()).length === 4, 'the others go on')
    stop.abort()
    await running
    await rig.log.record([ofOther('x4'), ofOther('x5')])
    const last = rig.log.lastSequence()
    await rig.flush()
    expect(await rig.open().readTo()).toBe(last)
    expect((await otherIds()).toSorted()).toEqual(['x1', 'x2', 'x3', 'x4', 'x5'])
    expect(await rig.verify({}, OTHER_ORGANISATION)).toMatchObject({ events: 5, problems: 0 })
    expect(await rig.verify()).toMatchObject({ events: 4, problems: 0 })
  })
})
