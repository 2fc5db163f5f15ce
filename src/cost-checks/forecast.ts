import type { Day } from '#src/model/cost.ts'
import { addDays, addMonths, daysBetween } from '#src/model/day.ts'
import { MONEY_DECIMALS, ZERO, sumOf } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import { createSpendModel } from './spend-model.ts'
import type { SpendModel } from './spend-model.ts'
import type { SpendSeries, SpendTally } from './spend-tally.ts'

/** Before this many days nothing is foretold. */
export const FORECAST_DAYS_MIN = 35

const MONTHS_TESTED = 3
/** The interval is of 80 %: so many standard deviations to each side. */
const DEVIATIONS = 1.2816
/** How wrong forecasts were is found out from every third day, of the last 12 weeks. */
const ORIGIN_STEP = 3
const ORIGIN_DAYS = 84
const ORIGINS_MIN = 5
/** Two weeks show how wrong forecasts are; what is longer is taken to be as much more wrong. */
const HORIZON_TESTED_MAX = 28
/** Where there is too little history to find out: nobody foretells better than this. */
const ERROR_ASSUMED = 0.1
const ERROR_MIN = 0.005
const UNITS = 10 ** MONEY_DECIMALS

export interface Forecast {
  readonly estimate: Money
  readonly low: Money
  readonly high: Money
  /** Mean absolute error of months in per cent; undefined: no month could be tested. */
  readonly errorPercent: number | undefined
  readonly monthsTested: number
}

export interface ForecastRequest {
  readonly tally: Pick<SpendTally, 'from' | 'days'>
  readonly series: SpendSeries
  readonly costs: 'USAGE' | 'ALL'
  readonly periodStart: Day
  /** The first day after the period. */
  readonly periodEnd: Day
}

/**
 * What a period will have cost when it is over: what the days of the tally did, what days like them
 * will, and what comes again on its day of the month.
 * @returns undefined where there is too little history
 */
export function forecast(request: ForecastRequest): Forecast | undefined {
  const { tally, series, costs, periodStart, periodEnd } = request
  const first = firstDayWithCosts(series)
  if (first === undefined || tally.days - first < FORECAST_DAYS_MIN) return undefined
  const seen = seenOf(tally, series, costs)
  const { model, total, steady } = seen
  const left = Math.max(0, daysBetween(addDays(tally.from, tally.days), periodEnd))
  const spent = spentBetween(seen, daysBetween(tally.from, periodStart), tally.days)
  const rest = restAhead(seen, tally.days, left)
  if (rest === undefined) return undefined
  const spread = left === 0 ? 0 : errorOf(model, steady, { first, days: left })
  const steadyRest = rest.steady
  const [low, high] = [-1, 1].map((side) => steadyRest * Math.exp(side * DEVIATIONS * spread))
  const sure = spent + rest.monthly
  const tested = backTested(seen, { from: tally.from, first, end: total.length })
  return {
    estimate: sure + units(steadyRest),
    low: sure + units(low ?? 0),
    high: sure + units(high ?? 0),
    ...tested,
  }
}

interface Seen {
  readonly from: Day
  readonly model: SpendModel
  /** In units of the currency. */
  readonly steady: readonly number[]
  readonly total: readonly Money[]
  /** What comes again on its day of the month. */
  readonly monthly: readonly Money[]
}

function seenOf(
  { from }: Pick<SpendTally, 'from'>,
  series: SpendSeries,
  costs: 'USAGE' | 'ALL',
): Seen {
  const [total, once] =
    costs === 'USAGE' ? [series.usage, series.usageOnce] : [series.all, series.allOnce]
  const steady = series.steady.map(inCurrency)
  const monthly = total.map(
    (amount, at) => amount - (series.steady[at] ?? ZERO) - (once[at] ?? ZERO),
  )
  return { from, model: createSpendModel(steady), steady, total, monthly }
}

/** What the days after the first `known` cost, as far as can be known from these. */
function restAhead({ from, model, monthly }: Seen, known: number, days: number) {
  const ahead = model.ahead(known, days)
  if (ahead === undefined) return undefined
  const again = Array.from({ length: days }, (_, day) => {
    // The same day of the month before, and of the month before that where that is not known yet.
    let at = known + day
    while (at >= known) at = sameDayOfMonthBefore(from, at)
    return monthly[at] ?? ZERO
  })
  return { steady: ahead.reduce((sum, one) => sum + one, 0), monthly: sumOf(again) }
}

/** A day that the month before has not is its last: the 31st of March is the 28th of February. */
function sameDayOfMonthBefore(from: Day, at: number): number {
  const day = addDays(from, at)
  const monthBefore = addMonths(day, -1)
  const lastOfIt = addDays(addMonths(day, 0), -1)
  const same = addDays(monthBefore, Number(day.slice(8)) - 1)
  return daysBetween(from, same > lastOfIt ? lastOfIt : same)
}

function spentBetween({ total }: Seen, first: number, end: number): Money {
  return sumOf(total.slice(Math.max(0, first), end))
}

/** The standard deviation, in logarithms, of how forecasts so far ahead were off. */
function errorOf(
  model: SpendModel,
  steady: readonly number[],
  { first, days }: { readonly first: number; readonly days: number },
): number {
  const horizon = Math.min(days, HORIZON_TESTED_MAX)
  const newest = steady.length - horizon
  const off: number[] = []
  for (let known = newest; known >= newest - ORIGIN_DAYS; known -= ORIGIN_STEP) {
    if (known - first < FORECAST_DAYS_MIN - 1) break
    const ahead = model.ahead(known, horizon)
    const actual = steady.slice(known, known + horizon).reduce((sum, one) => sum + one, 0)
    const foretold = ahead?.reduce((sum, one) => sum + one, 0) ?? 0
    if (actual > 0 && foretold > 0) off.push(Math.log(actual / foretold))
  }
  const longer = Math.sqrt(days / horizon)
  if (off.length < ORIGINS_MIN) return ERROR_ASSUMED * longer
  const squares = off.reduce((sum, one) => sum + one * one, 0)
  return Math.max(ERROR_MIN, Math.sqrt(squares / off.length)) * longer
}

/** Foretells each of the last months from its middle, and compares. */
function backTested(
  seen: Seen,
  { from, first, end }: { readonly from: Day; readonly first: number; readonly end: number },
): Pick<Forecast, 'errorPercent' | 'monthsTested'> {
  const errors: number[] = []
  const afterLast = addDays(from, end)
  for (let back = 1; back <= MONTHS_TESTED; back += 1) {
    const start = daysBetween(from, addMonths(afterLast, -back))
    const stop = daysBetween(from, addMonths(afterLast, 1 - back))
    const middle = start + MIDDLE_DAYS
    if (start < first || middle - first < FORECAST_DAYS_MIN) break
    const rest = restAhead(seen, middle, stop - middle)
    const actual = inCurrency(spentBetween(seen, start, stop))
    if (rest === undefined || actual <= 0) continue
    const foretold = inCurrency(spentBetween(seen, start, middle) + rest.monthly) + rest.steady
    errors.push(Math.abs(foretold - actual) / actual)
  }
  const mean = errors.reduce((sum, one) => sum + one, 0) / errors.length
  return {
    errorPercent: errors.length === 0 ? undefined : mean * 100,
    monthsTested: errors.length,
  }
}

const MIDDLE_DAYS = 15

/** The index of the first day on which anything was used. */
export function firstDayWithCosts({ all }: SpendSeries): number | undefined {
  const at = all.findIndex((amount) => amount !== ZERO)
  return at === -1 ? undefined : at
}

/** For statistics; amounts themselves stay exact. */
export function inCurrency(amount: Money): number {
  return Number(amount) / UNITS
}

/** A figure of statistics as it is told. */
export function rounded(figure: number): number {
  return Math.round(figure * 10 ** DECIMALS_ESTIMATED) / 10 ** DECIMALS_ESTIMATED
}

/** The amount of a number that statistics gave. */
export function units(amount: number): Money {
  return BigInt(Math.round(amount * 10 ** DECIMALS_ESTIMATED)) * 10n ** UNITS_LEFT
}

/** Estimates have no more. */
const DECIMALS_ESTIMATED = 4
const UNITS_LEFT = BigInt(MONEY_DECIMALS - DECIMALS_ESTIMATED)
