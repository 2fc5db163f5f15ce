import { addDays } from '#src/model/day.ts'

/** How the days of a made-up series come about. */
export interface CostPattern {
  readonly name: string
  /** Standard deviation of the logarithm of a day. */
  readonly noise: number
  /** What a Saturday or Sunday costs of a working day. */
  readonly weekend?: number
  /** By which a day costs more than the one before. */
  readonly growth?: number
  /** Of the first day of each month. */
  readonly fee?: number
  /** Standard deviation by which the logarithm of the level changes from one day to the next. */
  readonly drift?: number
}

export const PATTERNS: readonly CostPattern[] = [
  { name: 'flat, 5 % noise', noise: 0.05 },
  { name: 'weekday/weekend, 7 % noise', noise: 0.07, weekend: 0.5 },
  { name: 'the same, growing 0.5 % a day', noise: 0.07, weekend: 0.5, growth: 0.005 },
  { name: 'the same, with a monthly fee', noise: 0.07, weekend: 0.5, fee: 2_000 },
  { name: 'very noisy, 25 %', noise: 0.25 },
]

export interface CostDay {
  readonly day: string
  readonly used: number
  readonly fee: number
}

/** Series of the same pattern and seed are the same on every machine. */
export function costDays(
  { noise, weekend = 1, growth = 0, fee = 0, drift = 0 }: CostPattern,
  { seed, first, days }: { readonly seed: number; readonly first: string; readonly days: number },
): readonly CostDay[] {
  const random = randomOf(seed)
  let level = 0
  return Array.from({ length: days }, (_, at) => {
    const day = addDays(first, at)
    const isWeekend = [0, 6].includes(new Date(day).getUTCDay())
    if (drift > 0) level += drift * normal(random)
    const usual = 1_000 * (isWeekend ? weekend : 1) * (1 + growth) ** at * Math.exp(level)
    const used = usual * Math.exp(noise * normal(random))
    return { day, used, fee: day.endsWith('-01') ? fee : 0 }
  })
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed * 7_919
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
