import type { SpikeDetector } from '#src/model/budget.ts'
import { ZERO, parseMoney } from '#src/model/money.ts'
import { inCurrency } from './forecast.ts'
import { HISTORY_DAYS_MIN, createSpendModel, medianOf } from './spend-model.ts'

/** What a detector makes of one day. */
export interface Verdict {
  readonly isSpike: boolean
  readonly expected: number
  readonly actual: number
  /** Undefined where there is too little to compare with. */
  readonly score: number | undefined
  /** How much more than expected, in per cent; undefined from nothing. */
  readonly percentage: number | undefined
}

export type DetectorSettings = Pick<
  SpikeDetector,
  'method' | 'score' | 'minimumImpact' | 'minimumPercent' | 'minimumNewSpend'
>

export interface DetectedSeries {
  /** Of days that follow each other, in units of the currency. */
  readonly costs: readonly number[]
  /** The index of the first day of which there are any costs of the organisation. */
  readonly firstDay: number
}

/** Before that many days of any costs, what is new is no news. */
const SETTLED_DAYS = 7
const Z_SCORE_DAYS = 30
/** Of the mean: days that are as equal as can be are no reason to tell of cents. */
const Z_SCORE_DEVIATION_MIN = 0.01
/** What is expected to cost less than this part of the gate of new spend is next to nothing. */
const NEXT_TO_NOTHING = 0.01

/**
 * Makes a function that judges days of a series, each by the days before it alone. Days with too
 * little before them, or next to nothing, must cost more than the gate of new spend.
 */
export function judge(
  settings: DetectorSettings,
  { costs, firstDay }: DetectedSeries,
): (at: number) => Verdict {
  const first = costs.findIndex((cost) => cost > 0)
  const start = first === -1 ? costs.length : first
  const own = costs.slice(start)
  const expectedAt = settings.method === 'Z_SCORE' ? byDeviation(own) : byWeekday(own)
  const [impactMin, newMin] = [settings.minimumImpact, settings.minimumNewSpend].map((amount) =>
    inCurrency(parseMoney(amount) ?? ZERO),
  ) as [number, number]
  return (at) => {
    const actual = costs[at] ?? 0
    const usual = at < start ? undefined : expectedAt(at - start)
    const expected = usual?.expected ?? medianOf(own.slice(0, Math.max(0, at - start))) ?? 0
    const more = actual - expected
    const percentage = expected > 0 ? (more / expected) * 100 : undefined
    const isEnough = percentage === undefined || percentage >= settings.minimumPercent
    if (usual === undefined || expected < newMin * NEXT_TO_NOTHING) {
      const isSpike = at >= firstDay + SETTLED_DAYS && isEnough && more > 0 && more >= newMin
      return { isSpike, expected, actual, score: undefined, percentage }
    }
    const isSpike = usual.score >= settings.score && isEnough && more > 0 && more >= impactMin
    return { isSpike, expected, actual, score: usual.score, percentage }
  }
}

type Expected = (at: number) => { readonly expected: number; readonly score: number } | undefined

function byWeekday(costs: readonly number[]): Expected {
  const model = createSpendModel(costs)
  return (at) => model.dayAt(at)
}

function byDeviation(costs: readonly number[]): Expected {
  return (at) => {
    if (at < HISTORY_DAYS_MIN) return undefined
    const before = costs.slice(Math.max(0, at - Z_SCORE_DAYS), at)
    const mean = before.reduce((sum, one) => sum + one, 0) / before.length
    const squares = before.reduce((sum, one) => sum + (one - mean) ** 2, 0)
    const deviation = Math.sqrt(squares / (before.length - 1))
    const least = Math.max(deviation, mean * Z_SCORE_DEVIATION_MIN, Number.EPSILON)
    return { expected: mean, score: ((costs[at] ?? 0) - mean) / least }
  }
}
