import type { CostTotal } from '#src/model/cost.ts'
import type { CostImport, CostImportStatus, CostTotalText } from '#src/model/cost-import.ts'
import { formatMoney } from '#src/model/money.ts'
import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'

/** By id; ids are in the order of time. */
export const COST_IMPORTS = collection<CostImport>('cost-imports')
/** Ids of those that wait or run, in the order in which they are done. */
export const COST_IMPORT_QUEUE = collection<true>('cost-import-queue')
/** Ids of those whose files are still to come. */
export const COST_UPLOADS = collection<true>('cost-uploads')

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
  const lists = [
    [COST_IMPORT_QUEUE, isQueued(status)],
    [COST_UPLOADS, status === 'uploading'],
  ] as const
  for (const [list, belongs] of lists) {
    if (belongs) transaction.put(list, id, true)
    else transaction.delete(list, id)
  }
}

export function isQueued(status: CostImportStatus): boolean {
  return status === 'waiting' || status === 'running'
}

export function totalText({ currency, billedCost, effectiveCost }: CostTotal): CostTotalText {
  return {
    currency,
    billedCost: formatMoney(billedCost),
    effectiveCost: formatMoney(effectiveCost),
  }
}
