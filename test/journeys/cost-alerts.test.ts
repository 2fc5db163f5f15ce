import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { costRow, importRowsInto } from '#src/cost-checks/costs.fixture.ts'
import type { CostRow } from '#src/model/cost.ts'
import { addDays, addMonths, dayOf, daysFrom } from '#src/model/day.ts'
import { runCommand } from '../belfry-command.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, createOrganisation } from '../organisation.ts'

// The newest complete day is in the middle of a month: the one that is now, or the one before.
const TODAY = dayOf(Date.now())
const isLate = Number(TODAY.slice(8)) < 3
const MONTH = addMonths(TODAY, isLate ? -1 : 0)
const LAST = addDays(isLate ? addMonths(TODAY, 0) : TODAY, -2)
const USUAL = daysFrom(addDays(LAST, -120), LAST).map((day) =>
  costRow(day, '10', { tags: { team: 'shop' } }),
)
const WITHIN_MS = 60_000

const folder = newDataFolder()
let hub: HubProcess
let organisationId: string

beforeAll(async () => {
  hub = await startHubProcess(folder)
  organisationId = (await createOrganisation(hub)).organisationId
  await withNewCosts(USUAL)
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

/** Costs come while the hub is down, after it was killed. */
async function withNewCosts(rows: readonly CostRow[]): Promise<void> {
  await hub.kill('SIGKILL')
  await importRowsInto(folder, organisationId, { rows, execution: `${rows.length}` })
  hub = await startHubProcess(folder)
}
const belfry = async (...args: string[]) => {
  const { stdout, stderr, status } = await runCommand(folder, args)
  if (status !== 0) throw new Error(`${stdout}${stderr}`)
  return stdout
}
/** Details of the alerts that were told, the oldest first, once there are so many. */
const told = async (name: string, count: number): Promise<any[]> => {
  const deadline = Date.now() + WITHIN_MS
  for (;;) {
    const query = new URLSearchParams({ detailType: `CostAndCompliance: ${name}` })
    const { body } = await hub.rest('GET', `/events?${query.toString()}`)
    const details = body.items.map((item: any) => (item.event ?? item).detail)
    if (details.length >= count) return details.toReversed()
    if (Date.now() > deadline) throw new Error(`${details.length} of ${count}: ${name}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
/** On the first days of a month there are no costs of it, which is a status too. */
const evaluated = async (id: string, isSo: (status: any) => boolean) => {
  const deadline = Date.now() + WITHIN_MS
  for (;;) {
    const { body } = await hub.rest('GET', `/budgets/${id}/status`)
    if (body.evaluatedAt !== undefined && isSo(body)) return body
    if (Date.now() > deadline) throw new Error(JSON.stringify(body))
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

describe('costs of a hub', { timeout: 2 * WITHIN_MS }, () => {
  const days = daysFrom(MONTH, LAST).length
  const more = Math.round(days * 2.5)

  it('become an event when they reach a threshold of a budget', async () => {
    const file = join(folder, 'teams.json')
    const dimension = { dimension: 'RESOURCE_TAG', key: 'team' }
    const segments = [{ title: 'Shop', values: ['shop'] }]
    const view = { name: 'Teams', kind: 'SINGLE_DIMENSION', dimension, segments }
    writeFileSync(file, JSON.stringify(view))
    await belfry('views', 'create', '--file', file)
    // Half and more is spent, and a tenth more will take it past three quarters.
    const year = String(12 * Math.round((days * 10) / 0.7))
    const created = await belfry(
      ...['budgets', 'create', 'Shop', '--view', 'Teams', '--segment', 'Shop'],
      ...['--year-amount', year, '--forecast-thresholds', 'none'],
    )
    expect(created).toMatch(/of +Shop of the view Teams/)
    const [alert] = await told('BudgetAlertEvent', 1)
    expect(alert).toMatchObject({
      ...{ budgetName: 'Shop', spend: String(days * 10), completeThrough: LAST, late: isLate },
      thresholds: [{ basis: 'ACTUAL', percent: 50 }],
      segments: [{ viewName: 'Teams', segmentTitle: 'Shop' }],
    })
    const status = await belfry('budgets', 'status', 'Shop')
    expect(status).toMatch(/told +50 % at/)
    expect(await belfry('budgets', 'status')).toMatch(/1 +Shop +Shop of Teams +.* 50 %/)
    expect(await belfry('budgets', 'list')).toMatch(/Shop +MONTHLY +.* Shop of Teams/)
  })

  it('become an event when a day costs much more than days like it', async () => {
    await belfry('spikes', 'create', 'Accounts', '--accounts')
    expect(await belfry('spikes', 'backtest', 'Accounts')).toContain('0 spikes from')
    const segments = await belfry('spikes', 'create', 'Segments', '--view', 'Teams')
    expect(segments).toMatch(/looks at +each segment of Teams\n/)
    expect(await belfry('spikes', 'list')).toContain('each segment of Teams')
    await belfry('spikes', 'delete', 'Segments')
    await withNewCosts([...USUAL, costRow(LAST, String(more + 30), { tags: { team: 'shop' } })])
    const [, second] = await told('BudgetAlertEvent', 2)
    expect(second.thresholds[0]).toEqual({ basis: 'ACTUAL', percent: 75 })
    const [spike] = await told('CostSpikeEvent', 1)
    expect(spike).toMatchObject({
      ...{ detectorName: 'Accounts', awsAccountId: ACCOUNTS.MEMBER, accountName: 'member-account' },
      ...{ day: LAST, expected: '10', actual: String(more + 40), severity: 'CRITICAL' },
    })
    expect(await belfry('spikes', 'backtest', 'Accounts', '--score', '5')).toContain('1 spike from')
  })

  it('are told once, however often the hub is killed and costs are restated', async () => {
    const { id } = (await hub.rest('GET', '/budgets')).body.items[0]
    const before = await evaluated(id, () => true)
    await withNewCosts([...USUAL, costRow(LAST, String(more + 31), { tags: { team: 'shop' } })])
    await evaluated(id, ({ evaluatedAt }) => evaluatedAt > before.evaluatedAt)
    expect(await told('BudgetAlertEvent', 2)).toHaveLength(2)
    expect(await told('CostSpikeEvent', 1)).toHaveLength(1)
  })

  it('are held against an amount for each month, where these are given', async () => {
    const amounts = Array.from({ length: 12 }, (_, at) => 1_000_000 + at)
    const created = await belfry(
      ...['budgets', 'create', 'Season', '--start-month', '7'],
      ...['--month-amounts', amounts.join(',')],
    )
    expect(created).toMatch(
      /amount +12000066.00 USD a year, by the month\nmonths +Jul 1000000.00, /,
    )
    expect(created).toMatch(/year begins +July/)
    const [season] = (await hub.rest('GET', '/budgets')).body.items.slice(-1)
    expect(season).toMatchObject({ startMonth: 7, monthAmounts: amounts.map(String) })
    expect(await belfry('budgets', 'create', 'Even', '--month-amounts', '500')).toMatch(
      /amount +500.00 USD a month\n/,
    )
    const pounds = ['budgets', 'create', 'Pounds', '--month-amounts', '8000', '--currency', 'GBP']
    const { stderr } = await runCommand(folder, pounds)
    expect(stderr).toContain('there are no costs in GBP, only in USD')
    await expect(belfry('budgets', 'create', 'Odd', '--month-amounts', '1,2')).rejects.toThrow(
      'one amount for every month, or 12',
    )
  })
})
