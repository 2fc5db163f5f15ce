import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { addDays, addMonths } from '#src/model/day.ts'
import { OPERATOR } from '#src/tenancy/tenancy.fixture.ts'
import { MONTH, createTestChecks, days } from './checks.fixture.ts'
import type { TestChecks } from './checks.fixture.ts'
import { costRow } from './costs.fixture.ts'

let world: TestChecks
beforeEach(async () => {
  world = await createTestChecks()
})
afterEach(() => world.close())

const statusOf = ({ id }: { readonly id: string }) => world.start().budgets.status(OPERATOR, id)

describe('a budget over costs of several exports', () => {
  it.each([
    ['ended with the month before', [addMonths(MONTH, -1), addDays(MONTH, -1)], 30, true],
    ['ended in this month', [addDays(MONTH, -20), addDays(MONTH, 2)], 42, true],
    ['is a day late', [MONTH, addDays(MONTH, 8)], 66, true],
    ['is by the month', [MONTH, MONTH], 34, false],
    ['is of next year', [addMonths(MONTH, 10), addMonths(MONTH, 11)], 30, false],
  ] as const)(
    'counts all that is there where another export %s',
    async (_, of, spend, isComplete) => {
      world.goTo(addDays(MONTH, 20))
      const budget = await world.createBudget({ thresholds: [25] })
      await world.bring(days(addDays(MONTH, -60), addDays(MONTH, 9), '3'))
      await world.bring(days(of[0], of[1], '4'), { exportName: 'other', isComplete })
      expect(await statusOf(budget)).toMatchObject({
        ...{ state: 'EVALUATED', spend: String(spend), reached: [{ percent: 25 }] },
      })
    },
  )

  it('names the export that is late, and foretells from what all are complete for', async () => {
    world.goTo(addDays(MONTH, 20))
    const budget = await world.createBudget({ yearAmount: '12000' })
    const first = addDays(MONTH, -100)
    await world.bring(days(first, addDays(MONTH, 9), '6'))
    expect(await statusOf(budget)).not.toHaveProperty('waitingFor')
    await world.bring(days(first, addDays(MONTH, 7), '4'), { exportName: 'late' })
    const late = await statusOf(budget)
    expect(late).toMatchObject({
      ...{ spend: String(10 * 6 + 8 * 4), completeThrough: addDays(MONTH, 7) },
      waitingFor: [{ exportName: 'late', completeThrough: addDays(MONTH, 7) }],
    })
    expect(Number(late.forecast?.estimate)).toBeCloseTo(31 * 10, 0)
  })

  it('foretells a month of which no day is complete, from the months before', async () => {
    const budget = await world.createBudget({ yearAmount: '12000' })
    await world.bring(days(addDays(MONTH, -100), addDays(MONTH, -3), '10'))
    await world.bring(days(MONTH, addDays(MONTH, 1), '1'), { exportName: 'new', isComplete: false })
    const status = await statusOf(budget)
    expect(status).toMatchObject({ spend: '2', completeThrough: addDays(MONTH, -3) })
    expect(Number(status.forecast?.estimate)).toBeCloseTo(31 * 10, 0)
  })

  it('says in which currencies there are costs where there are none in its own', async () => {
    const pounds = await world.createBudget({ currency: 'GBP' })
    await world.createBudget()
    await world.bring(days(MONTH, addDays(MONTH, 2), '3'))
    await world.bring([costRow(MONTH, '3', { currency: 'EUR' })], { exportName: 'other' })
    expect(await statusOf(pounds)).toMatchObject({ spend: '0', otherCurrencies: ['EUR', 'USD'] })
    const { budgets } = world.start()
    const { items } = await budgets.statuses(OPERATOR, { limit: 10 })
    const sorted = items.toSorted((a, b) => (a.spend ?? '').localeCompare(b.spend ?? ''))
    expect(sorted).toMatchObject([
      { currency: 'GBP', spend: '0' },
      { currency: 'USD', spend: '9' },
    ])
    expect(sorted[1]).not.toHaveProperty('otherCurrencies')
  })

  it('is reached by what is there, also where no day is complete', async () => {
    const budget = await world.createBudget({ thresholds: [50] })
    await world.bring([costRow(MONTH, '70')], { isComplete: false })
    expect(await world.told('BudgetAlertEvent')).toMatchObject([
      { spend: '70', thresholds: [{ basis: 'ACTUAL', percent: 50 }] },
    ])
    const status = await statusOf(budget)
    expect(status).not.toHaveProperty('completeThrough')
    expect(status).toMatchObject({ spend: '70', noForecast: expect.stringContaining('35') })
  })
})
