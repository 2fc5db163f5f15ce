import { stat } from 'node:fs/promises'

import type { CostPeriod, Month } from '#src/model/cost.ts'
import type { CostImport, CostImportReport } from '#src/model/cost-import.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { CostStaging, CostStore, StagedPeriod } from '#src/ports/cost-store.ts'
import type { State } from '#src/ports/state.ts'
import { lastCompleteDay } from './complete-days.ts'
import { deletedOf } from './deleted-periods.ts'
import { COST_IMPORTS, totalText } from './import-documents.ts'
import { ImportFault } from './import-fault.ts'
import { readInThread } from './read-in-thread.ts'
import type { ReadFilesResult } from './read-in-thread.ts'
import type { PeriodSummary } from './rollup.ts'
import type { TableFile } from './table-files.ts'

export interface RunPorts {
  readonly state: State
  readonly costs: CostStore
  readonly clock: Clock
}

/** The files of an import, and which state of the export they are where something else tells. */
export interface ImportFiles {
  readonly files: readonly TableFile[]
  /** Absent: a digest of the files. */
  readonly execution?: string
  /**
   * Of the billing periods that are other than before, which are all that the files tell of; absent:
   * all have the execution of the whole.
   */
  readonly executions?: ReadonlyMap<Month, string>
}

export interface RunOptions {
  readonly onProgress: (progress: NonNullable<CostImport['progress']>) => void
  /** The last moment at which it may be given up. @throws where it is */
  readonly beforePublishing: () => Promise<void>
  readonly signal: AbortSignal
}

export type RunResult =
  | { readonly status: 'unchanged'; readonly execution: string }
  | { readonly status: 'done'; readonly execution: string; readonly report: CostImportReport }

/**
 * Reads the files of an import and replaces the billing periods that they tell of, in one step.
 * @throws ImportFault for what is wrong with the files: all periods stay as they were
 */
export async function runImport(
  ports: RunPorts,
  costImport: CostImport,
  { files, execution, executions }: ImportFiles,
  { onProgress, beforePublishing, signal }: RunOptions,
): Promise<RunResult> {
  const { organisationId, exportName, tagKeys } = costImport
  if (execution !== undefined && executions?.size === 0) return { status: 'unchanged', execution }
  const of = { organisationId, exportName }
  const sizes = await Promise.all(files.map(async ({ path }) => (await stat(path)).size))
  const staging = await ports.costs.stage(of)
  try {
    const read = await readInThread(
      {
        files,
        ...(tagKeys !== undefined && { tagKeys }),
        ...(execution !== undefined && { execution }),
        mayBeEmpty: executions !== undefined,
      },
      {
        staging,
        signal,
        isKnown: async (found) => executions === undefined && isImported(ports, costImport, found),
        onProgress: ({ rows, bytes, file }) => {
          const fileBytes = sizes[file - 1] ?? 0
          onProgress({ rows, file, files: files.length, bytes, fileBytes })
        },
      },
    )
    if (!('report' in read)) {
      await staging.discard()
      return { status: 'unchanged', execution: read.execution }
    }
    const what = { staging, read, files: files.length, ...(executions && { executions }) }
    const report = await publish(ports, costImport, { ...what, beforePublishing })
    return { status: 'done', execution: read.execution, report }
  } catch (error) {
    await staging.discard()
    throw error
  }
}

/**
 * Whether all that the same execution brought is still what the organisation has, or what it deleted
 * of what its source brought.
 */
async function isImported(
  { state, costs }: RunPorts,
  { organisationId, exportName, sourceId }: CostImport,
  execution: string,
): Promise<boolean> {
  const periods = await costs.periods(organisationId, exportName)
  const deleted = await deletedOf(state, { organisationId, exportName }, sourceId)
  const same = [...periods, ...deleted].filter((period) => period.execution === execution)
  const [first] = same
  if (first === undefined) return false
  const before = await state.get(COST_IMPORTS, first.importId)
  const months = new Set(same.map(({ month }) => month))
  return before?.report?.periods.every(({ month }) => months.has(month)) ?? false
}

interface ToPublish extends Pick<ImportFiles, 'executions'>, Pick<RunOptions, 'beforePublishing'> {
  readonly staging: CostStaging
  readonly read: ReadFilesResult
  /** How many. */
  readonly files: number
}

async function publish(
  { costs, clock }: RunPorts,
  { id, organisationId, exportName }: CostImport,
  { staging, read, files, executions, beforePublishing }: ToPublish,
): Promise<CostImportReport> {
  const { execution, report } = read
  const summaries = [...read.summaries, ...emptied(read, executions)]
  const importedAt = clock.now()
  const newestUsageDay = summaries.reduce(
    (newest, { lastUsageDay = '' }) => (lastUsageDay > newest ? lastUsageDay : newest),
    '',
  )
  const periods = summaries.map(({ lastUsageDay, ...summary }): StagedPeriod => {
    const completeThrough = lastCompleteDay(
      { ...summary, ...(lastUsageDay !== undefined && { lastUsageDay }) },
      { importedAt, newestUsageDay },
    )
    return {
      ...summary,
      execution: executions === undefined ? execution : executionOf(executions, summary.month),
      importId: id,
      importedAt,
      ...(completeThrough !== undefined && { completeThrough }),
    }
  })
  await beforePublishing()
  const replaced = await staging.publish(periods)
  const all = await costs.periods(organisationId)
  const before = new Map(replaced.map(({ month, totals }) => [month, totals.map(totalText)]))
  const currencies = summaries.flatMap(({ totals }) => totals.map(({ currency }) => currency))
  return {
    formats: [...report.formats],
    files,
    rowsRead: report.rowsRead,
    rowsSkipped: report.rowsSkipped,
    skipped: report.skipped.map((each) => ({ ...each, examples: [...each.examples] })),
    currencies: [...new Set(currencies)].toSorted(),
    periods: periods.map(({ month, rows, completeThrough, totals }) => {
      const old = before.get(month)
      return {
        month,
        rows,
        ...(completeThrough !== undefined && { completeThrough }),
        totals: totals.map(totalText),
        ...(old !== undefined && { before: old }),
      }
    }),
    warnings: [
      ...report.warnings,
      ...byTheMonth(summaries, importedAt),
      ...periods.flatMap((period) => overlaps(period, exportName, all)),
    ],
  }
}

/** Billing periods that their manifests say are restated, and that have no row any more. */
function emptied(
  { report, summaries }: Pick<ReadFilesResult, 'report' | 'summaries'>,
  executions: ToPublish['executions'],
): readonly PeriodSummary[] {
  const told = new Set(summaries.map(({ month }) => month))
  const months = Array.from(executions?.keys() ?? []).filter((month) => !told.has(month))
  const [first] = months
  if (first !== undefined && report.rowsSkipped > 0) {
    throw new ImportFault(
      `no row of the billing period ${first} can be understood, and ${report.rowsSkipped} were skipped, the first since ${report.skipped[0]?.reason}`,
    )
  }
  return months.map((month) => {
    const day = `${month}-01`
    return { month, firstDay: day, lastDay: day, billingAccountIds: [], totals: [], rows: 0 }
  })
}

function executionOf(executions: ReadonlyMap<Month, string>, month: Month): string {
  const execution = executions.get(month)
  if (execution !== undefined) return execution
  throw new ImportFault(
    `the files have rows of the billing period ${month}, and their manifests are of ${[...executions.keys()].join(', ')}: a billing period is restated whole or not at all`,
  )
}

/** Exports are a day late, and two where something is wrong. */
const USAGE_KNOWN_AFTER_MS = 4 * 24 * 60 * 60_000

/** Of an export by the month no day is known to be complete before the month is over. */
function byTheMonth(summaries: readonly PeriodSummary[], importedAt: number): readonly string[] {
  const months = summaries.filter(({ month, lastUsageDay }) => {
    const firstDay = `${month}-01`
    const isOld = importedAt >= Date.parse(firstDay) + USAGE_KNOWN_AFTER_MS
    return isOld && lastUsageDay === firstDay
  })
  if (months.length === 0) return []
  const names = months.map(({ month }) => month).join(', ')
  return [
    `all usage of ${names} is told of on the first day, as exports by the month do: forecasts and spikes need an export by the day or the hour`,
  ]
}

/** Two exports that tell of the same bill make everything cost twice as much. */
function overlaps(
  { month, billingAccountIds }: StagedPeriod,
  exportName: string,
  all: readonly CostPeriod[],
): readonly string[] {
  const accounts = new Set(billingAccountIds)
  return all.flatMap((other) => {
    if (other.exportName === exportName || other.month !== month) return []
    const shared = other.billingAccountIds.find((account) => accounts.has(account))
    if (shared === undefined) return []
    return [
      `billing account ${shared} has costs of ${month} in the export "${other.exportName}" too, and both are counted: delete one of them where they tell of the same bill`,
    ]
  })
}
