import { ZERO, compareMoney, sumOf } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import { UNALLOCATED } from '#src/model/view.ts'
import type { Segment, Split } from '#src/model/view.ts'

/**
 * Costs of the segments of one day and currency before the split to those after it, in the order of
 * the segments. Both have the same sum.
 */
export type Splitter = (costs: readonly Money[]) => readonly Money[]

/** Per cent have two decimals. */
const PERCENT_STEPS = 100

export function splitter(segments: readonly Segment[]): Splitter {
  const shared = segments.flatMap((segment, at) =>
    segment.split === undefined ? [] : [{ at, ...borne(segments, segment.split) }],
  )
  if (shared.length === 0) return (costs) => costs
  return (costs) => {
    const after = [...costs]
    for (const { at, bearers, weightsOf } of shared) {
      const parts = apportioned(costs[at] ?? ZERO, weightsOf(costs))
      after[at] = ZERO
      for (const [part, bearer] of bearers.entries()) {
        after[bearer] = (after[bearer] ?? ZERO) + (parts[part] ?? ZERO)
      }
    }
    return after
  }
}

/** Titles of the segments that bear the costs of one, by default. */
export function bearersByDefault(
  segments: readonly Pick<Segment, 'title' | 'split'>[],
): readonly string[] {
  return segments
    .filter(({ title, split }) => split === undefined && title !== UNALLOCATED)
    .map(({ title }) => title)
}

/**
 * Parts of an amount in the ratio of the weights, which are not negative: whole units that add up
 * to the amount. What is left after rounding down goes to the largest remainders, of equal ones to
 * the first. Weights that are all 0 are taken as equal.
 */
export function apportioned(amount: Money, weights: readonly bigint[]): readonly Money[] {
  const total = sumOf(weights)
  if (total === ZERO)
    return weights.length === 0
      ? []
      : apportioned(
          amount,
          weights.map(() => 1n),
        )
  const absolute: bigint = amount < ZERO ? 0n - amount : amount
  const parts = weights.map((weight) => (absolute * weight) / total)
  const remainders = weights.map((weight, at) => ({ at, left: (absolute * weight) % total }))
  const missing = Number(absolute - sumOf(parts))
  const next = remainders.toSorted((a, b) => compareMoney(b.left, a.left) || a.at - b.at)
  for (const { at } of next.slice(0, missing)) parts[at] = (parts[at] ?? ZERO) + 1n
  return amount < ZERO ? parts.map((part) => 0n - part) : parts
}

function borne(segments: readonly Segment[], { method, over }: Split) {
  const titles = over?.map(({ segment }) => segment) ?? bearersByDefault(segments)
  const bearers = titles.map((title) => segments.findIndex((one) => one.title === title))
  const percents = (over ?? []).map(({ percent = 0 }) => percentSteps(percent))
  const weightsOf = (costs: readonly Money[]): readonly bigint[] => {
    if (method === 'EVEN') return bearers.map(() => 1n)
    if (method === 'FIXED') return percents
    // A segment with more credit than cost bears nothing of what others use.
    return bearers.map((bearer) => positive(costs[bearer] ?? ZERO))
  }
  return { bearers, weightsOf }
}

/** Per cent as a whole number of hundredths. */
export function percentSteps(percent: number): bigint {
  return BigInt(Math.round(percent * PERCENT_STEPS))
}

function positive(amount: Money): Money {
  return amount > ZERO ? amount : ZERO
}
