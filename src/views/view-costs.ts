import { setImmediate } from 'node:timers/promises'

import type { CostRow, Day } from '#src/model/cost.ts'
import { ZERO } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import type { CostMeasure } from '#src/model/view.ts'
import type { CostStore, DayRange } from '#src/ports/cost-store.ts'
import type { CompiledView } from './compiled-view.ts'

/** Costs of the segments of a view, by currency and day, in the order of the segments. */
export type SegmentCosts = ReadonlyMap<string, ReadonlyMap<Day, readonly Money[]>>

export interface ViewCosts {
  /** What falls in each segment. */
  readonly own: SegmentCosts
  /** The same after the costs of shared segments were split over others. */
  readonly borne: SegmentCosts
}

export interface AskedCosts extends DayRange {
  readonly organisationId: string
  readonly measure: CostMeasure
}

/** What a row adds to a sum of that kind. */
function measured(row: CostRow, measure: CostMeasure): Money {
  if (measure === 'BILLED') return row.billedCost
  if (measure === 'ALL' || row.chargeCategory === 'Usage') return row.effectiveCost
  return ZERO
}

/** Adds up the costs of each segment. Rows come in pages, so nothing else waits for long. */
export async function viewCosts(
  costs: Pick<CostStore, 'rows'>,
  compiled: CompiledView,
  { organisationId, measure, from, to }: AskedCosts,
): Promise<ViewCosts> {
  const own = new Map<string, Map<Day, Money[]>>()
  for await (const row of costs.rows(organisationId, { from, to })) {
    const amount = measured(row, measure)
    if (amount === ZERO) continue
    addTo(own, compiled, row, amount)
  }
  return { own, borne: await afterSplit(own, compiled) }
}

/** The costs of each segment of rows that are in memory. */
function addTo(
  own: Map<string, Map<Day, Money[]>>,
  compiled: CompiledView,
  row: CostRow,
  amount: Money,
): void {
  let days = own.get(row.currency)
  if (days === undefined) own.set(row.currency, (days = new Map()))
  let segments = days.get(row.day)
  if (segments === undefined) {
    segments = compiled.view.segments.map(() => ZERO)
    days.set(row.day, segments)
  }
  const at = compiled.segmentOf(row)
  segments[at] = (segments[at] ?? ZERO) + amount
}

/** A day at a time: of 500 segments, half of them shared, one takes tens of ms. */
async function afterSplit(own: SegmentCosts, { split }: CompiledView): Promise<SegmentCosts> {
  const borne = new Map<string, Map<Day, readonly Money[]>>()
  for (const [currency, days] of own) {
    const after = new Map<Day, readonly Money[]>()
    borne.set(currency, after)
    for (const [day, segments] of days) {
      after.set(day, split(segments))
      await setImmediate()
    }
  }
  return borne
}
