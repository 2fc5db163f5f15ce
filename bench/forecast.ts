import {
  FORECAST_DAYS_MIN,
  FORECAST_HISTORY_DAYS,
  forecast,
  inCurrency,
  units,
} from '#src/cost-checks/forecast.ts'
import type { SpendSeries } from '#src/cost-checks/spend-tally.ts'
import { addDays, addMonths, daysBetween } from '#src/model/day.ts'
import { ZERO, sumOf } from '#src/model/money.ts'
import { PATTERNS, costDays } from '#src/cost-checks/cost-series.fixture.ts'
import type { CostPattern } from '#src/cost-checks/cost-series.fixture.ts'

/** How forecasts of periods fared, all from so far into them. */
export interface ForecastFigure {
  readonly pattern: string
  readonly from: string
  /** The share of periods whose costs lay in the interval. */
  readonly covered: number
  /** Of the interval, relative to the estimate. */
  readonly meanWidth: number
  /** How far estimates were off, relative to what it came to. */
  readonly meanError: number
}

/** Real levels wander; that of the other patterns never does. */
const FORECAST_PATTERNS: readonly CostPattern[] = [
  ...PATTERNS,
  { name: 'weekday/weekend, wandering 1 % a day', noise: 0.07, weekend: 0.5, drift: 0.01 },
]
const FIRST_DAY = '2023-01-01'
const FIRST_PERIOD = '2024-01-01'
const YEARS = 3
const MONTHS_OF_YEAR = 12
const MONTHS = 24
/** What the model has of numbers was chosen on other seeds, from 1001 on. */
const SEEDS = 40

interface Kind {
  readonly from: string
  readonly months: number
  /** Costs began so many days before; absent: there are as many as the hub reads. */
  readonly daysKnown?: number
  /** The first day of which nothing is known. */
  readonly end: (start: string) => string
}
const KINDS: readonly Kind[] = [
  ...[5, 10, 15, 20, 25].map((days) => ({
    from: `month from day ${days}`,
    months: 1,
    end: (start: string) => addDays(start, days),
  })),
  // Drift is found out from 16 weeks on, and errors from fewer origins the less is known.
  ...[FORECAST_DAYS_MIN, 49, 77, 105].map((daysKnown) => ({
    from: `month from day 10, ${daysKnown} days known`,
    months: 1,
    daysKnown,
    end: (start: string) => addDays(start, 10),
  })),
  ...[1, 4, 8].map((count) => ({
    from: `year from month ${count}`,
    months: MONTHS_OF_YEAR,
    end: (start: string) => addMonths(start, count),
  })),
]

/** Labelled series of three years; periods of the last two are foretold from what came before. */
export function benchForecast(): readonly ForecastFigure[] {
  return FORECAST_PATTERNS.flatMap((pattern) => {
    const all = Array.from({ length: SEEDS }, (_, at) => seriesOf(pattern, at + 1))
    return KINDS.map((kind) => figureOf(pattern, kind, all))
  })
}

function figureOf({ name }: CostPattern, kind: Kind, all: readonly SpendSeries[]): ForecastFigure {
  let [forecasts, covered, width, error] = [0, 0, 0, 0]
  for (const series of all) {
    for (let month = 0; month + kind.months <= MONTHS; month += kind.months) {
      const periodStart = addMonths(FIRST_PERIOD, month)
      const periodEnd = addMonths(periodStart, kind.months)
      const foretold = foretoldFrom(series, {
        periodStart,
        periodEnd,
        end: kind.end(periodStart),
        daysKnown: kind.daysKnown ?? 1 + FORECAST_HISTORY_DAYS,
      })
      const actual = spent(series, periodStart, periodEnd)
      forecasts += 1
      if (foretold.low <= actual && actual <= foretold.high) covered += 1
      width += (foretold.high - foretold.low) / foretold.estimate
      error += Math.abs(foretold.estimate - actual) / actual
    }
  }
  return {
    pattern: name,
    from: kind.from,
    covered: covered / forecasts,
    meanWidth: width / forecasts,
    meanError: error / forecasts,
  }
}

interface Foretold {
  readonly periodStart: string
  readonly periodEnd: string
  readonly end: string
  readonly daysKnown: number
}

/** What the hub would: with as much of the past as it reads. */
function foretoldFrom(series: SpendSeries, { periodStart, periodEnd, end, daysKnown }: Foretold) {
  const history = addDays(end, -daysKnown)
  const from = periodStart < history ? periodStart : history
  const known = (amounts: readonly bigint[]) =>
    amounts.slice(daysBetween(FIRST_DAY, from), daysBetween(FIRST_DAY, end))
  const { usage, all, steady, usageOnce, allOnce } = series
  const found = forecast({
    tally: { from, days: daysBetween(from, end) },
    series: {
      ...{ usage: known(usage), all: known(all), steady: known(steady) },
      ...{ usageOnce: known(usageOnce), allOnce: known(allOnce) },
    },
    costs: 'USAGE',
    periodStart,
    periodEnd,
  })
  if (found === undefined) throw new Error('there is too little history to foretell anything')
  const { estimate, low, high } = found
  return { estimate: inCurrency(estimate), low: inCurrency(low), high: inCurrency(high) }
}

function spent({ usage }: SpendSeries, start: string, end: string): number {
  return inCurrency(sumOf(usage.slice(daysBetween(FIRST_DAY, start), daysBetween(FIRST_DAY, end))))
}

function seriesOf(pattern: CostPattern, seed: number): SpendSeries {
  const days = costDays(pattern, {
    ...{ seed, first: FIRST_DAY },
    days: daysBetween(FIRST_DAY, addMonths(FIRST_DAY, YEARS * MONTHS_OF_YEAR)),
  })
  const usage = days.map(({ used, fee }) => units(used + fee))
  const once = days.map(() => ZERO)
  const steady = days.map(({ used }) => units(used))
  return { usage, all: usage, steady, usageOnce: once, allOnce: once }
}
