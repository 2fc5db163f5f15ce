import type { Store } from '#src/adapters/sqlite/store.ts'
import type { BacktestPorts } from '#src/cost-checks/backtest.ts'
import { createBudgets } from '#src/cost-checks/budgets.ts'
import type { Budgets } from '#src/cost-checks/budgets.ts'
import { createCostChecks } from '#src/cost-checks/cost-checks.ts'
import { createSpikeDetectors } from '#src/cost-checks/spike-detectors.ts'
import type { SpikeDetectors } from '#src/cost-checks/spike-detectors.ts'
import type { Costs } from '#src/costs/costs.ts'
import { COST_IMPORTS } from '#src/costs/import-documents.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { createViewAnswers } from '#src/views/view-answers.ts'
import type { ViewAnswers } from '#src/views/view-answers.ts'
import { createViewTable } from '#src/views/view-table.ts'
import type { ViewTable } from '#src/views/view-table.ts'
import { createViews } from '#src/views/views.ts'
import type { Views } from '#src/views/views.ts'
import { openCosts } from './cost-places.ts'

/** Imports of costs, and what is made of them: views, and checks that become events. */
export interface CostParts {
  readonly costs: Pick<Costs, 'imports' | 'sources'>
  readonly views: Views
  readonly viewAnswers: ViewAnswers
  /** Says the segments of a resource. */
  readonly viewTable: ViewTable
  readonly budgets: Budgets
  readonly spikeDetectors: SpikeDetectors
  readonly backtests: BacktestPorts
  /** Imports and checks costs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

type ImportingPorts = Omit<Parameters<typeof openCosts>[0], keyof Store>

/** Puts together what brings costs in and what looks at them. */
export function createCostParts(
  {
    store,
    tenancy,
    onFault,
    ...importing
  }: ImportingPorts & {
    readonly store: Store
    readonly onFault: (error: unknown) => void
  },
  places: Parameters<typeof openCosts>[1],
): CostParts {
  const { actions } = tenancy
  const { state, costs } = store
  const ports = { state, clock, ids, actions }
  const bills = openCosts({ ...store, ...importing, tenancy }, places)
  const views = createViews(ports)
  const table = createViewTable(state)
  const spikeDetectors = createSpikeDetectors(ports)
  const checks = createCostChecks({ ...ports, costs, table, onFault })
  return {
    costs: bills,
    views,
    viewTable: table,
    viewAnswers: createViewAnswers({ views, table, costs }),
    budgets: createBudgets(ports),
    spikeDetectors,
    backtests: { detectors: spikeDetectors, costs, table },
    run: async (signal) => {
      // What an import brought is looked at once it has ended.
      const stopWatching = state.watch((changes) => {
        if (changes.some(({ collection }) => collection === COST_IMPORTS.name)) checks.wake()
      })
      await Promise.all([bills.run(signal), checks.run(signal)])
      stopWatching()
      table.close()
    },
  }
}
