import { gunzipSync, gzipSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { until } from '#src/pipeline/pipeline.fixture.ts'
import { allOf } from '#src/ports/object-store.contract.ts'
import { parseManifest, sha256Of } from './manifest.ts'
import {
  LOGGING,
  ORGANISATION,
  OTHER_ORGANISATION,
  REGION,
  eventsIn,
  idsIn,
  tenancyEvent,
  trailRig,
} from './trail.fixture.ts'
import type { TrailRig } from './trail.fixture.ts'
import type { TrailProblem } from './verify.ts'

const MEMBER = '444444444444'
const MANIFEST = (sequence: number) =>
  `manifests/00000000/${String(sequence).padStart(12, '0')}.json`
let rig: TrailRig

beforeEach(async () => {
  rig = await trailRig()
})
afterEach(() => rig.remove())

const keys = async () => (await allOf(rig.objects, '')).map(({ key }) => key)
const idsInTrail = () => idsIn(rig.objects)

const readWithProblems = async (options: object) => {
  const problems: TrailProblem[] = []
  const onProblem = async (problem: TrailProblem) => void problems.push(problem)
  const asked = { organisationId: ORGANISATION, day: '2026-01-31', onProblem }
  let text = ''
  for await (const part of rig.open(options).read(asked)) text += part
  return { text, problems }
}
const read = async (options: object) => {
  const { text, problems } = await readWithProblems(options)
  expect(problems).toEqual([])
  return text
}

describe('objects', () => {
  it('hold the events of a flush by day and account, as they were written', async () => {
    const events = [
      tenancyEvent('a'),
      tenancyEvent('b', { account: MEMBER }),
      tenancyEvent('c', { day: '2026-02-01' }),
      tenancyEvent('d', { account: MEMBER }),
    ]
    await rig.log.record(events)
    await rig.flush()
    expect(await keys()).toEqual([
      `events/day=2026-01-31/account=${LOGGING}/000000000001-65536.ndjson.gz`,
      `events/day=2026-01-31/account=${MEMBER}/000000000001-65537.ndjson.gz`,
      `events/day=2026-02-01/account=${LOGGING}/000000000001-65538.ndjson.gz`,
      MANIFEST(1),
    ])
    const [, member = ''] = await keys()
    const text = gunzipSync((await rig.objects.get(member)) as Uint8Array).toString()
    expect(text).toBe(`${events[1]?.json}\n${events[3]?.json}\n`)
    expect(text).toContain('"amount":1.0,')
  })

  it('hold nothing but tenancy events that carry their names, of the event’s own bus', async () => {
    const event = tenancyEvent('bare')
    const { busArn } = event
    await rig.log.record([
      { ...event, awaitsEnrichment: true },
      { ...tenancyEvent('elsewhere'), busArn: busArn.replace(/event-bus.*/, 'event-bus/default') },
      { ...tenancyEvent('forwarded'), hops: { sameRegion: 1, crossRegion: 0 } },
      { ...tenancyEvent('replayed'), replayArn: 'arn:aws:events:eu-west-1:222222222222:replay/r' },
      { ...tenancyEvent('other'), source: 'aws.partner/example.com/222222222222/default' },
    ])
    await rig.flush()
    expect(await keys()).toEqual([])
  })

  it('hold an event once that stands in the log twice, before and after a restart', async () => {
    await rig.log.record([tenancyEvent('a'), tenancyEvent('a'), tenancyEvent('b')])
    await rig.flush()
    await rig.log.record([tenancyEvent('b'), tenancyEvent('c'), tenancyEvent('a')])
    await rig.flush()
    await rig.log.record([tenancyEvent('c')])
    await rig.flush()
    expect(await idsInTrail()).toEqual(['a', 'b', 'c'])
    expect(await rig.verify()).toMatchObject({ manifests: 2, events: 3, problems: 0 })
  })

  it('of each organisation are told by what the event says, one chain each', async () => {
    const organisationId = OTHER_ORGANISATION
    await rig.log.record([tenancyEvent('a'), tenancyEvent('b', { organisationId })])
    await rig.flush()
    const heads = await rig.state.list<any>({ name: 'trail-heads' }, { limit: 9 })
    expect(heads.map(({ key, value }) => [key, value.events])).toEqual([
      [`${OTHER_ORGANISATION}|folder:test`, 1],
      [`${ORGANISATION}|folder:test`, 1],
    ])
  })
})

describe('a busy day', () => {
  it('is more than one flush, each with no more events than fit', async () => {
    for (const batch of [1, 2, 3]) {
      const ids = Array.from({ length: 1_500 }, (_, index) => `${batch} ${index}`)
      await rig.log.record(ids.map((id) => tenancyEvent(id)))
    }
    await rig.flush()
    const { found, ...counts } = await rig.verify()
    expect(counts).toMatchObject({ manifests: 2, events: 4_500, problems: 0 })
    expect(found).toEqual([])
  })

  it('has more objects where one would be large, and nothing is lost between them', async () => {
    const at = 'x'.repeat(1024 * 1024)
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    await rig.log.record(ids.map((id) => tenancyEvent(id, { at })))
    await rig.flush()
    expect(await keys()).toEqual([
      ...[65_536, 65_539, 65_542].map(
        (position) => `events/day=2026-01-31/account=${LOGGING}/000000000001-${position}.ndjson.gz`,
      ),
      MANIFEST(1),
    ])
    expect(await idsInTrail()).toEqual(ids)
    expect(await rig.verify()).toMatchObject({ manifests: 1, events: 7, problems: 0 })
  })
})

describe('manifests', () => {
  it('list the objects of a flush and hold the hash of the one before', async () => {
    await rig.log.record([tenancyEvent('a'), tenancyEvent('b')])
    await rig.flush()
    await rig.log.record([tenancyEvent('c')])
    await rig.flush()
    const [first, second] = await Promise.all([1, 2].map((n) => rig.objects.get(MANIFEST(n))))
    const object = (await rig.objects.get((await keys())[0] as string)) as Uint8Array
    expect(parseManifest(first as Uint8Array)).toEqual({
      version: 1,
      id: expect.any(String),
      organisation: ORGANISATION,
      sequence: 1,
      previous: null,
      writtenAt: '2026-02-01T00:00:00.000Z',
      objects: [
        {
          key: `events/day=2026-01-31/account=${LOGGING}/000000000001-65536.ndjson.gz`,
          format: 'ndjson',
          sha256: sha256Of(object),
          bytes: object.length,
          events: 2,
          first: { id: 'a', time: '2026-01-31T12:00:00Z' },
          last: { id: 'b', time: '2026-01-31T12:00:00Z' },
        },
      ],
    })
    expect(parseManifest(second as Uint8Array)?.previous).toBe(sha256Of(first as Uint8Array))
  })
})

describe('a crash', () => {
  /** Plan, two objects, manifest, head, progress, announcements: any may be the last one. */
  const WRITES = [1, 2, 3, 4, 5, 6, 7]
  it.each(
    WRITES.flatMap(
      (at) =>
        [
          [at, 'before'],
          [at, 'after'],
        ] as const,
    ),
  )('at write %i of a flush, %s it, leaves nothing out and doubles nothing', async (at, when) => {
    await rig.log.record([tenancyEvent('a'), tenancyEvent('b', { account: MEMBER })])
    let writes = 0
    const crash = new AbortController()
    const gate = async <T>(write: () => Promise<T>): Promise<T> => {
      writes += 1
      if (writes < at) return write()
      if (writes === at && when === 'after') await write()
      crash.abort()
      throw new Error('crash')
    }
    const crashing = rig.open({
      wrap: (store) => ({
        ...store,
        put: (key, content) => gate(() => store.put(key, content)),
        putIfAbsent: (key, content) => gate(() => store.putIfAbsent(key, content)),
      }),
      wrapState: (state) => ({ ...state, transact: (body) => gate(() => state.transact(body)) }),
    })
    await crashing.run(crash.signal)
    // More has come, and settings have changed: the plan is carried out as it was made.
    await rig.log.record([tenancyEvent('c')])
    await rig.flush({ format: 'both' })
    const planned = at > 1 || when === 'after'
    const manifests = planned ? 2 : 1
    expect(await rig.verify()).toMatchObject({ manifests, problems: 0, found: [] })
    expect((await idsInTrail()).toSorted()).toEqual(['a', 'b', 'c'])
    const parquet = (await keys()).filter((key) => key.endsWith('.parquet'))
    expect(parquet).toHaveLength(planned ? 1 : 2)
  })

  it('of the hub that kept the trail in another place starts a chain of its own there', async () => {
    await rig.log.record([tenancyEvent('a')])
    await rig.flush({ place: 'folder:elsewhere' })
    await Promise.all((await keys()).map((key) => rig.objects.delete(key)))
    await rig.log.record([tenancyEvent('a'), tenancyEvent('b')])
    await rig.flush()
    expect(await idsInTrail()).toEqual(['b'])
    expect(await rig.verify()).toMatchObject({ manifests: 1, problems: 0 })
  })
})

describe('a place that cannot be written', () => {
  it('holds the trail back and nothing else, and is caught up with', async () => {
    let full = true
    const stop = new AbortController()
    const running = rig
      .open({
        wrap: (store) => ({
          ...store,
          put: (key, content) => {
            if (full) throw new Error('ENOSPC: no space left on device')
            return store.put(key, content)
          },
        }),
      })
      .run(stop.signal)
    await rig.log.record([tenancyEvent('a')])
    await until(() => rig.faults.length > 1, 'the trail has told of its faults')
    expect(rig.faults[0]).toMatchObject({ stage: 'trail', error: { message: /ENOSPC/ } })
    await rig.log.record([tenancyEvent('b')])
    full = false
    await until(async () => (await idsInTrail()).length === 2, 'the trail has caught up')
    stop.abort()
    await running
    expect(await rig.verify()).toMatchObject({ events: 2, problems: 0 })
  })

  it('because another hub writes there is told, and that hub’s trail left alone', async () => {
    await rig.objects.put(MANIFEST(1), Buffer.from('not ours'))
    await rig.log.record([tenancyEvent('a')])
    await rig.flush()
    expect(rig.faults.at(-1)?.error).toMatchObject({
      message: /is there already and not this hub's/,
    })
    expect(Buffer.from((await rig.objects.get(MANIFEST(1))) ?? []).toString()).toBe('not ours')
  })
})

describe('announcements', () => {
  it('tell the trail’s bus of each durable object, and are no part of the trail', async () => {
    await rig.log.record([tenancyEvent('a'), tenancyEvent('b', { account: MEMBER })])
    await rig.flush()
    await rig.flush()
    const batches = await rig.log.next(1, new AbortController().signal)
    const told = batches.flatMap(({ events }) => events).map(({ event }) => event)
    expect(told.map(({ busArn, source, detailType }) => [busArn, source, detailType])).toEqual(
      Array.from({ length: 2 }, () => [
        `arn:aws:events:${REGION}:${LOGGING}:event-bus/staxtrail-${ORGANISATION}`,
        'stax.trail',
        'Trail Object Created',
      ]),
    )
    const [key = ''] = await keys()
    const content = (await rig.objects.get(key)) as Uint8Array
    expect(JSON.parse(told[0]?.json ?? '')).toMatchObject({
      id: expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      ),
      account: LOGGING,
      region: REGION,
      detail: {
        version: '0',
        bucket: { name: 'bucket' },
        object: { key, size: content.length, sha256: sha256Of(content), sequencer: '000000000001' },
        reason: 'PutObject',
        organization: { id: ORGANISATION },
        ...{ sequence: 1, format: 'ndjson', encrypted: false, events: 1, day: '2026-01-31' },
        account: LOGGING,
      },
    })
    expect(await idsInTrail()).toEqual(['a', 'b'])
  })
})

describe('formats', () => {
  it('are both kept where both are wanted, and Parquet says the same as NDJSON', async () => {
    const events = [tenancyEvent('a'), tenancyEvent('b')]
    await rig.log.record(events)
    await rig.flush({ format: 'both' })
    const [, parquet = ''] = await keys()
    expect(parquet).toMatch(/000000000001-65536\.parquet$/)
    const content = (await rig.objects.get(parquet)) as Uint8Array
    const rows = await parquetReadObjects({ file: new Uint8Array(content).buffer })
    expect(rows.map(({ event }) => event)).toEqual(events.map(({ json }) => json))
    expect(rows[0]).toMatchObject({
      id: 'a',
      time: new Date('2026-01-31T12:00:00Z'),
      detail_type: 'AccountManagement: AccountUpdateEvent',
      account: LOGGING,
      event_id: 'event a',
      event_name: 'AccountUpdateEvent',
      organization_id: ORGANISATION,
      user_email: null,
      status: 'SUCCESS',
    })
    expect(await rig.verify()).toMatchObject({ objects: 2, problems: 0 })
    expect(await read({})).toBe(events.map(({ json }) => `${json}\n`).join(''))
  })

  it('that the hub cannot read back are refused, not passed over', async () => {
    await rig.log.record([tenancyEvent('a')])
    await rig.flush({ format: 'parquet' })
    expect(await rig.verify()).toMatchObject({ objects: 1, problems: 0 })
    await expect(read({})).rejects.toThrow('is kept as Parquet only')
  })
})

describe('sealed objects', () => {
  it('cannot be read where they are kept, and are read and verified by the hub', async () => {
    const event = tenancyEvent('a')
    await rig.log.record([event])
    await rig.flush({ sealed: true })
    const [key = ''] = await keys()
    expect(key).toMatch(/\.ndjson\.gz\.sealed$/)
    expect(() => gunzipSync(Buffer.from('x'))).toThrow()
    await expect(eventsIn(rig.objects, key)).rejects.toThrow('incorrect header check')
    expect(await read({})).toBe(`${event.json}\n`)
    expect(await rig.verify()).toMatchObject({ objects: 1, problems: 0 })
  })

  it('are told where they were exchanged', async () => {
    await rig.log.record([tenancyEvent('a'), tenancyEvent('b', { account: MEMBER })])
    await rig.flush({ sealed: true })
    const [one = '', other = ''] = await keys()
    await rig.objects.put(one, (await rig.objects.get(other)) as Uint8Array)
    const { text, problems } = await readWithProblems({})
    expect(text).toContain('"id":"b"')
    expect(text).not.toContain('"id":"a"')
    expect(problems).toEqual([
      { kind: 'object-changed', key: one, message: 'its content is not what manifest 1 lists' },
    ])
  })
})

describe('reading', () => {
  const told = async () => {
    const { text, problems } = await readWithProblems({})
    const ids = [...text.matchAll(/^.*$/gm)].flatMap(([line]) =>
      line === '' ? [] : [(JSON.parse(line) as { id: string }).id],
    )
    return { ids, found: problems.map(({ kind, key }) => `${kind} ${key}`) }
  }
  const readyKeys = async () => {
    await rig.log.record([tenancyEvent('a'), tenancyEvent('b', { account: MEMBER })])
    await rig.flush()
    return keys()
  }

  it('passes over an object that was changed, and tells which', async () => {
    const [key = ''] = await readyKeys()
    await rig.objects.put(key, gzipSync('{"id":"forged"}\n'))
    expect(await told()).toEqual({ ids: ['b'], found: [`object-changed ${key}`] })
  })

  it('passes over an object that was cut short, and tells which', async () => {
    const [key = ''] = await readyKeys()
    await rig.objects.put(key, ((await rig.objects.get(key)) as Uint8Array).subarray(0, -9))
    expect(await told()).toEqual({ ids: ['b'], found: [`object-changed ${key}`] })
  })

  it('passes over objects that were added, of any sequence and name', async () => {
    const [key = ''] = await readyKeys()
    const added = [
      '000000000000-1.ndjson.gz',
      '000000000001-9.ndjson.gz',
      '000000000002-9.ndjson.gz',
      '000000000003-9.parquet',
      'any.txt',
    ].map((name) => key.replace(/[^/]+$/, name))
    for (const one of added) await rig.objects.put(one, gzipSync('{"id":"forged"}\n'))
    const { ids, found } = await told()
    expect(ids).toEqual(['a', 'b'])
    expect(found.toSorted()).toEqual(added.map((one) => `object-added ${one}`))
  })

  it('shows nothing of what a manifest listed that is gone or of another organisation', async () => {
    const [a = '', b = '', manifest = ''] = await readyKeys()
    const bytes = (await rig.objects.get(manifest)) as Uint8Array
    await rig.objects.delete(manifest)
    const missing = [`manifest-missing ${a}`, `manifest-missing ${b}`]
    expect(await told()).toEqual({ ids: [], found: missing })
    const other = Buffer.from(bytes).toString().replace('49a9bcb2', '00000000')
    await rig.objects.put(manifest, Buffer.from(other))
    const changed = [`manifest-changed ${a}`, `manifest-changed ${b}`]
    expect(await told()).toEqual({ ids: [], found: changed })
  })

  it('waits with objects whose flush is not through, and blames nobody', async () => {
    await readyKeys()
    await rig.log.record([tenancyEvent('c')])
    await rig.flush({ wrap: (store) => ({ ...store, putIfAbsent: async () => false }) })
    expect(await keys()).toHaveLength(4)
    expect(await told()).toEqual({ ids: ['a', 'b'], found: [] })
    await rig.flush()
    expect(await told()).toEqual({ ids: ['a', 'b', 'c'], found: [] })
  })

  it('shows events in the order in which they happened, over accounts and objects', async () => {
    const at = (micros: number, account = LOGGING) => ({ account, at: `12:00:00.${micros}` })
    await rig.log.record([
      tenancyEvent('a', at(100_001)),
      tenancyEvent('b', at(100_002, MEMBER)),
      tenancyEvent('c', at(100_003)),
    ])
    await rig.flush({ format: 'both' })
    await rig.log.record([
      tenancyEvent('d', at(100_004, MEMBER)),
      tenancyEvent('f', at(200_006, MEMBER)),
      // Not as they were recorded: its publisher was slower.
      tenancyEvent('e', at(200_005)),
    ])
    await rig.flush()
    expect(await told()).toEqual({ ids: ['a', 'b', 'c', 'd', 'e', 'f'], found: [] })
  })

  it('knows which days are in another place, or in both', async () => {
    await rig.log.record([tenancyEvent('a', { day: '2026-01-29' }), tenancyEvent('b')])
    await rig.flush({ place: 'folder:before' })
    const elsewhere = (day: string) => rig.open().elsewhere(ORGANISATION, day)
    const there = { here: 'folder:test', others: ['folder:before'] }
    expect(await elsewhere('2026-01-30')).toEqual({ ...there, alsoHere: false })
    expect(await elsewhere('2026-02-01')).toBeUndefined()
    await Promise.all((await keys()).map((key) => rig.objects.delete(key)))
    await rig.log.record([tenancyEvent('c')])
    await rig.flush()
    expect(await elsewhere('2026-01-31')).toEqual({ ...there, alsoHere: true })
    expect(await elsewhere('2026-01-30')).toEqual({ ...there, alsoHere: false })
  })
})
