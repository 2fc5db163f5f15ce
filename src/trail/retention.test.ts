import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { allOf } from '#src/ports/object-store.contract.ts'
import type { ObjectStore } from '#src/ports/object-store.ts'
import { manifestKey, parseManifest } from './manifest.ts'
import { ORGANISATION, OTHER_ORGANISATION, idsIn, tenancyEvent, trailRig } from './trail.fixture.ts'
import type { TrailRig } from './trail.fixture.ts'

let rig: TrailRig

beforeEach(async () => {
  rig = await trailRig()
})
afterEach(() => rig.remove())

describe('retention', () => {
  const DAY_MS = 86_400_000

  it('deletes what is older, says so in the chain, and verify tells it from a loss', async () => {
    await rig.log.record([tenancyEvent('a', { day: '2026-01-30' }), tenancyEvent('b')])
    await rig.flush()
    await rig.flush({ retentionDays: 2 })
    expect(await idsIn(rig.objects)).toEqual(['a', 'b'])
    rig.advance(DAY_MS)
    await rig.flush({ retentionDays: 2 })
    expect(await idsIn(rig.objects)).toEqual(['b'])
    const manifest = parseManifest((await rig.objects.get(manifestKey(2))) as Uint8Array)
    expect(manifest).toMatchObject({ objects: [], expired: { before: '2026-01-31' } })
    expect(await rig.verify()).toMatchObject({ manifests: 2, objects: 1, expired: 1, problems: 0 })
    const [kept = ''] = (await allOf(rig.objects, '')).map(({ key }) => key)
    await rig.objects.delete(kept)
    expect(await rig.verify()).toMatchObject({ found: [{ kind: 'object-missing', key: kept }] })
  })

  it('that may not delete is told, and the trail goes on', async () => {
    await rig.log.record([tenancyEvent('a', { day: '2026-01-01' })])
    await rig.flush()
    await rig.log.record([tenancyEvent('b')])
    const refuse = async () => {
      throw new Error('AccessDenied')
    }
    await rig.flush({ retentionDays: 2, wrap: (store) => ({ ...store, delete: refuse }) })
    expect(rig.faults.at(-1)?.error).toMatchObject({ message: 'AccessDenied' })
    expect((await idsIn(rig.objects)).toSorted()).toEqual(['a', 'b'])
    expect(await rig.verify()).toMatchObject({ objects: 1, expired: 1, problems: 0 })
  })

  it('leaves an event alone that came late, until the next day', async () => {
    await rig.log.record([tenancyEvent('a', { day: '2026-01-01' })])
    await rig.flush()
    await rig.flush({ retentionDays: 2 })
    expect(await idsIn(rig.objects)).toEqual([])
    await rig.log.record([tenancyEvent('late', { day: '2026-01-02' })])
    await rig.flush({ retentionDays: 2 })
    expect(await idsIn(rig.objects)).toEqual(['late'])
    expect(await rig.verify()).toMatchObject({ objects: 1, expired: 1, problems: 0 })
    rig.advance(DAY_MS)
    await rig.flush({ retentionDays: 2 })
    expect(await idsIn(rig.objects)).toEqual([])
    expect(await rig.verify()).toMatchObject({ objects: 0, expired: 2, problems: 0 })
  })

  it('does not keep retention from the others', async () => {
    const old = { day: '2026-01-01' }
    await rig.log.record([
      tenancyEvent('x', { ...old, organisationId: OTHER_ORGANISATION }),
      tenancyEvent('a', old),
    ])
    await rig.flush()
    const list: ObjectStore['list'] = () => {
      throw new Error('AccessDenied')
    }
    await rig.flush({
      retentionDays: 2,
      wrap: (store, organisationId) =>
        organisationId === ORGANISATION ? store : { ...store, list },
    })
    expect(await idsIn(rig.objects)).toEqual([])
    expect(await idsIn(rig.otherObjects)).toEqual(['x'])
    expect(rig.faults.at(-1)?.error).toMatchObject({ message: 'AccessDenied' })
  })
})
