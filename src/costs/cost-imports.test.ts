import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { COST_IMPORT_KEPT_DAYS } from '#src/model/cost-import.ts'
import type { CostStore } from '#src/ports/cost-store.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { backwards } from '#src/tenancy/documents.ts'
import { OPERATOR } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { Costs } from './costs.ts'
import { COST_IMPORTS_IN_ORDER, importsPrefix } from './import-documents.ts'
import { billText, createTestImports } from './imports.fixture.ts'
import type { TestImports } from './imports.fixture.ts'

/** A busy machine takes its time. */
const PATIENTLY = { timeout: 20_000 }

const MS_PER_DAY = 86_400_000

let fixture: TestImports
let test: TestTenancy

beforeAll(async () => {
  fixture = await createTestImports()
  test = fixture.test
})
afterAll(() => fixture.close())

const newCosts: TestImports['newCosts'] = (parts) => fixture.newCosts(parts)
const whileRunning: TestImports['whileRunning'] = (body, costs) => fixture.whileRunning(body, costs)
const begin: TestImports['begin'] = (...given) => fixture.begin(...given)
const ended: TestImports['ended'] = (...given) => fixture.ended(...given)
const imported: TestImports['imported'] = (...given) => fixture.imported(...given)
const bill: TestImports['bill'] = (...given) => fixture.bill(...given)

it('ended imports are forgotten in time, but those whose costs there are, and the same files stay known', async () => {
  const january = bill('january.csv', '2025-01', 7)
  const february = bill('february.csv', '2025-02', 8)
  const kept = await imported('old', january)
  const replaced = await imported('old', february)
  const failed = await imported('old', 'missing.csv')
  test.move(1)
  const restated = await imported('old', bill('restated.csv', '2025-02', 9))
  expect([kept, replaced, failed, restated].map(({ status }) => status)).toEqual([
    ...['done', 'done', 'failed', 'done'],
  ])
  const listed = async ({ imports }: Costs) => {
    const { items } = await imports.list(OPERATOR, { limit: 100 })
    return items.map(({ id }) => id).toSorted()
  }
  const all = [kept, replaced, failed, restated].map(({ id }) => id)
  // What is forgotten is gone before the next import is begun.
  test.move(COST_IMPORT_KEPT_DAYS * MS_PER_DAY - 1)
  const early = await imported('marker', january)
  expect(await listed(newCosts())).toEqual([...all, early.id].toSorted())
  test.move(1)
  const late = await imported('marker', january)
  expect(await listed(newCosts())).toEqual([kept.id, restated.id, early.id, late.id].toSorted())
  await expect(newCosts().imports.get(OPERATOR, failed.id)).rejects.toMatchObject({
    code: 'cost-import.not-found',
  })
  expect(await imported('old', january)).toMatchObject({ status: 'unchanged' })
  expect(await imported('old', february)).toMatchObject({ status: 'done' })
})

it('imports are listed by organisation, the newest first, a page at a time', async () => {
  const customer = { organisationId: test.organisationId, id: 'someone' }
  const { imports } = newCosts()
  const made: string[] = []
  for (let number = 0; number < 5; number += 1) {
    test.move(1)
    const given = { organisationId: test.organisationId, exportName: `export-${number}` }
    made.unshift((await imports.create(OPERATOR, { ...given, from: { kind: 'upload' } })).id)
  }
  const found: string[] = []
  let after: string | undefined
  while (found.length < made.length) {
    const page = await imports.list(
      { ...OPERATOR, ...customer },
      { limit: 2, ...(after !== undefined && { after }) },
    )
    found.push(...page.items.map(({ id }) => id))
    after = page.last
  }
  expect(found.slice(0, made.length)).toEqual(made)
  const others = { ...OPERATOR, organisationId: ids.uuid() }
  expect((await imports.list(others, { limit: 2 })).items).toEqual([])
  const asked = { limit: 2, organisationId: test.organisationId }
  expect((await imports.list(others, asked)).items).toEqual([])
  await Promise.all(made.map((id) => imports.cancel(OPERATOR, id)))
})

it('imports that an older version kept, which had no list by time, are listed after a start', async () => {
  const kept = await imported('older', bill('older.csv', '2025-03', 4))
  const place = `${importsPrefix(kept.organisationId)}${backwards(kept.createdAt)}|${kept.id}`
  await test.store.state.transact(async (transaction) => {
    transaction.delete(COST_IMPORTS_IN_ORDER, place)
  })
  const listed = async ({ imports }: Costs) => {
    const asked = { limit: 100, organisationId: kept.organisationId }
    return (await imports.list(OPERATOR, asked)).items.filter(({ id }) => id === kept.id)
  }
  expect(await listed(newCosts())).toEqual([])
  await whileRunning((costs) => vi.waitFor(async () => expect(await listed(costs)).toEqual([kept])))
})

it('an export by the month is warned of, as nothing can be said of its days', async () => {
  const byMonth = billText('2025-04', 4).replace('2025-04-02T', '2025-04-01T')
  const { report } = await imported('monthly', fixture.file('monthly.csv', byMonth))
  expect(report?.warnings).toEqual([
    'all usage of 2025-04 is told of on the first day, as exports by the month do: forecasts and spikes need an export by the day or the hour',
  ])
  const daily = await imported('daily', bill('daily.csv', '2025-05', 4))
  expect(daily.report?.warnings).toEqual([])
})

describe('an import that is cancelled', () => {
  /** A store that is about to do something. */
  const before = (step: 'add' | 'publish' | 'end', does: () => Promise<void>): CostStore => ({
    ...test.store.costs,
    stage: async (of) => {
      const staging = await test.store.costs.stage(of)
      return {
        add: async (part) => {
          if (step === 'add') await does()
          return staging.add(part)
        },
        publish: async (periods) => {
          if (step === 'publish') await does()
          const replaced = await staging.publish(periods)
          if (step === 'end') await does()
          return replaced
        },
        discard: () => staging.discard(),
      }
    },
  })
  const periods = () => test.store.costs.periods(test.organisationId, 'changed')

  it('while it stages what it read leaves nothing behind, and the next one is run', async () => {
    await imported('changed', bill('first.csv', '2025-03', 1))
    const was = await periods()
    let id = ''
    const costs = newCosts({
      costs: before('add', () => costs.imports.cancel(OPERATOR, id)),
    })
    await whileRunning(async () => {
      const second = await begin(costs, 'changed', bill('second.csv', '2025-03', 2))
      id = second.id
      expect(await ended(costs, id)).toMatchObject({ status: 'cancelled' })
      const next = await begin(newCosts(), 'next', 'missing.csv')
      expect(await ended(costs, next.id)).toMatchObject({ status: 'failed' })
    }, costs)
    expect(await periods()).toEqual(was)
    await expect(costs.imports.cancel(OPERATOR, id)).rejects.toMatchObject({
      ...{ status: 409, code: 'cost-import.ended' },
      message: 'the import is cancelled: only what has not ended can be cancelled',
    })
  })

  it('too late is not: it goes on, and says so', async () => {
    let id = ''
    const refusals: unknown[] = []
    const cancel = async () => {
      await costs.imports.cancel(OPERATOR, id).catch((error: unknown) => refusals.push(error))
    }
    const costs = newCosts({ costs: before('publish', cancel) })
    await whileRunning(async () => {
      const third = await begin(costs, 'changed', bill('third.csv', '2025-03', 3))
      id = third.id
      const done = await ended(costs, id)
      expect(done).toMatchObject({ status: 'done' })
      expect(Object.keys(done)).not.toContain('isPublishing')
    }, costs)
    expect(refusals).toMatchObject([{ status: 409, code: 'cost-import.publishing' }])
    expect(await periods()).toMatchObject([{ importId: id }])
  })

  it('is none where a crash came between its costs and its end: it is run again to its end', async () => {
    const stopping = new AbortController()
    const crash = async () => {
      stopping.abort()
      throw new Error('the hub is killed here')
    }
    const killed = newCosts({ costs: before('end', crash) })
    const { id } = await begin(killed, 'changed', bill('fourth.csv', '2025-03', 4))
    await killed.run(stopping.signal)
    const { imports } = newCosts()
    expect(await imports.get(OPERATOR, id)).toMatchObject({ status: 'running' })
    expect(await periods()).toMatchObject([{ importId: id }])
    await expect(imports.cancel(OPERATOR, id)).rejects.toMatchObject({
      code: 'cost-import.publishing',
    })
    const done = await whileRunning((costs) => ended(costs, id))
    expect(done).toMatchObject({ status: 'done' })
    expect(await periods()).toMatchObject([{ importId: id, totals: [{ currency: 'USD' }] }])
  })
})

describe('the tenancy is told', () => {
  const USER = { ...OPERATOR, userId: '0194f0e2-5a3c-7b11-9d0e-0b1d3f5a7c9e' }
  const eventsOf = async (costImportId: string) => {
    const names = ['Start', 'Cancel', 'End'].map((verb) => `CostImport${verb}Event`)
    const found = await Promise.all(names.map((name) => test.events(name)))
    return found
      .flat()
      .filter(({ fields }) => fields['costImportId'] === costImportId)
      .map(({ name, userId, fields }) => [name, userId, fields['result'] ?? fields['status']])
  }

  it('who started an import and how it ended', async () => {
    bill('told.csv', '2025-04', 1)
    const from = { kind: 'folder', path: 'told.csv' } as const
    const given = { organisationId: test.organisationId, exportName: 'told', from }
    await whileRunning(async (costs) => {
      const importAgain = async () => {
        const { id } = await costs.imports.create(USER, given)
        await ended(costs, id)
        return id
      }
      const done = await importAgain()
      const unchanged = await importAgain()
      expect(await eventsOf(done)).toEqual([
        ['CostImportStartEvent', USER.userId, 'SUCCESS'],
        ['CostImportEndEvent', USER.userId, 'done'],
      ])
      expect((await eventsOf(unchanged)).at(-1)).toEqual([
        ...['CostImportEndEvent', USER.userId, 'unchanged'],
      ])
      bill('told.csv', '2025-04', Number.NaN)
      const failed = await importAgain()
      const [event] = (await test.events('CostImportEndEvent')).filter(
        ({ fields }) => fields['costImportId'] === failed,
      )
      expect(event?.fields).toMatchObject({
        ...{ result: 'failed', status: 'FAILED', errorCode: 'cost-import.failed' },
        ...{ exportName: 'told', kind: 'folder', location: 'told.csv' },
        message: expect.stringContaining('BilledCost is no decimal number'),
      })
    })
  })

  it('who cancelled it, that it was too late, and nothing of an upload that never began', async () => {
    const { imports } = newCosts()
    const { id } = await begin(newCosts(), 'regretted', 'told.csv')
    await imports.cancel(USER, id)
    await expect(imports.cancel(USER, id)).rejects.toMatchObject({ code: 'cost-import.ended' })
    expect(await eventsOf(id)).toEqual([
      ['CostImportStartEvent', undefined, 'SUCCESS'],
      ['CostImportCancelEvent', USER.userId, 'SUCCESS'],
      ['CostImportCancelEvent', USER.userId, 'FAILED'],
    ])
    const given = { organisationId: test.organisationId, exportName: 'regretted' }
    const upload = await imports.create(USER, { ...given, from: { kind: 'upload' } })
    await expect(imports.start(USER, upload.id)).rejects.toMatchObject({
      code: 'cost-import.empty',
    })
    await imports.cancel(USER, upload.id)
    expect(await eventsOf(upload.id)).toEqual([['CostImportStartEvent', USER.userId, 'FAILED']])
  })

  it('of a source what it brings, and that it has nothing new where somebody asked', async () => {
    bill('source.csv', '2025-05', 1)
    await whileRunning(async (costs) => {
      const given = { organisationId: test.organisationId, exportName: 'source' }
      const from = { kind: 'folder', path: 'source.csv' } as const
      const source = await costs.sources.create(USER, { ...given, from })
      const lastId = async () => (await costs.sources.get(USER, source.id)).last?.importId ?? ''
      const brought = await vi.waitFor(async () => {
        expect(await lastId()).not.toBe('')
        return lastId()
      }, PATIENTLY)
      await ended(costs, brought)
      expect(await eventsOf(brought)).toEqual([['CostImportEndEvent', undefined, 'done']])
      const { id: asked } = await costs.sources.read(USER, source.id)
      await ended(costs, asked)
      expect(await eventsOf(asked)).toEqual([
        ['CostImportStartEvent', USER.userId, 'SUCCESS'],
        ['CostImportEndEvent', USER.userId, 'unchanged'],
      ])
      test.move(source.readEveryHours * 3_600_000)
      // Anything that changes has sources looked at.
      await costs.sources.update(USER, source.id, { readEveryHours: 12 })
      const idle = await vi.waitFor(async () => {
        expect(await lastId()).not.toBe(asked)
        return lastId()
      }, PATIENTLY)
      expect((await ended(costs, idle)).status).toBe('unchanged')
      expect(await eventsOf(idle)).toEqual([])
      await costs.sources.remove(USER, source.id)
    })
  })

  it('of a billing period that is deleted, also where the costs go only later', async () => {
    const { id } = await imported('gone', bill('gone.csv', '2025-06', 1))
    const killed = () => Promise.reject(new Error('the hub is killed here'))
    const broken = newCosts({ costs: { ...test.store.costs, removePeriod: killed } })
    const period = { organisationId: test.organisationId, exportName: 'gone', month: '2025-06' }
    await expect(broken.imports.removePeriod(USER, period)).rejects.toThrow('killed')
    const told = async () =>
      (await test.events('CostPeriodDeleteEvent')).map(({ userId, fields }) => [userId, fields])
    const { exportName, month } = period
    const event = [USER.userId, { exportName, month, costImportId: id, status: 'SUCCESS' }]
    expect(await told()).toEqual([event])
    expect(await test.store.costs.periods(test.organisationId, 'gone')).toHaveLength(1)
    await whileRunning(async () => {
      await vi.waitFor(async () => {
        expect(await test.store.costs.periods(test.organisationId, 'gone')).toEqual([])
      }, PATIENTLY)
    })
    expect(await told()).toEqual([event])
    await expect(newCosts().imports.removePeriod(USER, period)).rejects.toMatchObject({
      ...{ status: 404, message: 'the export "gone" has no costs of 2025-06' },
    })
    // Nothing remembers it where no source reads it: the same file brings it back.
    expect((await imported('gone', 'gone.csv')).status).toBe('done')
  })
})

it('a source does not bring back a billing period that was deleted before its files change', async () => {
  const months = async () => {
    const found = await test.store.costs.periods(test.organisationId, 'kept')
    return found.map(({ month }) => month)
  }
  for (const [month, cost] of [
    ['2025-07', 1],
    ['2025-08', 2],
  ] as const) {
    bill(`kept/${month}.csv`, month, cost)
  }
  await whileRunning(async (costs) => {
    const { organisationId } = test
    const source = await costs.sources.create(OPERATOR, {
      ...{ organisationId, exportName: 'kept', from: { kind: 'folder', path: 'kept' } },
    })
    await vi.waitFor(async () => {
      expect((await costs.sources.get(OPERATOR, source.id)).last?.status).toBe('done')
    }, PATIENTLY)
    const read = async () => ended(costs, (await costs.sources.read(OPERATOR, source.id)).id)
    const remove = (month: string) =>
      costs.imports.removePeriod(OPERATOR, { organisationId, exportName: 'kept', month })
    await remove('2025-07')
    expect((await read()).status).toBe('unchanged')
    await remove('2025-08')
    // Long after: what was brought is still known.
    test.move((COST_IMPORT_KEPT_DAYS + 1) * MS_PER_DAY)
  })
  await whileRunning(async (costs) => {
    const { items } = await costs.sources.list(OPERATOR, { limit: 100 })
    const id = items.find(({ exportName }) => exportName === 'kept')?.id ?? ''
    const read = async () => ended(costs, (await costs.sources.read(OPERATOR, id)).id)
    // It may be read just now, as its time has come too.
    await vi.waitFor(async () => expect((await read()).status).toBe('unchanged'), PATIENTLY)
    expect(await months()).toEqual([])
    // Who imports the files again wants their costs.
    const again = await begin(costs, 'kept', 'kept')
    expect((await ended(costs, again.id)).status).toBe('done')
    expect(await months()).toEqual(['2025-07', '2025-08'])
    await costs.imports.removePeriod(OPERATOR, {
      ...{ organisationId: test.organisationId, exportName: 'kept', month: '2025-07' },
    })
    bill('kept/2025-07.csv', '2025-07', 3)
    expect((await read()).status).toBe('done')
    expect(await months()).toEqual(['2025-07', '2025-08'])
    await costs.sources.remove(OPERATOR, id)
  })
})
