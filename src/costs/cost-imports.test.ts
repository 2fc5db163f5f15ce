import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { COST_IMPORT_KEPT_DAYS } from '#src/model/cost-import.ts'
import type { CostStore } from '#src/ports/cost-store.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { OPERATOR } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { Costs } from './costs.ts'
import { createTestImports } from './imports.fixture.ts'
import type { TestImports } from './imports.fixture.ts'

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
