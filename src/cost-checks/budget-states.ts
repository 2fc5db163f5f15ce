import type { Budget, BudgetStatus } from '#src/model/budget.ts'
import { collection } from '#src/ports/state.ts'
import type { State } from '#src/ports/state.ts'
import type { BudgetPeriod } from './budget-periods.ts'

/** What is known of a budget in one period, and what was told of it. */
export interface BudgetState {
  /** Of the budget, when it was evaluated. */
  readonly revision: number
  readonly status: BudgetStatus
  readonly reached: readonly Reached[]
  /** Thresholds of which it was told that spend is below them again. */
  readonly corrected: readonly number[]
  readonly foretold: readonly Foretold[]
  /** Which costs `foretold` has counted. */
  readonly costsKey: string
}

/** A threshold that was told, once and for all in its period. */
type Reached = NonNullable<BudgetStatus['reached']>[number]

/** A threshold of the forecast: it swings, so it must be above, or below, twice in a row. */
export interface Foretold {
  readonly percent: number
  readonly above: number
  readonly below: number
  readonly told: boolean
}

/** By budget and first day of the period. */
export const BUDGET_STATES = collection<BudgetState>('budget-states')

export function budgetStateKey({ id }: Pick<Budget, 'id'>, { start }: BudgetPeriod): string {
  return `${id}|${start}`
}

export async function statusOf(
  state: Pick<State, 'get'>,
  budget: Budget,
  period: BudgetPeriod,
): Promise<BudgetStatus> {
  const found = await state.get(BUDGET_STATES, budgetStateKey(budget, period))
  const isCurrent = found?.revision === budget.revision
  return isCurrent ? found.status : { budgetId: budget.id, state: 'WAITING' }
}

const DOCUMENTS_PER_READ = 500

/** Forgets what was known of a budget that is gone. */
export async function forgetBudget(state: State, id: string): Promise<void> {
  const options = { prefix: `${id}|`, limit: DOCUMENTS_PER_READ }
  for (;;) {
    const found = await state.list(BUDGET_STATES, options)
    if (found.length === 0) return
    await state.transact(async (transaction) => {
      for (const { key } of found) transaction.delete(BUDGET_STATES, key)
    })
  }
}
