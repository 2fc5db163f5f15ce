import type { AlertContributor } from '#src/model/alert.ts'
import type { CostRow, Day } from '#src/model/cost.ts'
import { addDays } from '#src/model/day.ts'
import { ZERO, compareMoney, formatMoney, sumOf } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import type { CostStore, DayRange } from '#src/ports/cost-store.ts'
import { inCurrency } from './forecast.ts'

/** Which rows a sum is over. */
export interface ContributorScope {
  readonly organisationId: string
  readonly currency: string
  /** Whether a row counts: of the scope, and of the costs that are looked at. */
  readonly counts: (row: CostRow) => boolean
}

const TOLD_MAX = 5
const TOLD_PER_DIMENSION_MAX = 3
const SHARE_MIN = 0.1
/** A day is compared with so many of the same weekday before it. */
const WEEKS_COMPARED = 4

const DIMENSIONS = ['service', 'account', 'region', 'meter'] as const
type Dimension = (typeof DIMENSIONS)[number]
type Sums = ReadonlyMap<Dimension, Map<string, Money>>

/** The services that most of a period's costs are of. */
export async function greatestOf(
  costs: Pick<CostStore, 'rows'>,
  scope: ContributorScope,
  days: DayRange,
): Promise<AlertContributor[]> {
  const sums = await sumsOf(costs, scope, days)
  const services = sums.get('service') ?? new Map<string, Money>()
  const whole = sumOf(services.values())
  return contributorsOf('service', services, whole).slice(0, TOLD_MAX)
}

/** What a day cost more of than the same weekday of the last weeks, by each dimension. */
export async function causesOf(
  costs: Pick<CostStore, 'rows'>,
  scope: ContributorScope,
  { day, impact }: { readonly day: Day; readonly impact: Money },
): Promise<AlertContributor[]> {
  const weeks = Array.from({ length: WEEKS_COMPARED + 1 }, (_, week) => addDays(day, -7 * week))
  const [today, ...before] = await Promise.all(
    weeks.map((one) => sumsOf(costs, scope, { from: one, to: one })),
  )
  return DIMENSIONS.flatMap((dimension) => {
    const more = Array.from(today?.get(dimension) ?? [], ([value, amount]) => {
      const usual = middle(before.map((sums) => sums.get(dimension)?.get(value) ?? ZERO))
      return [value, amount - usual] as const
    })
    return contributorsOf(dimension, new Map(more), impact)
      .filter(({ share }) => share >= SHARE_MIN)
      .slice(0, TOLD_PER_DIMENSION_MAX)
  })
}

async function sumsOf(
  costs: Pick<CostStore, 'rows'>,
  { organisationId, currency, counts }: ContributorScope,
  days: DayRange,
): Promise<Sums> {
  const sums = new Map(DIMENSIONS.map((dimension) => [dimension, new Map<string, Money>()]))
  for await (const row of costs.rows(organisationId, days)) {
    if (row.currency !== currency || !counts(row)) continue
    for (const [dimension, ofDimension] of sums) {
      const value = dimension === 'account' ? row.accountId : row[dimension]
      ofDimension.set(value, (ofDimension.get(value) ?? ZERO) + row.effectiveCost)
    }
  }
  return sums
}

function contributorsOf(
  dimension: Dimension,
  amounts: ReadonlyMap<string, Money>,
  whole: Money,
): AlertContributor[] {
  const inWhole = inCurrency(whole)
  return Array.from(amounts)
    .filter(([value, amount]) => amount > ZERO && value !== '')
    .toSorted(([a, x], [b, y]) => compareMoney(y, x) || (a < b ? -1 : 1))
    .map(([value, amount]) => ({
      dimension,
      value,
      amount: formatMoney(amount),
      share: inWhole > 0 ? Math.min(1, inCurrency(amount) / inWhole) : 0,
    }))
}

function middle(amounts: readonly Money[]): Money {
  const sorted = amounts.toSorted(compareMoney)
  return sorted[sorted.length >> 1] ?? ZERO
}
