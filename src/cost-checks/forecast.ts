import type { Day } from '#src/model/cost.ts'
import { addDays, addMonths, daysBetween } from '#src/model/day.ts'
import { MONEY_DECIMALS, ZERO, sumOf } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import { levelDrift, varianceOfLevel } from './level-drift.ts'
import { HISTORY_DAYS, createSpendModel } from './spend-model.ts'
import type { SpendModel } from './spend-model.ts'
import type { SpendSeries, SpendTally } from './spend-tally.ts'

/** Before this many days nothing is foretold. */
export const FORECAST_DAYS_MIN = 35

/** What it reads of the past, as it tests itself on months that long past, each with its history. */
export const FORECAST_HISTORY_DAYS = 100 + HISTORY_DAYS

const MONTHS_TESTED = 3
/** The interval is of 80 %: so many standard deviations to each side, where these are known well. */
const DEVIATIONS = 1.2816
/** How wrong forecasts were is found out from every third day, of the last 12 weeks. */
const ORIGIN_STEP = 3
const ORIGIN_DAYS = 84
const ORIGINS_MIN = 5
/** As far as one needs to look ahead in a month; of more, history holds too few instances. */
const HORIZON_TESTED_MAX = 28
/**
 * Where there is too little history to find out, of a month: what the level does that nobody has seen
 * yet, and of the scale of its days what noise leaves in a forecast (0.40 to 0.42 in every pattern of
 * npm run bench -- forecast, of 35 to 63 days, seeds 1001 to 1040).
 */
const LEVEL_ASSUMED = 0.05
const NOISE_LEFT = 0.4
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
  const seen = seenOf(tally, series, costs)
  if (seen === undefined || tally.days - seen.first < FORECAST_DAYS_MIN) return undefined
  const afterLast = addDays(tally.from, tally.days)
  const left = Math.max(0, daysBetween(afterLast, periodEnd))
  // The period may begin after the last day that is complete.
  const before = Math.max(0, daysBetween(afterLast, periodStart))
  const spent = spentBetween(seen, daysBetween(tally.from, periodStart), tally.days)
  const rest = restAhead(seen, tally.days, { days: left, before })
  if (rest === undefined) return undefined
  const reach = left === 0 ? 0 : reachOf(seen, left)
  const sure = spent + rest.monthly
  return {
    estimate: sure + units(rest.steady),
    low: sure + units(rest.steady * Math.exp(-reach)),
    high: sure + units(rest.steady * Math.exp(reach)),
    ...backTested(seen),
  }
}

interface Seen {
  readonly from: Day
  /**
   * The first day on which something was used, or else anything was paid. The model knows nothing of
   * the days before, which would make it take the beginning for growth without end.
   */
  readonly first: number
  /** Of the days from the first. */
  readonly model: SpendModel
  /** From the first as well, in units of the currency. */
  readonly steady: readonly number[]
  readonly total: readonly Money[]
  /** What comes again on its day of the month. */
  readonly monthly: readonly Money[]
}

function seenOf(
  { from }: Pick<SpendTally, 'from'>,
  series: SpendSeries,
  costs: 'USAGE' | 'ALL',
): Seen | undefined {
  const used = series.steady.findIndex((amount) => amount !== ZERO)
  const first = used === -1 ? firstDayWithCosts(series) : used
  if (first === undefined) return undefined
  const [total, once] =
    costs === 'USAGE' ? [series.usage, series.usageOnce] : [series.all, series.allOnce]
  const steady = series.steady.slice(first).map(inCurrency)
  const monthly = total.map(
    (amount, at) => amount - (series.steady[at] ?? ZERO) - (once[at] ?? ZERO),
  )
  return { from, first, model: createSpendModel(steady), steady, total, monthly }
}

/** What the days after the first `known` cost, without those before a period, as far as these tell. */
function restAhead(
  { from, first, model, monthly }: Seen,
  known: number,
  { days, before = 0 }: { readonly days: number; readonly before?: number },
) {
  const ahead = model.ahead(known - first, days)
  if (ahead === undefined) return undefined
  const again = Array.from({ length: days }, (_, day) => {
    // The same day of the month before, and of the month before that where that is not known yet.
    let at = known + day
    while (at >= known) at = sameDayOfMonthBefore(from, at)
    return monthly[at] ?? ZERO
  })
  return { steady: sumOfNumbers(ahead.slice(before)), monthly: sumOf(again.slice(before)) }
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

/**
 * How far the interval of what so many days cost reaches to each side, in logarithms. As far ahead as
 * can be tested, forecasts were as wrong as they were. What noise does to a longer one is no greater,
 * as days make up for each other; what adds to it is what the level does meanwhile.
 */
function reachOf({ model, steady }: Seen, days: number): number {
  const horizon = Math.min(days, HORIZON_TESTED_MAX)
  const newest = steady.length - horizon
  const squares: number[] = []
  for (let known = newest; known >= newest - ORIGIN_DAYS; known -= ORIGIN_STEP) {
    if (known < FORECAST_DAYS_MIN - 1) break
    const actual = sumOfNumbers(steady.slice(known, known + horizon))
    const foretold = sumOfNumbers(model.ahead(known, horizon) ?? [])
    if (actual > 0 && foretold > 0) squares.push(Math.log(actual / foretold) ** 2)
  }
  const longer = days / horizon
  if (squares.length < ORIGINS_MIN) {
    const { scale = 0 } = model.dayAt(steady.length - 1) ?? {}
    return DEVIATIONS * Math.hypot(LEVEL_ASSUMED, NOISE_LEFT * scale) * Math.sqrt(longer)
  }
  const tested = Math.max(ERROR_MIN ** 2, sumOfNumbers(squares) / squares.length)
  const drift = levelDrift(steady, steady.length)
  const variance =
    drift === undefined
      ? tested * longer
      : tested + varianceOfLevel(drift, days) - varianceOfLevel(drift, horizon)
  return deviationsBy(squares.length) * Math.sqrt(variance)
}

/**
 * Student's t of 80 %, to the first term of its expansion, as a deviation found out from few errors
 * may be too small. Those of one week begin at nearly the same level and count as one.
 */
function deviationsBy(origins: number): number {
  const weeks = (origins * ORIGIN_STEP) / DAYS_OF_WEEK
  return DEVIATIONS + (DEVIATIONS ** 3 + DEVIATIONS) / (4 * weeks)
}

const DAYS_OF_WEEK = 7

/** Foretells each of the last months from its middle, and compares. */
function backTested(seen: Seen): Pick<Forecast, 'errorPercent' | 'monthsTested'> {
  const { from, first, total } = seen
  const errors: number[] = []
  const afterLast = addDays(from, total.length)
  for (let back = 1; back <= MONTHS_TESTED; back += 1) {
    const start = daysBetween(from, addMonths(afterLast, -back))
    const stop = daysBetween(from, addMonths(afterLast, 1 - back))
    const middle = start + MIDDLE_DAYS
    if (start < first || middle - first < FORECAST_DAYS_MIN) break
    const rest = restAhead(seen, middle, { days: stop - middle })
    const actual = inCurrency(spentBetween(seen, start, stop))
    if (rest === undefined || actual <= 0) continue
    const foretold = inCurrency(spentBetween(seen, start, middle) + rest.monthly) + rest.steady
    errors.push(Math.abs(foretold - actual) / actual)
  }
  return {
    errorPercent: errors.length === 0 ? undefined : (sumOfNumbers(errors) / errors.length) * 100,
    monthsTested: errors.length,
  }
}

const MIDDLE_DAYS = 15

/** The index of the first day on which anything was used. */
export function firstDayWithCosts({ all }: SpendSeries): number | undefined {
  const at = all.findIndex((amount) => amount !== ZERO)
  return at === -1 ? undefined : at
}

function sumOfNumbers(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0)
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
