import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { systemIds as ids } from '#src/ports/ids.ts'
import { OPERATOR, createTestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import { UNENDED_IMPORTS_MAX } from './cost-imports.ts'
import { COST_SOURCES_PER_ORGANISATION_MAX } from './cost-sources.ts'
import { createCosts } from './costs.ts'
import type { Costs } from './costs.ts'
import { COST_IMPORT_QUEUE, changeImport } from './import-documents.ts'
import { readDue } from './read-sources.ts'

const MS_PER_HOUR = 3_600_000
const HOURS_PER_DAY = 24

const folder = mkdtempSync(join(tmpdir(), 'belfry-cost-sources-'))
let test: TestTenancy
let costs: Costs
const faults: unknown[] = []

beforeAll(async () => {
  test = await createTestTenancy()
  costs = createCosts({
    ...test.store,
    ...{ clock: { now: test.now }, ids, actions: test.tenancy.actions },
    ...{ dataFolder: folder, costFolder: join(folder, 'bills') },
    observer: { stageFaulted: (_stage, error) => faults.push(error) },
  })
})
afterAll(async () => {
  await test.close()
  rmSync(folder, { recursive: true, force: true })
})

const create = (exportName: string, readEveryHours?: number) =>
  costs.sources.create(OPERATOR, {
    ...{ organisationId: test.organisationId, exportName, readEveryHours },
    from: { kind: 'folder', path: exportName },
  })
const begun = () => readDue({ state: test.state, clock: { now: test.now }, ids })

it('a source is read at once and then when its hours have passed, never twice at a time', async () => {
  const { id } = await create('hourly', 3)
  expect(await begun()).toBe(1)
  expect(await begun()).toBe(0)
  test.move(3 * MS_PER_HOUR)
  // The first one has not ended yet.
  expect(await begun()).toBe(0)
  await expect(costs.sources.read(OPERATOR, id)).rejects.toMatchObject({
    code: 'cost-source.reading',
  })
  const { last } = await costs.sources.get(OPERATOR, id)
  await changeImport(test.state, last?.importId ?? '', (before) => ({ ...before, status: 'done' }))
  expect(await begun()).toBe(1)

  await costs.sources.update(OPERATOR, id, { readEveryHours: 1 })
  expect((await costs.sources.get(OPERATOR, id)).nextReadAt).toBe(test.now() + MS_PER_HOUR)
  await costs.sources.remove(OPERATOR, id)
  for (const verb of ['Create', 'Update', 'Delete']) {
    const [event] = await test.events(`CostSource${verb}Event`)
    expect(event?.fields).toMatchObject({ costSourceId: id, kind: 'folder', location: 'hourly' })
  }
})

it('an organisation has as many sources as it says, and no more', async () => {
  for (let number = 1; number < COST_SOURCES_PER_ORGANISATION_MAX; number += 1) {
    await create(`export-${number}`)
  }
  const last = await Promise.allSettled(['one', 'other'].map((name) => create(name)))
  expect(last.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  await expect(create('one-more')).rejects.toMatchObject({ code: 'cost-source.too-many' })
  const { items } = await costs.sources.list(OPERATOR, { limit: 1_000 })
  expect(items).toHaveLength(COST_SOURCES_PER_ORGANISATION_MAX)
  await Promise.all(items.map(({ id }) => costs.sources.remove(OPERATOR, id)))
})

it('an organisation has as many imports that have not ended as it says, and no more', async () => {
  const upload = (kind: 'upload' | 'folder') =>
    costs.imports.create(OPERATOR, {
      ...{ organisationId: test.organisationId, exportName: 'many' },
      from: kind === 'upload' ? { kind } : { kind, path: 'none' },
    })
  const begin = { limit: 1_000, organisationId: test.organisationId }
  const before = await costs.imports.list(OPERATOR, begin)
  const unended = before.items.filter(({ endedAt, sourceId }) => !endedAt && !sourceId)
  const made: string[] = []
  while (made.length + unended.length < UNENDED_IMPORTS_MAX - 1) {
    made.push((await upload(made.length % 2 === 0 ? 'upload' : 'folder')).id)
  }
  const last = await Promise.allSettled([upload('upload'), upload('folder')])
  const fulfilled = last.flatMap((each) => (each.status === 'fulfilled' ? [each.value.id] : []))
  expect(fulfilled).toHaveLength(1)
  made.push(...fulfilled)
  await expect(upload('upload')).rejects.toMatchObject({ code: 'cost-import.too-many' })
  await costs.imports.cancel(OPERATOR, made.pop() ?? '')
  made.push((await upload('upload')).id)
  await expect(upload('folder')).rejects.toMatchObject({ code: 'cost-import.too-many' })
  await Promise.all(made.map((id) => costs.imports.cancel(OPERATOR, id)))
})

it('an upload that nothing was sent to for a day is forgotten; one that grows slowly is not', async () => {
  const upload = async (exportName: string) => {
    const { id } = await costs.imports.create(OPERATOR, {
      ...{ organisationId: test.organisationId, exportName, from: { kind: 'upload' } },
    })
    const bytes = Buffer.from('a')
    await costs.imports.addPart(OPERATOR, id, { name: 'a.csv', offset: 0, bytes })
    return id
  }
  const slow = await upload('slow')
  const left = await upload('left')
  test.move(1)
  const bytes = Buffer.from('b')
  const part = { name: 'a.csv', offset: 1, bytes }
  expect(await costs.imports.addPart(OPERATOR, slow, part)).toEqual({ bytes: 2 })
  // Of an import that ended just before a crash.
  mkdirSync(join(folder, 'cost-uploads', ids.uuid()))
  test.move(HOURS_PER_DAY * MS_PER_HOUR - 1)
  const stopping = new AbortController()
  const running = costs.run(stopping.signal)
  await vi.waitFor(async () => {
    expect(await costs.imports.get(OPERATOR, left)).toMatchObject({
      status: 'failed',
      error: 'nothing was sent to the upload for 24 hours: create another import',
    })
    // Nor is an import of the other tests cut off by the end of this one.
    const { items } = await costs.imports.list(OPERATOR, { limit: 1_000 })
    const statuses = items.map(({ status }) => status)
    expect(statuses).not.toContain('waiting')
    expect(statuses).not.toContain('running')
    expect(readdirSync(join(folder, 'cost-uploads'))).toEqual([slow])
  })
  stopping.abort()
  await running
  expect(faults).toEqual([])
  expect((await costs.imports.get(OPERATOR, slow)).status).toBe('uploading')
  const next = { ...part, offset: 2 }
  expect(await costs.imports.addPart(OPERATOR, slow, next)).toEqual({ bytes: 3 })
  await expect(costs.imports.addPart(OPERATOR, left, part)).rejects.toMatchObject({
    code: 'cost-import.not-uploading',
  })
})

it('an import that is cancelled just when its turn comes does not run', async () => {
  const given = { organisationId: test.organisationId, exportName: 'regretted' }
  const cancelled: string[] = []
  const { id } = await costs.imports.create(OPERATOR, {
    ...given,
    from: { kind: 'folder', path: 'none' },
  })
  const list: typeof test.state.list = async (from, options) => {
    const found = await test.state.list(from, options)
    if (from.name === COST_IMPORT_QUEUE.name && found.some(({ key }) => key === id)) {
      await costs.imports.cancel(OPERATOR, id)
      cancelled.push(id)
    }
    return found
  }
  const { run } = createCosts({
    ...test.store,
    ...{ state: { ...test.state, list }, clock: { now: test.now }, ids },
    ...{ actions: test.tenancy.actions, dataFolder: folder, costFolder: join(folder, 'bills') },
    observer: { stageFaulted: (_stage, error) => faults.push(error) },
  })
  const later = await costs.imports.create(OPERATOR, {
    ...given,
    from: { kind: 'folder', path: 'none' },
  })
  const stopping = new AbortController()
  const running = run(stopping.signal)
  await vi.waitFor(async () => {
    expect((await costs.imports.get(OPERATOR, later.id)).status).toBe('failed')
  })
  stopping.abort()
  await running
  expect(cancelled).toEqual([id])
  expect(await costs.imports.get(OPERATOR, id)).toMatchObject({ status: 'cancelled' })
  expect(faults).toEqual([])
})
