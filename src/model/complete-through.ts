import type { CostPeriod, Day, Month } from './cost.ts'
import { addMonths, monthOf } from './day.ts'

/** Exports are written daily at least; one that is not for so long has ended, or is broken. */
const EXPORT_LATE_MS = 3 * 86_400_000

/**
 * The last day that all of an organisation's costs are complete for: of the exports that tell of
 * the newest month, or are about to since that began, what all of them have. Exports that have ended
 * do not hold it back.
 */
export function completeThroughOf(periods: readonly CostPeriod[]): Day | undefined {
  const newest = periods.reduce<Month>((last, { month }) => (month > last ? month : last), '')
  const newestImportAt = Math.max(...periods.map(({ importedAt }) => importedAt))
  const isLive = ({ month, importedAt }: CostPeriod) =>
    month === newest || (follows(newest, month) && importedAt >= newestImportAt - EXPORT_LATE_MS)
  const live = new Set(periods.filter(isLive).map(({ exportName }) => exportName))
  const days = Array.from(live, (name) =>
    periods
      .filter(({ exportName }) => exportName === name)
      .reduce(
        (day, { completeThrough = '' }) => (completeThrough > day ? completeThrough : day),
        '',
      ),
  )
  return days.reduce<Day>((least, day) => (day < least ? day : least), days[0] ?? '') || undefined
}

/** Whether the first month comes just after the second. */
function follows(month: Month, before: Month): boolean {
  return month === monthOf(addMonths(`${before}-01`, 1))
}
