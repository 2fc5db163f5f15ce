import { RestError } from '#src/errors.ts'
import type { AlertSegment } from '#src/model/alert.ts'
import { completenessOf } from '#src/model/complete-through.ts'
import type { Day } from '#src/model/cost.ts'
import { addMonths, daysBetween, daysFrom, monthOf } from '#src/model/day.ts'
import { ZERO, formatMoney, sumOf } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import type { Principal } from '#src/model/principal.ts'
import type { CostMeasure, View, ViewSubject } from '#src/model/view.ts'
import type { CostStore } from '#src/ports/cost-store.ts'
import type { ExplainedSegment } from './compiled-view.ts'
import { viewCosts } from './view-costs.ts'
import type { SegmentCosts } from './view-costs.ts'
import { alertSegment } from './view-table.ts'
import type { ViewTable } from './view-table.ts'
import type { Views } from './views.ts'

/** Three years, as far back as the reference system shows costs. */
export const COST_DAYS_MAX = 1_100
/** Of a currency in one answer, each before and after the split: 130 segments for a year by the day. */
export const COST_AMOUNTS_MAX = 50_000

export interface ViewCostsRequest {
  readonly from: Day
  readonly to: Day
  readonly granularity: 'day' | 'month'
  readonly measure: CostMeasure
  /** Absent: the newest. */
  readonly version?: number | undefined
}

/** Amounts are decimals in `currency`, in the order of `periods`. */
export interface CurrencyCosts {
  readonly currency: string
  readonly total: readonly string[]
  readonly segments: readonly {
    readonly segmentId: string
    readonly segmentNumber: number
    readonly segmentTitle: string
    /** After shared costs were split over those that bear them. */
    readonly costs: readonly string[]
    /** Before that. */
    readonly own: readonly string[]
    readonly sum: string
  }[]
}

export interface ViewCostsAnswer extends ViewCostsRequest {
  readonly viewId: string
  readonly viewVersion: number
  readonly completeThrough?: Day | undefined
  /** The first day of each. */
  readonly periods: readonly Day[]
  readonly currencies: readonly CurrencyCosts[]
}

export interface ViewExplanation {
  readonly viewId: string
  readonly viewVersion: number
  readonly segment: AlertSegment
  /** Those before it and why they do not take it, then the one that does. */
  readonly tried: readonly ExplainedSegment[]
}

/** What views say of costs and resources. */
export interface ViewAnswers {
  costs(caller: Principal, id: string, asked: ViewCostsRequest): Promise<ViewCostsAnswer>
  /** Why something falls in the segment that it falls in. */
  explain(
    caller: Principal,
    id: string,
    asked: { readonly subject: ViewSubject; readonly version?: number | undefined },
  ): Promise<ViewExplanation>
}

export function createViewAnswers(ports: {
  readonly views: Views
  readonly table: ViewTable
  readonly costs: Pick<CostStore, 'rows' | 'periods'>
}): ViewAnswers {
  const { views, table, costs } = ports
  return {
    costs: async (caller, id, asked) => {
      checkRange(asked)
      const view = await views.get(caller, id, asked.version)
      const periods = periodsOf(asked)
      checkAmounts(view, periods, asked)
      const { organisationId } = view
      const compiled = await table.compiled(view)
      const { through } = completenessOf(await costs.periods(organisationId))
      const found = await viewCosts(costs, compiled, { ...asked, organisationId })
      return {
        viewId: view.id,
        viewVersion: view.version,
        ...asked,
        version: view.version,
        ...(through !== undefined && { completeThrough: through }),
        periods,
        currencies: Array.from(found.own.keys())
          .toSorted()
          .map((currency) => ({
            currency,
            ...shown(view, periods, {
              granularity: asked.granularity,
              own: amountsOf(found.own, currency),
              borne: amountsOf(found.borne, currency),
            }),
          })),
      }
    },
    explain: async (caller, id, { subject, version }) => {
      const view = await views.get(caller, id, version)
      const compiled = await table.compiled(view)
      return {
        viewId: view.id,
        viewVersion: view.version,
        segment: alertSegment(view, compiled.segmentOf(subject)),
        tried: compiled.explain(subject),
      }
    },
  }
}

function checkRange({ from, to }: ViewCostsRequest): void {
  const days = daysBetween(from, to) + 1
  if (days >= 1 && days <= COST_DAYS_MAX) return
  throw new RestError(
    400,
    'view.invalid-range',
    days < 1
      ? `the range ends before it begins: "from" ${from}, "to" ${to}`
      : `${days} days are more than the ${COST_DAYS_MAX} that can be asked for at once`,
  )
}

function checkAmounts(
  { segments }: View,
  periods: readonly Day[],
  { granularity }: ViewCostsRequest,
): void {
  if (segments.length * periods.length <= COST_AMOUNTS_MAX) return
  throw new RestError(
    400,
    'view.invalid-range',
    `${periods.length} ${granularity}s of ${segments.length} segments are more than ${COST_AMOUNTS_MAX} amounts: ask for fewer days${granularity === 'day' ? ', or by the month' : ''}`,
  )
}

function periodsOf({ from, to, granularity }: ViewCostsRequest): readonly Day[] {
  if (granularity === 'day') return daysFrom(from, to)
  const months: Day[] = []
  for (let month = addMonths(from, 0); month <= to; month = addMonths(month, 1)) months.push(month)
  return months
}

type DaysOfSegments = ReadonlyMap<Day, readonly Money[]>

function amountsOf(costs: SegmentCosts, currency: string): DaysOfSegments {
  return costs.get(currency) ?? new Map()
}

function shown(
  { segments }: View,
  periods: readonly Day[],
  given: {
    readonly granularity: 'day' | 'month'
    readonly own: DaysOfSegments
    readonly borne: DaysOfSegments
  },
): Omit<CurrencyCosts, 'currency'> {
  const place = new Map(periods.map((period, at) => [period, at]))
  const placeOf = (day: Day) => place.get(given.granularity === 'day' ? day : `${monthOf(day)}-01`)
  const series = (costs: DaysOfSegments) => {
    const rows = segments.map(() => periods.map((): Money => ZERO))
    for (const [day, amounts] of costs) {
      const at = placeOf(day)
      if (at === undefined) continue
      for (const [segment, amount] of amounts.entries()) {
        const row = rows[segment]
        if (row !== undefined) row[at] = (row[at] ?? ZERO) + amount
      }
    }
    return rows
  }
  const [own, borne] = [series(given.own), series(given.borne)]
  return {
    total: periods.map((_, at) => formatMoney(sumOf(own.map((row) => row[at] ?? ZERO)))),
    segments: segments.map(({ id, number, title }, at) => ({
      segmentId: id,
      segmentNumber: number,
      segmentTitle: title,
      costs: (borne[at] ?? []).map(formatMoney),
      own: (own[at] ?? []).map(formatMoney),
      sum: formatMoney(sumOf(borne[at] ?? [])),
    })),
  }
}
