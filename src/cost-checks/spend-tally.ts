import { setImmediate } from 'node:timers/promises'

import type { CostRow, Day } from '#src/model/cost.ts'
import { addDays, daysBetween } from '#src/model/day.ts'
import { ZERO } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import type { CostStore } from '#src/ports/cost-store.ts'
import type { CompiledView } from '#src/views/compiled-view.ts'

/**
 * Parts of what something costs on a day. `usage` and `all` are what budgets count; the others tell
 * a forecast what comes again: `steady` is what is used, every day anew; `usageOnce` and `allOnce` is
 * what was paid once or corrects an earlier period. What is left of usage or all comes again each
 * month, such as a fee.
 */
export const SPEND_PARTS = ['usage', 'all', 'steady', 'usageOnce', 'allOnce'] as const
export type SpendPart = (typeof SPEND_PARTS)[number]

/** By day, from the first day of the tally. */
export type SpendSeries = Readonly<Record<SpendPart, readonly Money[]>>

/** Costs of an organisation by the day, in the scopes that checks look at. */
export interface SpendTally {
  readonly from: Day
  readonly days: number
  currencies(): Iterable<string>
  organisation(currency: string): SpendSeries
  /** By AWS account id. */
  accounts(currency: string): ReadonlyMap<string, SpendSeries>
  /** What falls in the segments of a view, in their order. */
  segments(viewId: string, currency: string): readonly SpendSeries[]
  /** The same after shared costs were split. */
  borne(viewId: string, currency: string): Promise<readonly SpendSeries[]>
}

export interface TallyRequest {
  readonly organisationId: string
  readonly from: Day
  readonly to: Day
  readonly byAccount: boolean
  readonly views: readonly CompiledView[]
}

/** Reads all rows once; they come in pages, so nothing else waits for long. */
export async function tallySpend(
  costs: Pick<CostStore, 'rows'>,
  { organisationId, from, to, byAccount, views }: TallyRequest,
): Promise<SpendTally> {
  const days = daysBetween(from, to) + 1
  const scopes = new Map<string, Map<string, MutableSeries>>()
  const add = (scope: string, row: CostRow, day: number) => {
    let ofCurrency = scopes.get(row.currency)
    if (ofCurrency === undefined) scopes.set(row.currency, (ofCurrency = new Map()))
    let series = ofCurrency.get(scope)
    if (series === undefined) ofCurrency.set(scope, (series = newSeries(days)))
    addTo(series, row, day)
  }
  let [last, offset] = ['', 0]
  for await (const row of costs.rows(organisationId, { from, to })) {
    if (row.day !== last) [last, offset] = [row.day, daysBetween(from, row.day)]
    add(ORGANISATION, row, offset)
    if (byAccount) add(accountScope(row.accountId), row, offset)
    for (const compiled of views) {
      add(segmentScope(compiled.view.id, compiled.segmentOf(row)), row, offset)
    }
  }
  const nothing: SpendSeries = newSeries(days)
  const seriesOf = (currency: string, scope: string) => scopes.get(currency)?.get(scope) ?? nothing
  const compiledView = (id: string) => {
    const found = views.find(({ view }) => view.id === id)
    if (found === undefined) throw new Error(`the view ${id} was not asked for`)
    return found
  }
  const segmentsOf: SpendTally['segments'] = (viewId, currency) =>
    compiledView(viewId).view.segments.map((_, at) => seriesOf(currency, segmentScope(viewId, at)))
  return {
    from,
    days,
    currencies: () => scopes.keys(),
    organisation: (currency) => seriesOf(currency, ORGANISATION),
    accounts: (currency) => {
      const all = Array.from(scopes.get(currency) ?? [])
      const prefix = accountScope('')
      const found = all.filter(([scope]) => scope.startsWith(prefix))
      return new Map(found.map(([scope, series]) => [scope.slice(prefix.length), series]))
    },
    segments: segmentsOf,
    borne: (viewId, currency) => split(segmentsOf(viewId, currency), compiledView(viewId), days),
  }
}

/** The last day of a tally. */
export function lastDayOf({ from, days }: Pick<SpendTally, 'from' | 'days'>): Day {
  return addDays(from, days - 1)
}

/** A tally without the days after one of it, such as those that are not complete. */
export function tallyThrough(tally: SpendTally, last: Day): SpendTally {
  const days = daysBetween(tally.from, last) + 1
  const cut = (series: SpendSeries) => seriesThrough(series, days)
  return {
    from: tally.from,
    days,
    currencies: () => tally.currencies(),
    organisation: (currency) => cut(tally.organisation(currency)),
    accounts: (currency) =>
      new Map(Array.from(tally.accounts(currency), ([id, series]) => [id, cut(series)])),
    segments: (viewId, currency) => tally.segments(viewId, currency).map(cut),
    borne: async (viewId, currency) => (await tally.borne(viewId, currency)).map(cut),
  }
}

/** The first days of a series. */
export function seriesThrough(series: SpendSeries, days: number): SpendSeries {
  const cut = (part: SpendPart) => series[part].slice(0, days)
  return {
    usage: cut('usage'),
    all: cut('all'),
    steady: cut('steady'),
    usageOnce: cut('usageOnce'),
    allOnce: cut('allOnce'),
  }
}

/** The days of a tally from one to another, of one part; both belong to it. */
export function daysOf(
  { from, days }: Pick<SpendTally, 'from' | 'days'>,
  amounts: readonly Money[],
  range: { readonly from: Day; readonly to: Day },
): readonly Money[] {
  const first = Math.max(0, daysBetween(from, range.from))
  const end = Math.min(days, daysBetween(from, range.to) + 1)
  return amounts.slice(first, Math.max(first, end))
}

/** Whether a row is of what is used day by day: no fees, and nothing of an earlier period. */
export function isSteady(row: CostRow): boolean {
  const { chargeCategory, chargeFrequency, chargeClass } = row
  const byUse = chargeFrequency === 'Usage-Based' || chargeFrequency === ''
  return chargeCategory === 'Usage' && byUse && chargeClass === ''
}

const ORGANISATION = 'organisation'
const accountScope = (accountId: string) => `account|${accountId}`
const segmentScope = (viewId: string, at: number) => `segment|${viewId}|${at}`

type MutableSeries = Record<SpendPart, Money[]>

function newSeries(days: number): MutableSeries {
  const zeros = () => Array.from({ length: days }, (): Money => ZERO)
  return { usage: zeros(), all: zeros(), steady: zeros(), usageOnce: zeros(), allOnce: zeros() }
}

function addTo(series: MutableSeries, row: CostRow, at: number): void {
  const isOnce = row.chargeFrequency === 'One-Time' || row.chargeClass === 'Correction'
  const isUsage = row.chargeCategory === 'Usage'
  const add = (part: SpendPart) => {
    const amounts = series[part]
    amounts[at] = (amounts[at] ?? ZERO) + row.effectiveCost
  }
  add('all')
  if (isOnce) add('allOnce')
  if (!isUsage) return
  add('usage')
  if (isOnce) add('usageOnce')
  if (isSteady(row)) add('steady')
}

async function split(
  own: readonly SpendSeries[],
  compiled: CompiledView,
  days: number,
): Promise<readonly SpendSeries[]> {
  const borne = own.map(() => newSeries(days))
  for (const part of SPEND_PARTS) {
    for (let day = 0; day < days; day += 1) {
      // A day of many segments takes a while, and events want their turn.
      await setImmediate()
      const amounts = compiled.split(own.map((series) => series[part][day] ?? ZERO))
      for (const [at, amount] of amounts.entries()) {
        const series = borne[at]
        if (series !== undefined) series[part][day] = amount
      }
    }
  }
  return borne
}
