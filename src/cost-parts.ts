import type { Store } from '#src/adapters/sqlite/store.ts'
import type { BacktestPorts } from '#src/cost-checks/backtest.ts'
import { createBudgets } from '#src/cost-checks/budgets.ts'
import type { Budgets } from '#src/cost-checks/budgets.ts'
import { createCostChecks } from '#src/cost-checks/cost-checks.ts'
import { createSpikeDetectors } from '#src/cost-checks/spike-detectors.ts'
import type { SpikeDetectors } from '#src/cost-checks/spike-detectors.ts'
import { createCosts } from '#src/costs/costs.ts'
import type { Costs } from '#src/costs/costs.ts'
import { COST_IMPORTS } from '#src/costs/import-documents.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { createViewAnswers } from '#src/views/view-answers.ts'
import type { ViewAnswers } from '#src/views/view-answers.ts'
import { createViewTable } from '#src/views/view-table.ts'
import type { ViewTable } from '#src/views/view-table.ts'
import { createViews } from '#src/views/views.ts'
import type { Views } from '#src/views/views.ts'

/** Imports of costs, and what is made of them: views, and checks that become events. */
export interface CostParts {
  readonly imports: Costs['imports']
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

type ImportingPorts = Omit<Parameters<typeof createCosts>[0], keyof Store>

/** Puts together what brings costs in and what looks at them. */
export function createCostParts({
  store,
  tenancy: { actions },
  onFault,
  ...importing
}: ImportingPorts & {
  readonly store: Store
  readonly tenancy: Pick<Tenancy, 'actions'>
  readonly onFault: (error: unknown) => void
}): CostParts {
  const { state, costs } = store
  const ports = { state, clock, ids, actions }
  const imports = createCosts({ ...store, ...importing })
  const views = createViews(ports)
  const table = createViewTable(state)
  const spikeDetectors = createSpikeDetectors(ports)
  const checks = createCostChecks({ ...ports, costs, table, onFault })
  return {
    imports: imports.imports,
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
      await Promise.all([imports.run(signal), checks.run(signal)])
      stopWatching()
      table.close()
    },
  }
}
