import { MONTHS } from '#src/model/budget.ts'
import type { Budget } from '#src/model/budget.ts'
import type { Day } from '#src/model/cost.ts'
import { addDays, addMonths, dayOf } from '#src/model/day.ts'
import { ZERO, parseMoney, sumOf, timesRatio } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'

/** A month or a financial year. */
export interface BudgetPeriod {
  readonly start: Day
  /** The first day after it. */
  readonly end: Day
}

/** How long after its end a period may still be told of, as its costs come late or are restated. */
export const LATE_DAYS_MAX = 14

function periodAt({ period, startMonth }: Budget, day: Day): BudgetPeriod {
  if (period === 'MONTHLY') return { start: addMonths(day, 0), end: addMonths(day, 1) }
  const start = addMonths(day, -monthsSince(day, startMonth))
  return { start, end: addMonths(start, MONTHS) }
}

export function currentPeriod(budget: Budget, now: number): BudgetPeriod {
  return periodAt(budget, dayOf(now))
}

/** Those that may be told of: the one that is now, and the one before for two weeks more. */
export function openPeriods(budget: Budget, now: number): readonly BudgetPeriod[] {
  const current = currentPeriod(budget, now)
  const isLate = dayOf(now) < addDays(current.start, LATE_DAYS_MAX)
  return isLate ? [periodAt(budget, addDays(current.start, -1)), current] : [current]
}

/** What may be spent in a period. */
export function amountOf(budget: Budget, { start }: BudgetPeriod): Money {
  const { yearAmount, monthAmounts, period, startMonth } = budget
  if (monthAmounts !== undefined) {
    const amounts = monthAmounts.map((amount) => parseMoney(amount) ?? ZERO)
    return period === 'ANNUAL' ? sumOf(amounts) : (amounts[monthsSince(start, startMonth)] ?? ZERO)
  }
  const year = parseMoney(yearAmount ?? '') ?? ZERO
  return period === 'ANNUAL' ? year : timesRatio(year, 1n, BigInt(MONTHS))
}

/** How many months the month of a day is after the start month of its financial year. */
function monthsSince(day: Day, startMonth: number): number {
  return (Number(day.slice(5, 7)) - startMonth + MONTHS) % MONTHS
}
