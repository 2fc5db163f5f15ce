import type { CostTotal } from '#src/model/cost.ts'
import type { CostImport, CostImportStatus, CostTotalText } from '#src/model/cost-import.ts'
import { formatMoney } from '#src/model/money.ts'
import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Initiator } from '#src/tenancy/actions.ts'
import { backwards } from '#src/tenancy/documents.ts'

/** By organisation: how often something was made that there may be only so many of. */
const COST_TURNS = collection<number>('cost-turns')

/** Has what is made of an organisation at the same time go one after the other, so that all is counted. */
export async function takeTurn(
  transaction: StateTransaction,
  organisationId: string,
): Promise<void> {
  const turns = (await transaction.get(COST_TURNS, organisationId)) ?? 0
  transaction.put(COST_TURNS, organisationId, turns + 1)
}

export interface StoredCostImport extends CostImport {
  /** Its billing periods are on their way into their places: it is too late to cancel it. */
  readonly isPublishing?: true
  /** Who asked for it; absent where the time of its source had come. */
  readonly initiator?: Initiator
}

/** By id; ids are in the order of time. */
export const COST_IMPORTS = collection<StoredCostImport>('cost-imports')
/** By organisation, the newest first; holds the id. */
export const COST_IMPORTS_IN_ORDER = collection<string>('cost-imports-in-order')
/** Ids of those that wait or run, in the order in which they are done. */
export const COST_IMPORT_QUEUE = collection<true>('cost-import-queue')
/** Ids of those whose files are still to come. */
export const COST_UPLOADS = collection<true>('cost-uploads')

/** Changes an import, unless it is gone or `change` answers undefined. */
export async function changeImport(
  state: State,
  id: string,
  change: (before: StoredCostImport) => StoredCostImport | undefined,
): Promise<StoredCostImport | undefined> {
  return state.transact(async (transaction) => {
    const before = await transaction.get(COST_IMPORTS, id)
    const after = before && change(before)
    if (after !== undefined) putImport(transaction, after)
    return after
  })
}

export function putImport(transaction: StateTransaction, costImport: StoredCostImport): void {
  const { id, status } = costImport
  transaction.put(COST_IMPORTS, id, costImport)
  transaction.put(COST_IMPORTS_IN_ORDER, placeInOrder(costImport), id)
  const lists = [
    [COST_IMPORT_QUEUE, isQueued(status)],
    [COST_UPLOADS, status === 'uploading'],
  ] as const
  for (const [list, belongs] of lists) {
    if (belongs) transaction.put(list, id, true)
    else transaction.delete(list, id)
  }
}

const IMPORTS_PER_READ = 500

/** Lists the imports of a store that an older version wrote: it had no list in that order. */
export async function putAllInOrder(state: State): Promise<void> {
  let after: string | undefined
  for (;;) {
    const some = await state.list(COST_IMPORTS, {
      limit: IMPORTS_PER_READ,
      ...(after !== undefined && { after }),
    })
    const unlisted: string[] = []
    for (const { key, value } of some) {
      const listed = await state.get(COST_IMPORTS_IN_ORDER, placeInOrder(value))
      if (listed === undefined) unlisted.push(key)
    }
    // Meanwhile one may have been forgotten.
    for (const id of unlisted) await changeImport(state, id, (costImport) => costImport)
    if (some.length < IMPORTS_PER_READ) return
    after = some.at(-1)?.key
  }
}

/** Forgets an import that has ended. */
export function deleteImport(transaction: StateTransaction, costImport: CostImport): void {
  transaction.delete(COST_IMPORTS, costImport.id)
  transaction.delete(COST_IMPORTS_IN_ORDER, placeInOrder(costImport))
}

export function importsPrefix(organisationId: string): string {
  return `${organisationId}|`
}

function placeInOrder({ id, organisationId, createdAt }: CostImport): string {
  return `${importsPrefix(organisationId)}${backwards(createdAt)}|${id}`
}

export function shownImport(stored: StoredCostImport): CostImport {
  const { isPublishing: _, initiator: __, ...shown } = stored
  return shown
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
