import type { Day } from '#src/model/cost.ts'
import type { PeriodSummary } from './rollup.ts'

const MS_PER_DAY = 86_400_000
/** AWS tells of usage up to a day late; after two, a month that is over has all its days. */
const MONTH_SETTLES_MS = 2 * MS_PER_DAY

/**
 * The last day of a billing period that nothing is missing from. A day is complete when usage of a later
 * one is told of: exports grow by hours, and the newest day mostly is not over.
 * @returns undefined where no day of the month is known to be complete
 */
export function lastCompleteDay(
  { month, lastUsageDay }: Pick<PeriodSummary, 'month' | 'lastUsageDay'>,
  { importedAt, newestUsageDay }: { readonly importedAt: number; readonly newestUsageDay?: Day },
): Day | undefined {
  const [year, number] = month.split('-').map(Number) as [number, number]
  const nextMonth = Date.UTC(year, number, 1)
  const lastDay = dayOf(nextMonth - MS_PER_DAY)
  // What is told of the future is a forecast, or a clock that is wrong.
  const isOver = importedAt >= nextMonth
  const isFollowed = isOver && newestUsageDay !== undefined && newestUsageDay > lastDay
  if (isFollowed || importedAt >= nextMonth + MONTH_SETTLES_MS) return lastDay
  if (lastUsageDay === undefined) return undefined
  const newest = Math.min(Date.parse(lastUsageDay), importedAt)
  const complete = dayOf(newest - MS_PER_DAY)
  return complete < `${month}-01` ? undefined : complete
}

function dayOf(epochMs: number): Day {
  return new Date(epochMs).toISOString().slice(0, 'YYYY-MM-DD'.length)
}
