import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { CostRow, Day } from '#src/model/cost.ts'
import { addDays, addMonths, dayOf, daysFrom } from '#src/model/day.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { OPERATOR, createTestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import { createViewTable } from '#src/views/view-table.ts'
import { createViews } from '#src/views/views.ts'
import { backtestDetector } from './backtest.ts'
import { LATE_DAYS_MAX } from './budget-periods.ts'
import { createBudgets } from './budgets.ts'
import type { NewBudget } from './budgets.ts'
import { createCostChecks } from './cost-checks.ts'
import { costRow, importRows } from './costs.fixture.ts'
import { createSpikeDetectors } from './spike-detectors.ts'

/** The first day of the month in which the tests are at first. */
const MONTH = '2026-03-01'
const MS_PER_DAY = 86_400_000

let test: TestTenancy
let checks: ReturnType<typeof createCostChecks>
let budgets: ReturnType<typeof createBudgets>
let detectors: ReturnType<typeof createSpikeDetectors>
let views: ReturnType<typeof createViews>
let table: ReturnType<typeof createViewTable>
let executions = 0

beforeEach(async () => {
  test = await createTestTenancy()
  table = createViewTable(test.state)
  goTo(addDays(MONTH, 10))
  start()
})
afterEach(async () => {
  table.close()
  await test.close()
})

/** As a start of the hub: all that is known is in the store. */
function start(): void {
  const {
    state,
    store: { costs },
  } = test
  const ports = { state, clock: { now: test.now }, ids, actions: test.restarted().actions }
  views = createViews(ports)
  budgets = createBudgets(ports)
  detectors = createSpikeDetectors(ports)
  const onFault = (error: unknown) => {
    throw error
  }
  checks = createCostChecks({ ...ports, costs, table, onFault })
}
function goTo(day: Day): void {
  test.move(Date.parse(day) + MS_PER_DAY / 2 - test.now())
}
const createBudget = (more: Partial<NewBudget> = {}) =>
  budgets.create(OPERATOR, {
    ...{ organisationId: test.organisationId, name: `budget ${(executions += 1)}` },
    ...{ yearAmount: '1200', forecastThresholds: [], ...more },
  })
/** A new state of the costs, complete to the last day, and the evaluation of it. */
const bring = async (rows: readonly CostRow[]) => {
  const execution = `execution ${(executions += 1)}`
  await importRows(test.store.costs, test.organisationId, { rows, execution })
  await checks.evaluate(test.organisationId)
}
/** So much a day, from one day to another. */
const days = (from: Day, to: Day, cost: string | ((day: Day) => string), more: object = {}) =>
  daysFrom(from, to).map((day) => costRow(day, typeof cost === 'string' ? cost : cost(day), more))
const told = async (name: string) => (await test.events(name)).map(({ fields }) => fields as any)
const toldBudgets = async () =>
  (await told('BudgetAlertEvent')).map(({ thresholds, change, late, percentage }) => ({
    ...{ change, late, percentage: Math.round(percentage) },
    thresholds: thresholds.map(({ basis, percent }: any) => `${basis} ${percent}`),
  }))

describe('a budget', () => {
  it('tells each threshold once in a period, several of one import together', async () => {
    const budget = await createBudget()
    expect(await budgets.status(OPERATOR, budget.id)).toMatchObject({ state: 'WAITING' })
    await bring(days(MONTH, addDays(MONTH, 2), '20'))
    await bring(days(MONTH, addDays(MONTH, 3), '23'))
    // Restated: down, and up again.
    await bring(days(MONTH, addDays(MONTH, 3), '10'))
    await bring(days(MONTH, addDays(MONTH, 3), '23'))
    start()
    expect(await checks.evaluate(test.organisationId)).toBe(false)
    await bring(days(MONTH, addDays(MONTH, 4), '23'))
    expect(await toldBudgets()).toEqual([
      { change: 'REACHED', late: false, percentage: 60, thresholds: ['ACTUAL 50'] },
      { change: 'REACHED', late: false, percentage: 92, thresholds: ['ACTUAL 75', 'ACTUAL 90'] },
      { change: 'REACHED', late: false, percentage: 115, thresholds: ['ACTUAL 100'] },
    ])
    const [first, , last] = await told('BudgetAlertEvent')
    expect(first).toMatchObject({
      ...{ budgetId: budget.id, budgetNumber: 1, severity: 'LOW', segments: [], costs: 'USAGE' },
      ...{ periodStart: MONTH, periodEnd: addMonths(MONTH, 1), budget: '100', spend: '60' },
      ...{ completeThrough: addDays(MONTH, 2), averageOfPrevious7Days: '8.571428571429' },
      contributors: [{ dimension: 'service', value: 'AmazonEC2', amount: '60', share: 1 }],
      alertId: `budget/${budget.id}/${MONTH}`,
    })
    expect(last.severity).toBe('CRITICAL')
    expect(await budgets.status(OPERATOR, budget.id)).toMatchObject({
      ...{ state: 'EVALUATED', spend: '115', completeThrough: addDays(MONTH, 4) },
      noForecast: 'not enough history: it takes 35 days with costs',
      reached: [50, 75, 90, 100].map((percent) => ({ basis: 'ACTUAL', percent })),
    })
    // A new month is a new period.
    goTo(addDays(addMonths(MONTH, 1), 20))
    await bring(days(addMonths(MONTH, 1), addDays(addMonths(MONTH, 1), 2), '17'))
    expect((await toldBudgets()).slice(3)).toEqual([
      { change: 'REACHED', late: false, percentage: 51, thresholds: ['ACTUAL 50'] },
    ])
  })

  it('tells again what a higher amount made untold, and nothing for another name', async () => {
    const budget = await createBudget()
    const rows = days(MONTH, addDays(MONTH, 3), '24')
    await bring(rows)
    await budgets.update(OPERATOR, budget.id, { name: 'renamed', thresholds: [50, 90, 95] })
    await bring(rows)
    await budgets.update(OPERATOR, budget.id, { yearAmount: '2100' })
    await bring(rows)
    await bring(days(MONTH, addDays(MONTH, 6), '24'))
    const all = (await toldBudgets()).map(({ thresholds }) => thresholds)
    expect(all).toEqual([
      ['ACTUAL 50', 'ACTUAL 75', 'ACTUAL 90'],
      ['ACTUAL 95'],
      ['ACTUAL 90', 'ACTUAL 95'],
    ])
  })

  it('is told of a month that is over for two weeks, marked late, and then no more', async () => {
    await createBudget()
    goTo(addDays(addMonths(MONTH, 1), LATE_DAYS_MAX - 1))
    await bring(days(MONTH, addDays(MONTH, 30), '2'))
    expect(await toldBudgets()).toEqual([
      { change: 'REACHED', late: true, percentage: 62, thresholds: ['ACTUAL 50'] },
    ])
    goTo(addDays(addMonths(MONTH, 1), LATE_DAYS_MAX))
    await bring(days(MONTH, addDays(MONTH, 30), '3'))
    expect(await toldBudgets()).toHaveLength(1)
  })

  it('tells a correction once where that is wanted', async () => {
    await createBudget({ thresholds: [50], tellCorrections: true })
    await createBudget({ thresholds: [50] })
    for (const cost of ['20', '15.5', '14', '20', '10']) {
      await bring(days(MONTH, addDays(MONTH, 2), cost))
    }
    expect((await toldBudgets()).map(({ change, percentage }) => [change, percentage])).toEqual([
      ['REACHED', 60],
      ['REACHED', 60],
      ['CORRECTED', 42],
    ])
  })

  it('says with a correction what of all that was told is not corrected', async () => {
    await createBudget({ thresholds: [50, 75, 90], tellCorrections: true })
    for (const cost of ['31', '24', '21', '11']) {
      await bring(days(MONTH, addDays(MONTH, 2), cost))
    }
    const all = (await told('BudgetAlertEvent')).map(({ thresholds, remaining, severity }) => ({
      severity,
      thresholds: thresholds.map(({ percent }: any) => percent),
      remaining: remaining?.map(({ percent }: any) => percent),
    }))
    expect(all).toEqual([
      { severity: 'HIGH', thresholds: [50, 75, 90], remaining: undefined },
      // 75 points are told, and 72 are no correction of them.
      { severity: 'MEDIUM', thresholds: [90], remaining: [50, 75] },
      { severity: 'LOW', thresholds: [75], remaining: [50] },
      { severity: 'INFORMATIONAL', thresholds: [50], remaining: undefined },
    ])
  })

  it('of a forecast needs two in a row, and two far below before it tells again', async () => {
    goTo(addDays(MONTH, 20))
    const budget = await createBudget({
      yearAmount: '3600',
      thresholds: [],
      forecastThresholds: [100],
    })
    const past = days(addDays(MONTH, -100), addDays(MONTH, -1), '9')
    const bringMonth = (through: number, cost: string) =>
      bring([...past, ...days(MONTH, addDays(MONTH, through - 1), cost)])
    await bringMonth(8, '12')
    const once = await budgets.status(OPERATOR, budget.id)
    expect(once.forecast?.percentage).toBeGreaterThan(100)
    start()
    expect(await toldBudgets()).toEqual([])
    // The same costs again, as after a crash, are no second opinion.
    await budgets.update(OPERATOR, budget.id, { description: 'again' })
    await checks.evaluate(test.organisationId)
    expect(await toldBudgets()).toEqual([])
    await bringMonth(9, '12')
    await bringMonth(10, '12')
    expect((await toldBudgets()).map(({ thresholds }) => thresholds)).toEqual([['FORECAST 100']])
    await bringMonth(11, '6')
    await bringMonth(12, '12')
    await bringMonth(13, '12')
    expect(await toldBudgets()).toHaveLength(1)
    await bringMonth(14, '6')
    await bringMonth(15, '6')
    await bringMonth(14, '12')
    await bringMonth(15, '12')
    expect((await toldBudgets()).map(({ thresholds }) => thresholds)).toEqual([
      ['FORECAST 100'],
      ['FORECAST 100'],
    ])
    const { forecast } = await budgets.status(OPERATOR, budget.id)
    expect(forecast?.monthsTested).toBe(2)
    expect(Number(forecast?.low)).toBeLessThan(Number(forecast?.estimate))
    expect(Number(forecast?.high)).toBeGreaterThan(Number(forecast?.estimate))
  })

  it('has another amount for each month where it says so, also for what is foretold', async () => {
    goTo(addDays(MONTH, 20))
    const settings = { startMonth: 7, thresholds: [50, 100], forecastThresholds: [100] }
    // From July on: March is the ninth.
    const amounts = (march: string, others: string) => ({
      ...{ ...settings, yearAmount: undefined },
      monthAmounts: Array.from({ length: 12 }, (_, at) => (at === 8 ? march : others)),
    })
    const low = await createBudget({ ...amounts('300', '400'), name: 'low' })
    const high = await createBudget({ ...amounts('400', '300'), name: 'high' })
    const year = await createBudget({ ...amounts('400', '300'), period: 'ANNUAL', name: 'year' })
    const past = days(addDays(MONTH, -100), addDays(MONTH, -1), '10')
    for (const through of [15, 16]) {
      await bring([...past, ...days(MONTH, addDays(MONTH, through - 1), '11')])
    }
    const statuses = []
    for (const { id } of [low, high, year]) statuses.push(await budgets.status(OPERATOR, id))
    expect(statuses).toMatchObject([
      { budget: '300', spend: '176', periodStart: MONTH },
      { budget: '400', spend: '176', periodStart: MONTH },
      { budget: '3700', spend: '1176', periodStart: '2025-07-01', periodEnd: '2026-07-01' },
    ])
    expect(
      (await told('BudgetAlertEvent')).map(({ budgetName, thresholds }) => [
        budgetName,
        ...thresholds.map(({ basis, percent }: any) => `${basis} ${percent}`),
      ]),
    ).toEqual([
      ['low', 'ACTUAL 50'],
      ['low', 'FORECAST 100'],
    ])
    goTo(addDays(addMonths(MONTH, 1), 5))
    await bring(days(addMonths(MONTH, 1), addDays(addMonths(MONTH, 1), 3), '11'))
    expect(await budgets.status(OPERATOR, low.id)).toMatchObject({ budget: '400', spend: '44' })
    expect(await budgets.status(OPERATOR, high.id)).toMatchObject({ budget: '300', spend: '44' })
  })

  it('foretells fees on their day of the month, and no payment that was made once', async () => {
    goTo(addDays(MONTH, 20))
    const budget = await createBudget({ costs: 'ALL', yearAmount: '12000' })
    const fee = { chargeFrequency: 'Recurring' } as const
    await bring([
      ...days(addDays(MONTH, -90), addDays(MONTH, 9), '10'),
      ...['2026-01-25', '2026-02-25'].map((day) => costRow(day, '50', fee)),
      costRow('2026-02-20', '700', { chargeFrequency: 'One-Time', chargeCategory: 'Purchase' }),
    ])
    const { forecast } = await budgets.status(OPERATOR, budget.id)
    expect(Number(forecast?.estimate)).toBeCloseTo(31 * 10 + 50, 3)
  })

  it('of a segment counts what the segment bears, in financial years too', async () => {
    const view = await views.create(OPERATOR, {
      ...{ organisationId: test.organisationId, name: 'Teams', kind: 'SINGLE_DIMENSION' },
      dimension: { dimension: 'RESOURCE_TAG', key: 'team' },
      segments: [
        { title: 'Shop', values: ['shop'] },
        { title: 'Data', values: ['data'] },
        { title: 'Shared', values: ['shared'], split: { method: 'EVEN' } },
      ],
    })
    const [shop] = view.segments
    const scope = { viewId: view.id, segmentId: shop?.id as string }
    const months = Array.from({ length: 12 }, (_, at) => (at === 2 ? '0' : '10'))
    const month = await createBudget({ scope, yearAmount: undefined, monthAmounts: months })
    const year = await createBudget({
      ...{ scope, yearAmount: undefined, monthAmounts: months, period: 'ANNUAL', startMonth: 2 },
    })
    const tagged = (team: string) => ({ tags: { team } })
    await bring([
      ...days('2026-01-30', '2026-02-02', '4', tagged('shop')),
      ...days('2026-02-02', '2026-02-02', '7', tagged('shared')),
      ...days('2026-02-02', '2026-03-04', '1000', tagged('data')),
    ])
    expect(await budgets.status(OPERATOR, month.id)).toMatchObject({
      ...{ periodStart: MONTH, budget: '0', spend: '0', percentage: 0, viewVersion: 1 },
    })
    expect(await budgets.status(OPERATOR, year.id)).toMatchObject({
      ...{ periodStart: '2026-02-01', periodEnd: '2027-02-01', budget: '110', spend: '11.5' },
    })
    await bring(days(MONTH, addDays(MONTH, 3), '0.01', tagged('shop')))
    const alert = (await told('BudgetAlertEvent')).at(-1)
    expect(alert).toMatchObject({
      ...{ budgetId: month.id, percentage: 100, spend: '0.04' },
      segments: [{ viewId: view.id, viewVersion: 1, segmentTitle: 'Shop', segmentNumber: 1 }],
    })
    await expect(views.remove(OPERATOR, view.id)).rejects.toMatchObject({ code: 'view.in-use' })
    await budgets.remove(OPERATOR, year.id)
    await budgets.update(OPERATOR, month.id, { scope: null })
    await views.remove(OPERATOR, view.id)
  })

  it('says where costs are in another currency than its own', async () => {
    const [here, there] = [await createBudget(), await createBudget({ currency: 'AUD' })]
    await bring(days(MONTH, addDays(MONTH, 3), '10'))
    expect((await budgets.status(OPERATOR, here.id)).otherCurrencies).toBeUndefined()
    expect(await budgets.status(OPERATOR, there.id)).toMatchObject({
      ...{ currency: 'AUD', spend: '0', otherCurrencies: ['USD'] },
    })
    test.move(1)
    await budgets.update(OPERATOR, there.id, { currency: 'USD' })
    await checks.evaluate(test.organisationId)
    expect(await budgets.status(OPERATOR, there.id)).toMatchObject({ currency: 'USD', spend: '40' })
  })

  it.each([
    [{ yearAmount: undefined }, 'it needs either "yearAmount"'],
    [{ monthAmounts: Array.from({ length: 12 }, () => '1') }, 'it needs either "yearAmount"'],
    [{ yearAmount: '0.00' }, 'its amount is 0'],
    [{ thresholds: [] }, 'without a threshold'],
  ])('with %o is refused in words', async (more, message) => {
    await expect(createBudget(more)).rejects.toMatchObject({
      ...{ status: 400, message: expect.stringContaining(message) },
    })
  })
})

describe('a spike detector', () => {
  const HISTORY = addDays(MONTH, -100)
  const createDetector = (more: object = {}) =>
    detectors.create(OPERATOR, {
      ...{ organisationId: test.organisationId, name: `detector ${(executions += 1)}` },
      ...{ scope: { kind: 'ACCOUNTS' as const }, ...more },
    })
  const weekly = (day: Day) => ([0, 6].includes(new Date(day).getUTCDay()) ? '50' : '100')
  const [one, two] = [{ accountId: '111111111111' }, { accountId: '222222222222' }]
  const toldSpikes = async () =>
    (await told('CostSpikeEvent')).map(({ change, day, awsAccountId }) => [
      ...[change, day, awsAccountId],
    ])

  it('tells a spike once, updates it, and closes it after two usual days', async () => {
    const detector = await createDetector()
    const bringTo = (last: number, extra: Readonly<Record<number, string>> = {}) =>
      bring([
        ...days(HISTORY, addDays(MONTH, last), weekly, one),
        ...days(HISTORY, addDays(MONTH, last), weekly, two),
        ...Object.entries(extra).map(([at, cost]) =>
          costRow(addDays(MONTH, Number(at)), cost, { ...two, service: 'AmazonSageMaker' }),
        ),
      ])
    await bringTo(1)
    await bringTo(2, { 2: '150' })
    await bringTo(2, { 2: '150' })
    start()
    await bringTo(3, { 2: '150', 3: '200' })
    await bringTo(4, { 2: '140', 3: '200' })
    await bringTo(5, { 2: '150', 3: '200', 5: '80' })
    await bringTo(6, { 2: '150', 3: '200', 5: '80' })
    await bringTo(8, { 2: '150', 3: '200', 5: '80' })
    expect(await toldSpikes()).toEqual([
      ['OPENED', addDays(MONTH, 2), two.accountId],
      ['UPDATED', addDays(MONTH, 3), two.accountId],
      ['UPDATED', addDays(MONTH, 5), two.accountId],
      ['CLOSED', addDays(MONTH, 5), two.accountId],
    ])
    const [opened, updated] = await told('CostSpikeEvent')
    expect(opened).toMatchObject({
      ...{ alertId: `spike/${detector.id}/account|222222222222/${addDays(MONTH, 2)}` },
      ...{ severity: 'HIGH', method: 'WEEKDAY_MEDIAN', firstDay: addDays(MONTH, 2) },
      ...{ expected: '100', actual: '250', impact: '150', percentage: 150, segments: [] },
      ...{ comparedFrom: addDays(MONTH, -5), comparedTo: addDays(MONTH, 1) },
    })
    expect(opened.contributors[0]).toMatchObject({
      ...{ dimension: 'service', value: 'AmazonSageMaker', amount: '150', share: 1 },
    })
    expect(updated).toMatchObject({ alertId: opened.alertId, firstDay: addDays(MONTH, 2) })
  })

  it('leaves out fees and corrections, and tells what is new by its own gate', async () => {
    await createDetector({ minimumNewSpend: '40' })
    const bringTo = (last: number, ...more: CostRow[]) =>
      bring([...days(HISTORY, addDays(MONTH, last), weekly, one), ...more])
    await bringTo(0)
    const day = addDays(MONTH, 1)
    await bringTo(
      1,
      costRow(day, '5000', { ...one, chargeFrequency: 'Recurring' }),
      costRow(day, '5000', { ...one, chargeClass: 'Correction' }),
      costRow(day, '39', { ...two }),
      costRow(day, '41', { accountId: '333333333333' }),
    )
    expect(await toldSpikes()).toEqual([['OPENED', day, '333333333333']])
    const [alert] = await told('CostSpikeEvent')
    expect(alert).toMatchObject({ expected: '0', actual: '41' })
    expect(alert).not.toHaveProperty('score')
    expect(alert).not.toHaveProperty('percentage')
  })

  it('looks at each segment of a view, and backtests what it would have told', async () => {
    const view = await views.create(OPERATOR, {
      ...{ organisationId: test.organisationId, name: 'Accounts', kind: 'SINGLE_DIMENSION' },
      ...{ dimension: { dimension: 'ACCOUNT' } },
      segments: [{ title: 'One', values: [one.accountId] }],
    })
    const scope = { kind: 'VIEW' as const, viewId: view.id }
    const detector = await createDetector({ scope, method: 'Z_SCORE' })
    expect(detector.score).toBe(3)
    const last = addDays(MONTH, 1)
    await bring([
      ...days(HISTORY, last, '100', one),
      ...days(HISTORY, last, '100', two),
      costRow(addDays(MONTH, -20), '200', one),
      costRow(last, '200', two),
    ])
    const [alert] = await told('CostSpikeEvent')
    expect(alert).toMatchObject({ day: last, segments: [{ segmentTitle: 'Unallocated' }] })
    const ports = { detectors, costs: test.store.costs, table }
    const answer = await backtestDetector(ports, OPERATOR, detector.id, { settings: {} })
    expect(answer).toMatchObject({ to: last, scopes: 2, more: 0 })
    expect(answer.items.map(({ segmentTitle, firstDay }) => [segmentTitle, firstDay])).toEqual([
      ['One', addDays(MONTH, -20)],
      ['Unallocated', last],
    ])
    const settings = { minimumImpact: '250' }
    expect((await backtestDetector(ports, OPERATOR, detector.id, { settings })).items).toEqual([])
    expect(await told('CostSpikeEvent')).toHaveLength(1)
  })

  it('does not tell of days that are long past', async () => {
    await createDetector()
    await bring([...days(HISTORY, MONTH, weekly, one), costRow(MONTH, '900', one)])
    expect(await toldSpikes()).toHaveLength(1)
    await createDetector()
    goTo(addDays(MONTH, LATE_DAYS_MAX + 1))
    await bring([...days(HISTORY, MONTH, weekly, one), costRow(MONTH, '900', one)])
    expect(await toldSpikes()).toHaveLength(1)
  })
})

it('a day is a day wherever the clock stands', () => {
  expect([dayOf(Date.parse('2026-01-31T23:59:59Z')), addMonths('2026-01-31', 1)]).toEqual([
    ...['2026-01-31', '2026-02-01'],
  ])
})
