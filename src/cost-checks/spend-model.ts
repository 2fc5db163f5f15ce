import { AMOUNT_MIN, levelDrift } from './level-drift.ts'

/**
 * What a day costs that is like the days before it. Costs go up and down with the weekday, and grow
 * or shrink as a whole; both act by a factor, so all of this is done with logarithms:
 *
 *  base       of a day: the middle of what the same weekdays of the last 8 weeks cost
 *  level      how far the last 7 days were from their own bases: what grew since
 *  expected   base and level
 *  residual   how far a day was from what was expected of it
 *  scale      how far days usually are: the spread of the last residuals
 *  score      the residual of a day in scales
 *
 * Of days ahead more than a week, growth is expected as well, if it has gone on for long
 * (level-drift).
 *
 * Middles and spreads heed single days little: a spike hides neither itself nor the next one. A
 * middle is the mean without the greatest and the smallest, and a spread the deviation of
 * residuals cut off at 3 times their median: both scatter less than median and median deviation do,
 * so that a lower score suffices for as few false alerts (npm run bench -- spikes).
 */

/** Too little to say what is usual. */
export const HISTORY_DAYS_MIN = 21
/** What the model looks back to from a day: 8 weeks for the base of the first residual. */
export const HISTORY_DAYS = 147
/** Half of what one day in three is off by where days are as equal as can be. */
const SCALE_MIN = 0.03

const WEEK = 7
const WEEKS = 8
const RESIDUALS = 63
const RESIDUALS_MIN = 7
const CUT_OFF = 3
/** The median deviation of a normal distribution in its standard deviations is 1 / 1.4826. */
const MEDIAN_DEVIATION = 1.4826

export interface ExpectedDay {
  readonly expected: number
  readonly scale: number
  readonly score: number
}

/** What is known of a series of days. */
export interface SpendModel {
  /** What was expected of a day of the series by those before it; undefined: too little is known. */
  dayAt(index: number): ExpectedDay | undefined
  /** What is expected of days after the first `known`, by these alone; undefined: too little. */
  ahead(known: number, days: number): readonly number[] | undefined
}

/** @param costs of days that follow each other, in units of the currency */
export function createSpendModel(costs: readonly number[]): SpendModel {
  const logs = costs.map((cost) => Math.log(Math.max(cost, AMOUNT_MIN)))
  const bases = logs.map((_, at) => baseAt(logs, at))
  const levels = logs.map((_, at) => levelAt(logs, bases, at))
  const expected = logs.map((_, at) => sum(bases[at], levels[at]))
  const residuals = logs.map((log, at) => {
    const usual = expected[at]
    return usual === undefined ? undefined : log - usual
  })
  return {
    dayAt: (at) => {
      const [usual, log] = [expected[at], logs[at]]
      if (usual === undefined || log === undefined || at < HISTORY_DAYS_MIN) return undefined
      const scale = scaleOf(residuals.slice(Math.max(0, at - RESIDUALS), at))
      if (scale === undefined) return undefined
      return { expected: Math.exp(usual), scale, score: (log - usual) / scale }
    },
    ahead: (known, days) => {
      const past = logs.slice(0, known)
      const level = levelAt(past, bases, known)
      if (level === undefined) return undefined
      const week = Array.from({ length: WEEK }, (_, day) => baseAt(past, known + day))
      const usual = week.map((base) => sum(base, level))
      if (usual.some((log) => log === undefined)) return undefined
      const growth = levelDrift(costs, known)?.growth ?? 0
      return Array.from({ length: days }, (_, day) => {
        const weeks = Math.floor(day / WEEK)
        return Math.exp((usual[day % WEEK] ?? 0) + growth * weeks)
      })
    },
  }
}

/** The median, for whoever needs no logarithms. */
export function medianOf(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}

function baseAt(logs: readonly number[], at: number): number | undefined {
  const same: number[] = []
  for (let week = 1; week <= WEEKS; week += 1) {
    const log = logs[at - week * WEEK]
    if (log !== undefined) same.push(log)
  }
  return middleOf(same)
}

function levelAt(
  logs: readonly number[],
  bases: readonly (number | undefined)[],
  at: number,
): number | undefined {
  const off: number[] = []
  for (let day = Math.max(0, at - WEEK); day < at; day += 1) {
    const [log, base] = [logs[day], bases[day]]
    if (log !== undefined && base !== undefined) off.push(log - base)
  }
  return middleOf(off)
}

const FEW = 3

/** The mean without the greatest and the smallest; of few values their median. */
function middleOf(values: readonly number[]): number | undefined {
  if (values.length <= FEW) return medianOf(values)
  const inner = values.toSorted((a, b) => a - b).slice(1, -1)
  return inner.reduce((total, value) => total + value, 0) / inner.length
}

function scaleOf(residuals: readonly (number | undefined)[]): number | undefined {
  const known = residuals.filter((one) => one !== undefined)
  if (known.length < RESIDUALS_MIN) return undefined
  const median = medianOf(known) ?? 0
  const spread = MEDIAN_DEVIATION * (medianOf(known.map((one) => Math.abs(one - median))) ?? 0)
  const most = CUT_OFF * Math.max(spread, SCALE_MIN)
  const squares = known.map((one) => Math.min(Math.abs(one - median), most) ** 2)
  const deviation = Math.sqrt(squares.reduce((total, one) => total + one, 0) / known.length)
  return Math.max(deviation, SCALE_MIN)
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b
}
