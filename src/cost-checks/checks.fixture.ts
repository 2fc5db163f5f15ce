import type { CostRow, Day } from '#src/model/cost.ts'
import { addDays, daysFrom } from '#src/model/day.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { OPERATOR, createTestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import { createViewTable } from '#src/views/view-table.ts'
import type { ViewTable } from '#src/views/view-table.ts'
import { createViews } from '#src/views/views.ts'
import type { Views } from '#src/views/views.ts'
import { createBudgets } from './budgets.ts'
import type { Budgets, NewBudget } from './budgets.ts'
import { createCostChecks } from './cost-checks.ts'
import type { CostChecks } from './cost-checks.ts'
import { costRow, importRows } from './costs.fixture.ts'
import type { ImportedRows } from './costs.fixture.ts'
import { createSpikeDetectors } from './spike-detectors.ts'
import type { SpikeDetectors } from './spike-detectors.ts'

/** The first day of the month in which the tests are at first. */
export const MONTH = '2026-03-01'
const MS_PER_DAY = 86_400_000

/** What checks costs, and what it checks them by, as a start of the hub makes them. */
export interface Started {
  readonly checks: CostChecks
  readonly budgets: Budgets
  readonly detectors: SpikeDetectors
  readonly views: Views
}

export interface TestChecks {
  readonly test: TestTenancy
  readonly table: ViewTable
  /** As a start of the hub: all that is known is in the store. */
  start(): Started
  goTo(day: Day): void
  /** Of 100 a month. */
  createBudget(more?: Partial<NewBudget>): ReturnType<Budgets['create']>
  /** A new state of the costs, complete to the last day, and the evaluation of it. */
  bring(
    rows: readonly CostRow[],
    more?: Pick<ImportedRows, 'exportName' | 'isComplete'>,
  ): Promise<void>
  told(name: string): Promise<readonly any[]>
  close(): Promise<void>
}

/** A tenancy with an organisation, whose costs are checked. */
export async function createTestChecks(): Promise<TestChecks> {
  const test = await createTestTenancy()
  const {
    organisationId,
    state,
    store: { costs },
  } = test
  const table = createViewTable(state)
  let executions = 0
  const goTo = (day: Day) => test.move(Date.parse(day) + MS_PER_DAY / 2 - test.now())
  const start = (): Started => {
    const ports = { state, clock: { now: test.now }, ids, actions: test.restarted().actions }
    const onFault = (error: unknown) => {
      throw error
    }
    return (started = {
      views: createViews(ports),
      budgets: createBudgets(ports),
      detectors: createSpikeDetectors(ports),
      checks: createCostChecks({ ...ports, costs, table, onFault }),
    })
  }
  let started: Started
  goTo(addDays(MONTH, 10))
  start()
  return {
    test,
    table,
    start,
    goTo,
    createBudget: (more = {}) =>
      started.budgets.create(OPERATOR, {
        ...{ organisationId, name: `budget ${(executions += 1)}` },
        ...{ yearAmount: '1200', forecastThresholds: [], ...more },
      }),
    bring: async (rows, more = {}) => {
      const execution = `execution ${(executions += 1)}`
      await importRows(costs, organisationId, { rows, execution, ...more })
      await started.checks.evaluate(organisationId)
    },
    told: async (name) => (await test.events(name)).map(({ fields }) => fields),
    close: async () => {
      table.close()
      await test.close()
    },
  }
}

/** So much a day, from one day to another. */
export const days = (
  from: Day,
  to: Day,
  cost: string | ((day: Day) => string),
  more: Partial<CostRow> = {},
) =>
  daysFrom(from, to).map((day) => costRow(day, typeof cost === 'string' ? cost : cost(day), more))
