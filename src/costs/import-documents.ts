import type { CostTotal } from '#src/model/cost.ts'
import type { CostImport, CostTotalText } from '#src/model/cost-import.ts'
import { formatMoney } from '#src/model/money.ts'
import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'

/** By id; ids are in the order of time. */
export const COST_IMPORTS = collection<CostImport>('cost-imports')
/** Ids of those that wait or run, in the order in which they are done. */
export const COST_IMPORT_QUEUE = collection<true>('cost-import-queue')

/** Changes an import, unless it is gone or `change` answers undefined. */
export async function changeImport(
  state: State,
  id: string,
  change: (before: CostImport) => CostImport | undefined,
): Promise<CostImport | undefined> {
  return state.transact(async (transaction) => {
    const before = await transaction.get(COST_IMPORTS, id)
    const after = before && change(before)
    if (after !== undefined) putImport(transaction, after)
    return after
  })
}

export function putImport(transaction: StateTransaction, costImport: CostImport): void {
  const { id, status } = costImport
  transaction.put(COST_IMPORTS, id, costImport)
  if (status === 'waiting' || status === 'running') transaction.put(COST_IMPORT_QUEUE, id, true)
  else transaction.delete(COST_IMPORT_QUEUE, id)
}

export function totalText({ currency, billedCost, effectiveCost }: CostTotal): CostTotalText {
  return {
    currency,
    billedCost: formatMoney(billedCost),
    effectiveCost: formatMoney(effectiveCost),
  }
}
