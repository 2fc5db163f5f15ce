import { setImmediate } from 'node:timers/promises'

import type { AlertContributor } from '#src/model/alert.ts'
import type { Budget } from '#src/model/budget.ts'
import type { CostRow } from '#src/model/cost.ts'
import { ZERO, sumOf } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import type { CostStore, DayRange } from '#src/ports/cost-store.ts'
import type { CompiledView } from '#src/views/compiled-view.ts'
import { partsOf } from './contributors.ts'
import type { CostPart } from './contributors.ts'
import { daysOf } from './spend-tally.ts'
import type { SpendTally } from './spend-tally.ts'

/** Spend of a budget over some days, and the segment that it is of. */
export interface BudgetSpend {
  readonly budget: Budget
  readonly spend: Money
  readonly days: DayRange
  readonly tally: SpendTally
  readonly segment?: SpendSegment | undefined
}

interface SpendSegment {
  readonly compiled: CompiledView
  readonly at: number
}

/** The services that a budget's spend is of, and what its segment bears of shared costs. */
export async function partsOfSpend(
  costs: Pick<CostStore, 'rows'>,
  given: BudgetSpend,
): Promise<AlertContributor[]> {
  const { budget, spend, days, segment } = given
  const { organisationId, currency } = budget
  const counts = (row: CostRow) =>
    (budget.costs === 'ALL' || row.chargeCategory === 'Usage') &&
    (segment === undefined || segment.compiled.segmentOf(row) === segment.at)
  const shared = segment === undefined ? [] : await borneParts(given, segment)
  return partsOf(costs, { organisationId, currency, counts }, { days, whole: spend, shared })
}

/** What a segment bears of each shared segment, as each day is split. */
async function borneParts(
  { budget, days, tally }: BudgetSpend,
  { compiled, at }: SpendSegment,
): Promise<readonly CostPart[]> {
  const { view, split } = compiled
  const shared = view.segments.flatMap(({ split: how }, number) => (how ? [number] : []))
  if (shared.length === 0) return []
  const part = budget.costs === 'USAGE' ? 'usage' : 'all'
  const own = tally
    .segments(view.id, budget.currency)
    .map((series) => daysOf(tally, series[part], days))
  const amounts = shared.map((): Money[] => [])
  for (let day = 0; day < (own[at]?.length ?? 0); day += 1) {
    // As where all of a tally is split: events want their turn.
    await setImmediate()
    const ofDay = own.map((series) => series[day] ?? ZERO)
    for (const [number, one] of shared.entries()) {
      // Each shared segment is split by itself, so the others may as well have cost nothing.
      const alone = ofDay.map((amount, of) => (of !== one && shared.includes(of) ? ZERO : amount))
      amounts[number]?.push((split(alone)[at] ?? ZERO) - (alone[at] ?? ZERO))
    }
  }
  return shared.map((number, index) => ({
    value: view.segments[number]?.title ?? '',
    amount: sumOf(amounts[index] ?? []),
  }))
}
