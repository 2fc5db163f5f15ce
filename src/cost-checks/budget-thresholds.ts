import type { Budget } from '#src/model/budget.ts'
import type { Day } from '#src/model/cost.ts'
import { ZERO } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import { percentSteps } from '#src/views/shared-costs.ts'
import type { BudgetState, Foretold } from './budget-states.ts'

/**
 * Which thresholds of a budget are to be told.
 *
 *  ACTUAL     told once in a period, when spend first reaches it, however often costs are restated.
 *             What was told stays told where the view changes; where what the budget measures
 *             changes, thresholds that spend is below by the new measure may be told again.
 *  CORRECTED  where the budget wants it: once for each threshold told, when restated costs are below
 *             it by more than 5 points while the period lasts
 *  FORECAST   told when two new states of the costs in a row foretell it; again only after two in a
 *             row foretold more than 5 points less. What is spent already need not be foretold.
 */

export interface Figures {
  readonly budget: Money
  readonly spend: Money
  /** Absent: there is none, or the period's costs are all in. */
  readonly estimate?: Money | undefined
  /** The last day of which all costs are in; undefined: none. */
  readonly completeThrough: Day | undefined
  /** Says which costs these are: another one where they are new. */
  readonly costsKey: string
  readonly isOver: boolean
  readonly now: number
}

export interface Threshold {
  readonly basis: 'ACTUAL' | 'FORECAST'
  readonly percent: number
}

export interface Decision {
  readonly reached: readonly Threshold[]
  readonly corrected: readonly Threshold[]
  /** Of all that was told in the period, what no correction takes back. */
  readonly remaining: readonly Threshold[]
  readonly after: Pick<BudgetState, 'reached' | 'corrected' | 'foretold' | 'costsKey' | 'revision'>
}

const IN_A_ROW = 2
/** Points of per cent. */
const MARGIN = 5
const PER_CENT_STEPS = 10_000n

export function decide(
  budget: Budget,
  figures: Figures,
  before: BudgetState | undefined,
): Decision {
  const told = toldBefore(budget, figures, before)
  const wasReached = new Set(told.map(({ percent }) => percent))
  const isMet = (percent: number) => reaches(figures.spend, figures.budget, percent)
  const reached = budget.thresholds
    .filter((percent) => isMet(percent) && !wasReached.has(percent))
    .map((percent) => ({ basis: 'ACTUAL' as const, percent }))
  const corrected =
    budget.tellCorrections && !figures.isOver ? belowAgain(figures, told, before) : []
  const { foretold, news } = decideForecast(budget, figures, before)
  const all = [...news, ...reached].toSorted(byHeight)
  const takenBack = [...(before?.corrected ?? []), ...corrected.map(({ percent }) => percent)]
  const { now, completeThrough } = figures
  const at = { at: now, ...(completeThrough !== undefined && { completeThrough }) }
  return {
    reached: all,
    corrected,
    remaining: [
      ...foretold.filter((one) => one.told).map(thresholdOf('FORECAST')),
      ...[...told, ...reached]
        .filter(({ percent }) => !takenBack.includes(percent) || isMet(percent))
        .map(thresholdOf('ACTUAL')),
    ].toSorted(byHeight),
    after: {
      revision: budget.revision,
      reached: [
        ...told,
        ...(before?.reached ?? []).filter(({ basis }) => basis === 'FORECAST'),
        ...all.map((threshold) => ({ ...threshold, ...at })),
      ].toSorted((a, b) => a.at - b.at),
      corrected: takenBack,
      foretold,
      costsKey: figures.costsKey,
    },
  }
}

/** Whether an amount is at least so many per cent of another. */
function reaches(amount: Money, of: Money, percent: number): boolean {
  // A month that may cost nothing is over its budget as soon as it costs anything.
  if (of === ZERO) return amount > ZERO
  return amount * PER_CENT_STEPS >= of * percentSteps(percent)
}

/** Thresholds of spend that were told and stay so. */
function toldBefore(budget: Budget, { spend, budget: amount }: Figures, before?: BudgetState) {
  const told = (before?.reached ?? []).filter(({ basis }) => basis === 'ACTUAL')
  if (before === undefined || before.revision === budget.revision) return told
  return told.filter(({ percent }) => reaches(spend, amount, percent))
}

function belowAgain(
  { spend, budget }: Figures,
  told: readonly Threshold[],
  before: BudgetState | undefined,
): readonly Threshold[] {
  return told
    .filter(({ percent }) => {
      const isFarBelow = !reaches(spend, budget, Math.max(0, percent - MARGIN))
      return isFarBelow && before?.corrected.includes(percent) !== true
    })
    .map(thresholdOf('ACTUAL'))
    .toSorted(byHeight)
}

function thresholdOf(basis: Threshold['basis']) {
  return ({ percent }: { readonly percent: number }): Threshold => ({ basis, percent })
}

function decideForecast(budget: Budget, figures: Figures, before: BudgetState | undefined) {
  const { estimate, spend, budget: amount, costsKey } = figures
  const isKnown = before?.revision === budget.revision
  const known = isKnown ? before.foretold : []
  // The same costs evaluated again, as after a crash, are no second opinion.
  const isNew = !isKnown || before.costsKey !== costsKey
  const news: Threshold[] = []
  const foretold = budget.forecastThresholds.map((percent): Foretold => {
    const last = known.find((one) => one.percent === percent) ?? {
      percent,
      above: 0,
      below: 0,
      told: false,
    }
    if (estimate === undefined || !isNew) return last
    const isAbove = reaches(estimate, amount, percent)
    const isBelow = !reaches(estimate, amount, Math.max(0, percent - MARGIN))
    const above = isAbove ? last.above + 1 : 0
    const below = isBelow ? last.below + 1 : 0
    if (last.told) return { percent, above, below, told: below < IN_A_ROW }
    const isNews = above >= IN_A_ROW && !reaches(spend, amount, percent)
    if (isNews) news.push({ basis: 'FORECAST', percent })
    return { percent, above, below, told: isNews }
  })
  return { foretold, news }
}

/** The highest last; of equal ones what is spent after what is foretold. */
function byHeight(a: Threshold, b: Threshold): number {
  return a.percent - b.percent || (a.basis === 'FORECAST' ? -1 : 1)
}
