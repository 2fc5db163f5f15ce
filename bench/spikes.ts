import { isSteady } from '#src/cost-checks/spend-tally.ts'
import { judge } from '#src/cost-checks/spikes.ts'
import { DETECTOR_DEFAULTS, SCORE_DEFAULTS } from '#src/model/budget.ts'
import { addDays } from '#src/model/day.ts'
import { costRow } from '#src/cost-checks/costs.fixture.ts'

export interface SpikesFigure {
  readonly pattern: string
  readonly method: string
  readonly falsePer100Days: number
  readonly found: readonly { readonly factor: number; readonly share: number }[]
}

interface Pattern {
  readonly name: string
  /** Standard deviation of the logarithm of a day. */
  readonly noise: number
  /** What a Saturday or Sunday costs of a working day. */
  readonly weekend?: number
  /** By which a day costs more than the one before. */
  readonly growth?: number
  /** Of the first day of each month. */
  readonly fee?: number
}

const PATTERNS: readonly Pattern[] = [
  { name: 'flat, 5 % noise', noise: 0.05 },
  { name: 'weekday/weekend, 7 % noise', noise: 0.07, weekend: 0.5 },
  { name: 'the same, growing 0.5 % a day', noise: 0.07, weekend: 0.5, growth: 0.005 },
  { name: 'the same, with a monthly fee', noise: 0.07, weekend: 0.5, fee: 2_000 },
  { name: 'very noisy, 25 %', noise: 0.25 },
]
const METHODS = ['WEEKDAY_MEDIAN', 'Z_SCORE'] as const
const FACTORS = [1.3, 1.5, 2]
const SEEDS = 8
const DAYS = 730
const FIRST_JUDGED = 90
const FIRST_DAY = '2024-01-01'
/** Of a spike each day is tried by itself; every third suffices. */
const SPIKE_STEP = 3

/**
 * Labelled series of two years: days by noise alone, of which none should be told, and the same days
 * made into spikes one at a time, of which each should. The floors of money and per cent are left
 * out, so that the score alone is measured.
 */
export function benchSpikes(): readonly SpikesFigure[] {
  return PATTERNS.flatMap((pattern) =>
    METHODS.map((method) => {
      let [days, alerts, spikes] = [0, 0, 0]
      const found = FACTORS.map(() => 0)
      for (let seed = 1; seed <= SEEDS; seed += 1) {
        const costs = seriesOf(pattern, seed)
        const judged = judgeOf(method, costs)
        for (let day = FIRST_JUDGED; day < DAYS; day += 1) {
          days += 1
          if (judged(day).isSpike) alerts += 1
          if (day % SPIKE_STEP !== 0) continue
          spikes += 1
          for (const [at, factor] of FACTORS.entries()) {
            const known = costs.slice(Math.max(0, day - HISTORY), day + 1)
            known[known.length - 1] = (costs[day] ?? 0) * factor
            if (judgeOf(method, known)(known.length - 1).isSpike) found[at] = (found[at] ?? 0) + 1
          }
        }
      }
      return {
        pattern: pattern.name,
        method,
        falsePer100Days: (alerts / days) * 100,
        found: FACTORS.map((factor, at) => ({ factor, share: (found[at] ?? 0) / spikes })),
      }
    }),
  )
}

/** As far as a detector looks back, so that a spike is judged as the hub would. */
const HISTORY = 147

function judgeOf(method: (typeof METHODS)[number], costs: readonly number[]) {
  const settings = {
    ...DETECTOR_DEFAULTS,
    ...{ method, score: SCORE_DEFAULTS[method], minimumImpact: '0', minimumPercent: 0 },
  }
  return judge(settings, { costs, firstDay: 0 })
}

/** What a detector sees of the rows of such days: the fee is a row of its own. */
function seriesOf(pattern: Pattern, seed: number): number[] {
  const { noise, weekend = 1, growth = 0, fee = 0 } = pattern
  const random = randomOf(seed)
  return Array.from({ length: DAYS }, (_, at) => {
    const day = addDays(FIRST_DAY, at)
    const isWeekend = [0, 6].includes(new Date(day).getUTCDay())
    const usual = 1_000 * (isWeekend ? weekend : 1) * (1 + growth) ** at
    const used = usual * Math.exp(noise * normal(random))
    const rows = [
      { row: costRow(day, '1'), cost: used },
      { row: costRow(day, '1', { chargeFrequency: 'Recurring' }), cost: fee },
    ]
    const isFeeDay = day.endsWith('-01')
    return rows
      .filter(({ row }, index) => isSteady(row) && (index === 0 || isFeeDay))
      .reduce((sum, { cost }) => sum + cost, 0)
  })
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Mulberry32: the same series on every machine. */
function randomOf(seed: number): () => number {
  let state = seed * 7_919
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
