import { HISTORY_DAYS } from '#src/cost-checks/spend-model.ts'
import { isSteady } from '#src/cost-checks/spend-tally.ts'
import { judge } from '#src/cost-checks/spikes.ts'
import { DETECTOR_DEFAULTS, SCORE_DEFAULTS } from '#src/model/budget.ts'
import { costRow } from '#src/cost-checks/costs.fixture.ts'
import { PATTERNS, costDays } from '#src/cost-checks/cost-series.fixture.ts'
import type { CostPattern } from '#src/cost-checks/cost-series.fixture.ts'

export interface MeanOfSeeds {
  readonly mean: number
  readonly low: number
  readonly high: number
}

export interface SpikesFigure {
  readonly pattern: string
  readonly method: string
  readonly falsePer100Days: MeanOfSeeds
  readonly found: readonly { readonly factor: number; readonly share: number }[]
}

const METHODS = ['WEEKDAY_MEDIAN', 'Z_SCORE'] as const
type Method = (typeof METHODS)[number]
const FACTORS = [1.3, 1.5, 2]
const SEEDS = 40
const DAYS = 730
const FIRST_JUDGED = 90
const FIRST_DAY = '2024-01-01'
/** Of a spike each day is tried by itself; every 15th suffices, and falls on all weekdays. */
const SPIKE_STEP = 15

/**
 * Labelled series of two years: days by noise alone, of which none should be told, and the same days
 * made into spikes one at a time, of which each should. The floors of money and per cent are left
 * out, so that the score alone is measured.
 */
export function benchSpikes(): readonly SpikesFigure[] {
  return PATTERNS.flatMap((pattern) => METHODS.map((method) => figureOf(pattern, method)))
}

function figureOf(pattern: CostPattern, method: Method): SpikesFigure {
  const falseOfSeeds: number[] = []
  const found = FACTORS.map(() => 0)
  let spikes = 0
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const costs = seriesOf(pattern, seed)
    const judged = judgeOf(method, costs)
    let alerts = 0
    for (let day = FIRST_JUDGED; day < DAYS; day += 1) {
      if (judged(day).isSpike) alerts += 1
      if (day % SPIKE_STEP !== 0) continue
      spikes += 1
      for (const [at, factor] of FACTORS.entries()) {
        const known = costs.slice(Math.max(0, day - HISTORY_DAYS), day + 1)
        known[known.length - 1] = (costs[day] ?? 0) * factor
        if (judgeOf(method, known)(known.length - 1).isSpike) found[at] = (found[at] ?? 0) + 1
      }
    }
    falseOfSeeds.push((alerts / (DAYS - FIRST_JUDGED)) * 100)
  }
  return {
    pattern: pattern.name,
    method,
    falsePer100Days: withInterval(falseOfSeeds),
    found: FACTORS.map((factor, at) => ({ factor, share: (found[at] ?? 0) / spikes })),
  }
}

/** The interval of 95 % takes each seed for one observation, as alerts of a series hang together. */
function withInterval(values: readonly number[]): MeanOfSeeds {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length
  const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0)
  const error = Math.sqrt(squares / (values.length - 1) / values.length)
  return { mean, low: mean - DEVIATIONS_95 * error, high: mean + DEVIATIONS_95 * error }
}

const DEVIATIONS_95 = 1.96

function judgeOf(method: Method, costs: readonly number[]) {
  const settings = {
    ...DETECTOR_DEFAULTS,
    ...{ method, score: SCORE_DEFAULTS[method], minimumImpact: '0', minimumPercent: 0 },
  }
  return judge(settings, { costs, firstDay: 0 })
}

/** What a detector sees of the rows of such days: the fee is a row of its own. */
function seriesOf(pattern: CostPattern, seed: number): readonly number[] {
  return costDays(pattern, { seed, first: FIRST_DAY, days: DAYS }).map(({ day, used, fee }) => {
    const rows = [
      { row: costRow(day, '1'), cost: used },
      { row: costRow(day, '1', { chargeFrequency: 'Recurring' }), cost: fee },
    ]
    return rows.filter(({ row }) => isSteady(row)).reduce((sum, { cost }) => sum + cost, 0)
  })
}
