import { afterAll, beforeAll, expect, it } from 'vitest'

import type { Silence } from '#src/model/notification.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { OPERATOR, createTestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import { SILENCES } from './documents.ts'
import { createSilences } from './silences.ts'

const NOTHING = { pattern: { detail: { ruleId: ['nothing'] } }, reason: 'For a test.' }

let test: TestTenancy

beforeAll(async () => void (test = await createTestTenancy()))
afterAll(() => test.close())

it('silences of a store that is older than their count take their room', async () => {
  const { state, tenancy, organisationId, now } = test
  const silences = createSilences({ state, ids, clock: { now }, actions: tenancy.actions })
  const older = Array.from({ length: 200 }, (): Silence => ({
    ...NOTHING,
    ...{ id: ids.timeOrderedUuid(now()), organisationId, createdBy: 'operator', createdAt: now() },
    ...{ startsAt: now(), endsAt: now() + 60_000 },
  }))
  await state.transact(async (transaction) => {
    for (const silence of older) transaction.put(SILENCES, silence.id, silence)
  })
  const create = () =>
    silences.create(OPERATOR, { ...NOTHING, endsAt: now() + 60_000, organisationId })
  await expect(create()).rejects.toMatchObject({ code: 'silence.too-many' })
  for (const { id } of older.slice(0, 2)) await silences.remove(OPERATOR, id)
  await create()
  await create()
  await expect(create()).rejects.toMatchObject({ code: 'silence.too-many' })
  test.move(60_000)
})

it('silences that are made at the same time have room for 200 together, and ended ones take none', async () => {
  const { state, tenancy, organisationId, now } = test
  const silences = createSilences({ state, ids, clock: { now }, actions: tenancy.actions })
  const create = (lastsMs: number) =>
    silences.create(OPERATOR, {
      ...NOTHING,
      organisationId,
      endsAt: now() + lastsMs,
    })
  const createAll = (count: number, lastsMs = 3_600_000) =>
    Promise.allSettled(Array.from({ length: count }, () => create(lastsMs)))
  const outcomes = (all: readonly PromiseSettledResult<unknown>[]) =>
    all.map((one) => (one.status === 'fulfilled' ? 'made' : one.reason.code))
  const sorted = (all: readonly PromiseSettledResult<unknown>[]) =>
    outcomes(all).toSorted((one, other) => one.localeCompare(other))
  const refused = Array.from({ length: 5 }, () => 'silence.too-many')

  for (let count = 0; count < 190; count += 1) await create(3_600_000)
  expect(new Set(outcomes(await createAll(9, 60_000)))).toEqual(new Set(['made']))
  expect(sorted(await createAll(6))).toEqual(['made', ...refused])
  const { items } = await silences.list(OPERATOR, { organisationId, limit: 1_000 })
  expect(items).toHaveLength(200)

  test.move(60_000)
  expect(sorted(await createAll(14))).toEqual([
    ...Array.from({ length: 9 }, () => 'made'),
    ...refused,
  ])
})
