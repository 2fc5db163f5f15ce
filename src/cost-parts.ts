import type { Store } from '#src/adapters/sqlite/store.ts'
import type { BacktestPorts } from '#src/cost-checks/backtest.ts'
import { createBudgets } from '#src/cost-checks/budgets.ts'
import type { Budgets } from '#src/cost-checks/budgets.ts'
import { createCostChecks } from '#src/cost-checks/cost-checks.ts'
import { createSpikeDetectors } from '#src/cost-checks/spike-detectors.ts'
import type { SpikeDetectors } from '#src/cost-checks/spike-detectors.ts'
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

/** What is made of costs: views, and checks that become events. */
export interface CostParts {
  readonly views: Views
  readonly viewAnswers: ViewAnswers
  /** Says the segments of a resource. */
  readonly viewTable: ViewTable
  readonly budgets: Budgets
  readonly spikeDetectors: SpikeDetectors
  readonly backtests: BacktestPorts
  /** Checks costs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

/** Puts together what looks at costs. */
export function createCostParts({
  store: { state, costs },
  tenancy: { actions },
  onFault,
}: {
  readonly store: Pick<Store, 'state' | 'costs'>
  readonly tenancy: Pick<Tenancy, 'actions'>
  readonly onFault: (error: unknown) => void
}): CostParts {
  const ports = { state, clock, ids, actions }
  const views = createViews(ports)
  const table = createViewTable(state)
  const spikeDetectors = createSpikeDetectors(ports)
  const checks = createCostChecks({ ...ports, costs, table, onFault })
  return {
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
      await checks.run(signal)
      stopWatching()
      table.close()
    },
  }
}
