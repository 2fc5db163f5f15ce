import type { CostPeriod, Day } from './cost.ts'
import { addDays } from './day.ts'

/** How far the costs of an organisation are complete, and what holds them back. */
export interface Completeness {
  /** The last day that nothing is missing from; absent: no day is known to be complete. */
  readonly through?: Day
  /** Exports that others are ahead of, the one furthest behind first. */
  readonly waitingFor: readonly LateExport[]
}

export interface LateExport {
  readonly exportName: string
  readonly completeThrough: Day
}

/**
 * Exports are written daily at least, and that of a month which just began may take some days. One
 * that is further behind than this has ended, was brought in later, or is broken.
 */
export const EXPORT_LATE_DAYS_MAX = 5

/**
 * The day that all exports have which keep up with the newest. One that does not keep up would have the
 * others wait without end, and one without a complete day, such as an export by the month, a month long.
 */
export function completenessOf(periods: readonly CostPeriod[]): Completeness {
  const newest = new Map<string, Day>()
  for (const { exportName, completeThrough } of periods) {
    const known = newest.get(exportName)
    if (completeThrough === undefined || (known !== undefined && known >= completeThrough)) continue
    newest.set(exportName, completeThrough)
  }
  const ahead = Array.from(newest.values()).toSorted().at(-1)
  if (ahead === undefined) return { waitingFor: [] }
  const oldest = addDays(ahead, -EXPORT_LATE_DAYS_MAX)
  const waitingFor = Array.from(newest, ([exportName, completeThrough]) => ({
    exportName,
    completeThrough,
  }))
    .filter(({ completeThrough: day }) => day >= oldest && day < ahead)
    .toSorted(byDay)
  return { through: waitingFor[0]?.completeThrough ?? ahead, waitingFor }
}

function byDay(a: LateExport, b: LateExport): number {
  if (a.completeThrough !== b.completeThrough) return a.completeThrough < b.completeThrough ? -1 : 1
  return a.exportName < b.exportName ? -1 : 1
}
