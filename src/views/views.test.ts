import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { CostRow } from '#src/model/cost.ts'
import { addDays } from '#src/model/day.ts'
import { ZERO, sumOf } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import type { Condition, GivenSegment, View } from '#src/model/view.ts'
import { COST_MEASURES, UNALLOCATED } from '#src/model/view.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { OPERATOR, createTestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import { compileView } from './compiled-view.ts'
import { apportioned } from './shared-costs.ts'
import { COST_AMOUNTS_MAX, COST_DAYS_MAX, createViewAnswers } from './view-answers.ts'
import { viewCosts } from './view-costs.ts'
import type { SegmentCosts } from './view-costs.ts'
import { VERSIONS_KEPT, VIEWS_PER_ORGANISATION_MAX, setUse } from './view-documents.ts'
import { createViewTable } from './view-table.ts'
import { createViews } from './views.ts'
import type { Views } from './views.ts'

const TEAM = { dimension: 'RESOURCE_TAG', key: 'team' } as const
const row = (more: Partial<CostRow> = {}): CostRow => ({
  ...{ day: '2026-01-05', provider: 'AWS', billingAccountId: '1', accountId: '111111111111' },
  ...{ service: 'AmazonEC2', region: 'eu-west-1', chargeCategory: 'Usage', currency: 'USD' },
  ...{ chargeFrequency: 'Usage-Based', chargeClass: '', meter: 'Hours', tags: {} },
  ...{ billedCost: 5n, effectiveCost: 4n, ...more },
})
const storeOf = (rows: readonly CostRow[]) => ({
  rows: async function* () {
    yield* rows
  },
})

let test: TestTenancy
let views: Views
let serial = 0

beforeAll(async () => {
  test = await createTestTenancy()
  views = createViews({ state: test.state, ids, actions: test.tenancy.actions })
})
afterAll(() => test.close())

const create = (segments: readonly GivenSegment[], more: object = {}): Promise<View> =>
  views.create(OPERATOR, {
    ...{ organisationId: test.organisationId, name: `view ${(serial += 1)}` },
    ...{ kind: 'SINGLE_DIMENSION', dimension: TEAM, segments, ...more },
  })
const createMulti = (segments: readonly GivenSegment[]) =>
  create(segments, { kind: 'MULTI_DIMENSION', dimension: undefined })
const titlesOf = ({ segments }: View) => segments.map(({ title }) => title)
const condition = (given: Omit<Condition, 'values'>, ...values: string[]): Condition => ({
  ...given,
  ...(values.length > 0 && { values }),
})

describe('a view', () => {
  it('gives each thing to the first segment that matches, and the rest to Unallocated', async () => {
    const { id: accountId } = await test.tenancy.accounts.create(OPERATOR, {
      ...{ organisationId: test.organisationId, awsAccountId: '222222222222', name: 'two' },
      accountRole: 'MEMBER',
      tags: { stage: 'prod' },
    })
    const view = await createMulti([
      {
        title: 'Europe in production',
        match: [
          [
            condition({ dimension: 'ACCOUNT_TAG', key: 'stage', operator: 'EQUALS' }, 'prod', 'p'),
            condition({ dimension: 'REGION', operator: 'PREFIX' }, 'eu-'),
          ],
          [condition({ dimension: 'SERVICE', operator: 'SUFFIX' }, 'Support')],
        ],
      },
      {
        title: 'Tagged',
        match: [[condition({ dimension: 'RESOURCE_TAG', key: 'team', operator: 'EXISTS' })]],
      },
      {
        title: 'Compute',
        match: [[condition({ dimension: 'SERVICE', operator: 'CONTAINS' }, 'EC2')]],
      },
    ])
    const table = createViewTable(test.state)
    const { segmentOf, explain } = await table.compiled(view)
    const titleOf = (more: Partial<CostRow>) => view.segments[segmentOf(row(more))]?.title
    expect(titleOf({ accountId: '222222222222' })).toBe('Europe in production')
    expect(titleOf({ accountId: '222222222222', region: 'us-east-1' })).toBe('Compute')
    expect(titleOf({ service: 'AWS Support', tags: { team: 'a' } })).toBe('Europe in production')
    expect(titleOf({ tags: { team: true } })).toBe('Tagged')
    expect(titleOf({ tags: { Team: 'a' } })).toBe('Compute')
    expect(titleOf({ service: '', region: '' })).toBe(UNALLOCATED)
    const tried = explain(row({ tags: { team: 'a' } }))
    expect(
      tried.map(({ segmentTitle, matched, reason }) => [segmentTitle, matched, reason]),
    ).toEqual([
      [
        'Europe in production',
        false,
        'there is no account tag "stage"; the service is "AmazonEC2": does not end with "Support"',
      ],
      ['Tagged', true, 'the resource tag "team" is "a"'],
    ])
    // Tags of accounts are those of now.
    await test.tenancy.accounts.update(OPERATOR, accountId, { tags: { stage: 'test' } })
    const later = await table.compiled(view)
    expect(later.segmentOf(row({ accountId: '222222222222' }))).toBe(2)
    table.close()
  })

  it('keeps ids and numbers of its segments through edits, each of which is a version', async () => {
    const first = await create([
      { title: 'A', values: ['a'] },
      { title: 'B', values: ['b', ''] },
    ])
    expect(titlesOf(first)).toEqual(['A', 'B', UNALLOCATED])
    const [a, b, rest] = first.segments
    const second = await views.update(OPERATOR, first.id, {
      segments: [
        { title: 'C', values: ['c'] },
        { title: 'B', values: ['b'] },
        { id: a?.id as string, title: 'Renamed', values: ['a'] },
      ],
    })
    expect(second.version).toBe(2)
    expect(titlesOf(second)).toEqual(['C', 'B', 'Renamed', UNALLOCATED])
    expect(second.segments.slice(1).map(({ id, number }) => [id, number])).toEqual(
      [b, a, rest].map((one) => [one?.id, one?.number]),
    )
    expect(second.segments[0]?.number).toBeGreaterThan(rest?.number ?? 0)
    expect(await views.update(OPERATOR, first.id, { name: second.name })).toEqual(second)
    expect(await views.get(OPERATOR, first.id, 1)).toEqual(first)
    await expect(views.get(OPERATOR, first.id, 3)).rejects.toMatchObject({
      code: 'view.version-not-found',
    })
    const told = await test.events('ViewUpdateEvent')
    expect(told.at(-1)?.fields).toMatchObject({
      ...{ viewId: first.id, viewVersion: 2, changed: ['segments'], status: 'SUCCESS' },
    })
    for (let at = 0; at < VERSIONS_KEPT - 1; at += 1) {
      await views.update(OPERATOR, first.id, { description: `edit ${at}` })
    }
    await expect(views.get(OPERATOR, first.id, 1)).rejects.toMatchObject({ status: 404 })
    expect((await views.get(OPERATOR, first.id, 2)).version).toBe(2)
  })

  it('is not deleted, and loses no segment, while something looks at it', async () => {
    const view = await create([{ title: 'A', values: ['a'] }])
    const use = {
      kind: 'budget',
      id: 'b',
      name: 'Team A',
      segmentId: view.segments[0]?.id,
    } as const
    await test.state.transact((transaction) => setUse(transaction, view.id, { id: 'b', use }))
    const segments = [{ title: 'B', values: ['b'] }]
    await expect(views.update(OPERATOR, view.id, { segments })).rejects.toMatchObject({
      ...{ code: 'view.in-use', message: expect.stringContaining('the budget "Team A"') },
    })
    await expect(views.remove(OPERATOR, view.id)).rejects.toMatchObject({ code: 'view.in-use' })
    await test.state.transact((transaction) => setUse(transaction, view.id, { id: 'b' }))
    await views.update(OPERATOR, view.id, { segments })
    await views.remove(OPERATOR, view.id)
    await expect(views.get(OPERATOR, view.id)).rejects.toMatchObject({ status: 404 })
    await create([{ title: 'A', values: ['a'] }], { name: view.name })
    await expect(
      create([{ title: 'A', values: ['a'] }], { name: view.name.toUpperCase() }),
    ).rejects.toMatchObject({ code: 'view.name-taken' })
  })

  it('tells of a resource which segment it is in, in all views of its organisation', async () => {
    const { id: organisationId } = await test.tenancy.organisations.create(OPERATOR, {
      ...{ name: 'Full', alias: 'full', installationRegion: 'eu-west-1', regions: ['eu-west-1'] },
    })
    const table = createViewTable(test.state)
    const resource = { accountId: '1', tags: { team: 'a' } }
    expect(await table.segmentsOf(organisationId, resource)).toEqual([])
    for (let at = 0; at < VIEWS_PER_ORGANISATION_MAX; at += 1) {
      await create([{ title: `A${at}`, values: [at % 2 === 0 ? 'a' : 'b'] }], { organisationId })
    }
    await expect(create([{ title: 'A', values: ['a'] }], { organisationId })).rejects.toMatchObject(
      { code: 'view.too-many' },
    )
    const segments = await table.segmentsOf(organisationId, resource)
    expect(segments.map(({ segmentTitle }) => segmentTitle)).toEqual(
      Array.from({ length: VIEWS_PER_ORGANISATION_MAX }, (_, at) =>
        at % 2 === 0 ? `A${at}` : UNALLOCATED,
      ),
    )
    expect(segments[0]).toMatchObject({ viewNumber: 1, viewVersion: 1, segmentNumber: 1 })
    table.close()
  })

  const multi = { kind: 'MULTI_DIMENSION', dimension: undefined }
  const exists = condition({ dimension: 'REGION', operator: 'EXISTS' })
  it.each<[string, readonly GivenSegment[], object?]>([
    ['every view has it by itself', [{ title: UNALLOCATED, values: ['a'] }]],
    ['the title stands twice', [1, 2].map((n) => ({ title: 'A', values: [`${n}`] }))],
    ['"a" is a value of "A" already', ['A', 'B'].map((title) => ({ title, values: ['a'] }))],
    ['only a MULTI_DIMENSION view has "match"', [{ title: 'A', match: [[exists]] }]],
    ['only a SINGLE_DIMENSION view has "values"', [{ title: 'A', values: ['a'] }], multi],
    ['needs the dimension', [{ title: 'A', values: ['a'] }], { dimension: undefined }],
    ['REGION has no key', [{ title: 'A', match: [[{ ...exists, key: 'k' }]] }], multi],
    ['EXISTS has no values', [{ title: 'A', match: [[{ ...exists, values: ['k'] }]] }], multi],
    ['PREFIX needs values', [{ title: 'A', match: [[{ ...exists, operator: 'PREFIX' }]] }], multi],
    [
      'matches everything',
      [{ title: 'A', match: [[{ ...exists, operator: 'PREFIX', values: [''] }]] }],
      multi,
    ],
    ['all are split', [{ title: 'A', values: ['a'], split: { method: 'EVEN' } }]],
    ['needs "over"', [{ title: 'A', values: ['a'], split: { method: 'FIXED' } }]],
    [
      'add up to 99.99',
      [
        { title: 'B', values: ['b'] },
        {
          ...{ title: 'A', values: ['a'] },
          split: { method: 'FIXED', over: [{ segment: 'B', percent: 99.99 }] },
        },
      ],
    ],
    [
      'more than 2 decimals',
      [
        {
          ...{ title: 'A', values: ['a'] },
          split: { method: 'FIXED', over: [{ segment: UNALLOCATED, percent: 99.999 }] },
        },
      ],
    ],
    [
      'cannot bear the costs of others',
      [
        { title: 'B', values: ['b'], split: { method: 'EVEN', over: [{ segment: UNALLOCATED }] } },
        { title: 'A', values: ['a'], split: { method: 'EVEN', over: [{ segment: 'B' }] } },
      ],
    ],
  ])('is refused where %s', async (message, segments, more) => {
    await expect(create(segments, more)).rejects.toMatchObject({
      ...{ status: 400, message: expect.stringContaining(message) },
    })
  })
})

const value = fc.constantFrom('', 'a', 'b', 'ab', 'eu-west-1', '-', '1:a')
const tags = fc.dictionary(
  fc.constantFrom('team', 'env'),
  fc.oneof(value, fc.constant(true as const)),
)
const anyCondition: fc.Arbitrary<Condition> = fc
  .tuple(
    fc.constantFrom<Condition['dimension'][]>('ACCOUNT', 'ACCOUNT_TAG', 'RESOURCE_TAG', 'SERVICE'),
    fc.constantFrom<Condition['operator'][]>('EQUALS', 'PREFIX', 'SUFFIX', 'CONTAINS', 'EXISTS'),
    fc.array(value, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('team', 'env'),
  )
  .map(([dimension, operator, values, key]) => ({
    ...{ dimension, operator, values },
    ...(dimension.endsWith('TAG') && { key }),
  }))
const anyView = fc
  .tuple(
    fc.boolean(),
    fc.array(
      fc.record({
        values: fc.array(value, { minLength: 1, maxLength: 2 }),
        match: fc.array(fc.array(anyCondition, { minLength: 1, maxLength: 3 }), {
          ...{ minLength: 1, maxLength: 3 },
        }),
        method: fc.constantFrom(undefined, 'EVEN', 'PROPORTIONAL', 'FIXED'),
        thousandths: fc.nat(10_000),
      }),
      { minLength: 2, maxLength: 6 },
    ),
  )
  .map(([isSingle, given]): View => {
    // The first bears what others share, so that there is always somebody.
    const segments = given.map(({ values, match, method, thousandths }, at) => ({
      ...{ id: `s${at}`, number: at + 1, title: `S${at}` },
      ...(isSingle ? { values } : { match }),
      ...(at > 0 && method !== undefined && { split: splitOf(method, thousandths) }),
    }))
    return {
      ...{ id: 'v', number: 1, organisationId: 'o', name: 'v', version: 1 },
      ...(isSingle
        ? { kind: 'SINGLE_DIMENSION', dimension: TEAM }
        : { kind: 'MULTI_DIMENSION' as const }),
      segments: [...segments, { id: 'u', number: 99, title: UNALLOCATED }],
      ...{ createdAt: 0, modifiedAt: 0 },
    } as View
  })
const splitOf = (method: string, hundredths: number) => ({
  method,
  ...(method === 'FIXED' && {
    over: [
      { segment: 'S0', percent: hundredths / 100 },
      { segment: UNALLOCATED, percent: (10_000 - hundredths) / 100 },
    ],
  }),
})
const money = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n })
const rows = fc.array(
  fc
    .record({
      day: fc.constantFrom('2026-01-05', '2026-01-06'),
      currency: fc.constantFrom('USD', 'EUR'),
      accountId: fc.constantFrom('a', 'b'),
      service: value,
      chargeCategory: fc.constantFrom<CostRow['chargeCategory'][]>('Usage', 'Tax', 'Credit'),
      tags,
      billedCost: money,
      effectiveCost: money,
    })
    .map(row),
  { maxLength: 30 },
)
const accountTags = new Map([['a', { team: 'ab', env: '' }]])

/** The definition, read plainly. */
function segmentByDefinition({ kind, segments }: View, subject: CostRow): number {
  const tagOf = (all: Readonly<Record<string, string | true>>, key = '') =>
    all[key] === true ? '' : all[key]
  const holds = ({ dimension, key, operator, values = [] }: Condition) => {
    const found = {
      ACCOUNT: subject.accountId,
      SERVICE: subject.service === '' ? undefined : subject.service,
      REGION: subject.region,
      RESOURCE_TAG: tagOf(subject.tags, key),
      ACCOUNT_TAG: tagOf(accountTags.get(subject.accountId) ?? {}, key),
    }[dimension]
    if (found === undefined) return false
    if (operator === 'EXISTS') return true
    return values.some((one) => {
      if (operator === 'EQUALS') return found === one
      if (operator === 'PREFIX') return found.indexOf(one) === 0
      if (operator === 'SUFFIX') return found.slice(found.length - one.length) === one
      return found.indexOf(one) !== -1
    })
  }
  const team = tagOf(subject.tags, 'team')
  const takes = ({ values = [], match = [] }: View['segments'][number]) =>
    kind === 'SINGLE_DIMENSION'
      ? team !== undefined && values.includes(team)
      : match.some((all) => all.every(holds))
  for (const [at, segment] of segments.entries()) if (takes(segment)) return at
  return segments.length - 1
}

const sums = (costs: SegmentCosts) =>
  Array.from(costs, ([currency, days]) => [
    currency,
    Array.from(days, ([day, amounts]) => [day, sumOf(amounts)]),
  ])

describe('costs of a view', () => {
  it('are told for as many days and amounts as it says, and no more', async () => {
    const table = createViewTable(test.state)
    const answers = createViewAnswers({ views, table, costs: test.store.costs })
    const amounts = 50
    const given = Array.from({ length: amounts - 1 }, (_, at) => ({
      title: `${at}`,
      values: [`${at}`],
    }))
    const { id } = await create(given)
    const from = '2023-01-01'
    const costs = (days: number, granularity: 'day' | 'month') =>
      answers.costs(OPERATOR, id, {
        ...{ from, to: addDays(from, days - 1), granularity, measure: 'ALL' },
      })
    const most = COST_AMOUNTS_MAX / amounts
    expect((await costs(most, 'day')).periods).toHaveLength(most)
    await expect(costs(most + 1, 'day')).rejects.toThrow(
      '1001 days of 50 segments are more than 50000 amounts: ask for fewer days, or by the month',
    )
    expect((await costs(COST_DAYS_MAX, 'month')).periods).toHaveLength(37)
    await expect(costs(COST_DAYS_MAX + 1, 'month')).rejects.toThrow(
      `${COST_DAYS_MAX + 1} days are more than the ${COST_DAYS_MAX}`,
    )
    table.close()
  })
})

describe('whatever the view and the costs', () => {
  it('a row is in the segment that the definition says, and the explanation ends with it', () => {
    fc.assert(
      fc.property(anyView, rows, (view, given) => {
        // A table with a value twice is refused, so the last that has it need not be the first.
        const seen = new Set<string>()
        for (const segment of view.segments) {
          if (segment.values === undefined) continue
          segment.values = segment.values.filter((one) => !seen.has(one) && seen.add(one))
        }
        const compiled = compileView(view, accountTags)
        for (const each of [...given, ...given]) {
          const at = compiled.segmentOf(each)
          expect(at).toBe(segmentByDefinition(view, each))
          const tried = compiled.explain(each)
          expect(tried.map(({ matched }) => matched)).toEqual([...Array(at).fill(false), true])
        }
      }),
    )
  })

  it('segments add up to the total of each day and currency, before and after the split, in any order of rows', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyView,
        rows,
        fc.constantFrom(...COST_MEASURES),
        async (view, given, measure) => {
          const asked = { organisationId: 'o', measure, from: '2026-01-01', to: '2026-01-31' }
          const compiled = compileView(view, accountTags)
          const { own, borne } = await viewCosts(storeOf(given), compiled, asked)
          const total = new Map<string, Money>()
          for (const each of given) {
            const key = `${each.currency} ${each.day}`
            const counts = measure !== 'USAGE' || each.chargeCategory === 'Usage'
            const amount = measure === 'BILLED' ? each.billedCost : each.effectiveCost
            total.set(key, (total.get(key) ?? ZERO) + (counts ? amount : ZERO))
          }
          for (const costs of [own, borne]) {
            for (const [currency, days] of costs) {
              for (const [day, amounts] of days) {
                expect(sumOf(amounts)).toBe(total.get(`${currency} ${day}`))
              }
            }
          }
          expect(sums(own)).toEqual(sums(borne))
          for (const days of borne.values()) {
            for (const amounts of days.values()) {
              for (const [at, { split }] of view.segments.entries()) {
                if (split !== undefined) expect(amounts[at]).toBe(ZERO)
              }
            }
          }
          const again = await viewCosts(
            storeOf(given.toReversed()),
            compileView(view, accountTags),
            asked,
          )
          for (const [currency, days] of borne) {
            for (const [day, amounts] of days) {
              expect(again.borne.get(currency)?.get(day)).toEqual(amounts)
            }
          }
        },
      ),
    )
  })

  it('a split loses nothing, and gives nobody a unit more than is due', () => {
    fc.assert(
      fc.property(
        money,
        fc.array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { minLength: 1, maxLength: 8 }),
        (amount, weights) => {
          const parts = apportioned(amount, weights)
          expect(sumOf(parts)).toBe(amount)
          const total = sumOf(weights)
          if (total === ZERO) return
          for (const [at, part] of parts.entries()) {
            const off = part * total - amount * (weights[at] ?? ZERO)
            expect(off < total && off > 0n - total).toBe(true)
          }
        },
      ),
    )
    expect(apportioned(10n, [1n, 1n, 1n])).toEqual([4n, 3n, 3n])
    expect(apportioned(-10n, [0n, 0n])).toEqual([-5n, -5n])
  })
})
