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

export interface CostPart {
  readonly value: string
  readonly amount: Money
}

/** The greatest parts of what some days cost, and all others as one, so that they add up to it. */
export async function partsOf(
  costs: Pick<CostStore, 'rows'>,
  scope: ContributorScope,
  given: {
    readonly days: DayRange
    readonly whole: Money
    /** What is borne of shared segments; the value is the title of one. */
    readonly shared: readonly CostPart[]
  },
): Promise<AlertContributor[]> {
  const { days, whole, shared } = given
  const services = (await sumsOf(costs, scope, days)).get('service') ?? new Map<string, Money>()
  const borne = new Map(shared.map(({ value, amount }) => [value, amount]))
  const greatest = [...partsIn('service', services), ...partsIn('shared', borne)]
    .toSorted(byAmount)
    .slice(0, TOLD_MAX)
  const rest = whole - sumOf(greatest.map(({ amount }) => amount))
  const others = rest === ZERO ? [] : [{ dimension: 'other', value: '', amount: rest } as const]
  return [...greatest, ...others].map(shareOf(whole))
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
    return partsIn(dimension, new Map(more))
      .map(shareOf(impact))
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

type Part = CostPart & Pick<AlertContributor, 'dimension'>

/** The greatest first. */
function partsIn(
  dimension: AlertContributor['dimension'],
  amounts: ReadonlyMap<string, Money>,
): readonly Part[] {
  return Array.from(amounts, ([value, amount]) => ({ dimension, value, amount }))
    .filter(({ value, amount }) => amount > ZERO && value !== '')
    .toSorted(byAmount)
}

function byAmount(a: CostPart, b: CostPart): number {
  return compareMoney(b.amount, a.amount) || (a.value < b.value ? -1 : 1)
}

function shareOf(whole: Money) {
  const inWhole = inCurrency(whole)
  return ({ dimension, value, amount }: Part): AlertContributor => ({
    dimension,
    value,
    amount: formatMoney(amount),
    share: inWhole > 0 ? inCurrency(amount) / inWhole : 0,
  })
}

function middle(amounts: readonly Money[]): Money {
  const sorted = amounts.toSorted(compareMoney)
  return sorted[sorted.length >> 1] ?? ZERO
}
