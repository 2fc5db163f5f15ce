import type { Store } from '#src/adapters/sqlite/store.ts'
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
}

/** Puts together what looks at costs. */
export function createCostParts({
  store,
  tenancy,
}: {
  readonly store: Pick<Store, 'state' | 'costs'>
  readonly tenancy: Pick<Tenancy, 'actions'>
}): CostParts {
  const { state, costs } = store
  const views = createViews({ state, ids, actions: tenancy.actions })
  const viewTable = createViewTable(state)
  return { views, viewTable, viewAnswers: createViewAnswers({ views, table: viewTable, costs }) }
}
