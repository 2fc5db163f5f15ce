import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import type { CostRow } from '#src/model/cost.ts'
import { formatMoney, parseMoney, sumOf } from '#src/model/money.ts'
import type { CostStore, StagedDimensions } from '#src/ports/cost-store.ts'

const usd = (text: string) => parseMoney(text) ?? 0n

/** A row of usage in dollars; what it cost is billed and effective alike. */
export const costRow = (day: string, cost: string, more: Partial<CostRow> = {}): CostRow => ({
  ...{ day, provider: 'AWS', billingAccountId: '111111111111', accountId: '444444444444' },
  ...{ service: 'AmazonEC2', region: 'eu-west-1', chargeCategory: 'Usage', currency: 'USD' },
  ...{ chargeFrequency: 'Usage-Based', chargeClass: '', meter: 'BoxUsage', tags: {} },
  ...{ billedCost: usd(cost), effectiveCost: usd(cost), ...more },
})

export interface ImportedRows {
  readonly rows: readonly CostRow[]
  readonly execution: string
  readonly exportName?: string
  /** Whether the last day of each month, and all before it, are complete; else none of it is. */
  readonly isComplete?: boolean
}

/** Imports rows as an export of an organisation that tells all of its months anew. */
export async function importRows(
  costs: CostStore,
  organisationId: string,
  given: ImportedRows,
): Promise<void> {
  const { rows, execution, exportName = 'test', isComplete = true } = given
  const staging = await costs.stage({ organisationId, exportName })
  const months = Map.groupBy(rows, ({ day }) => day.slice(0, 7))
  const periods = []
  for (const [month, ofMonth] of months) {
    const dimensions: StagedDimensions[] = []
    const staged = ofMonth.map(({ day, billedCost, effectiveCost, ...rest }, number) => {
      dimensions.push({ ...rest, month, number })
      return { day, month, dimension: number, billedCost, effectiveCost }
    })
    await staging.add({ dimensions, rows: staged })
    const days = ofMonth.map(({ day }) => day).toSorted()
    const [firstDay = '', lastDay = ''] = [days[0], days.at(-1)]
    const total = sumOf(ofMonth.map(({ effectiveCost }) => effectiveCost))
    periods.push({
      ...{ month, execution, importId: `${execution} ${month} ${formatMoney(total)}` },
      ...{ importedAt: 1, firstDay, lastDay, rows: ofMonth.length },
      ...(isComplete && { completeThrough: lastDay }),
      billingAccountIds: ['111111111111'],
      totals: [{ currency: 'USD', billedCost: total, effectiveCost: total }],
    })
  }
  await staging.publish(periods)
}

/** The same into the store of a data folder that no hub has open. */
export async function importRowsInto(
  folder: string,
  ...given: readonly [organisationId: string, rows: ImportedRows]
): Promise<void> {
  const store = await openSqliteStore({ folder })
  try {
    await importRows(store.costs, ...given)
  } finally {
    await store.close()
  }
}
