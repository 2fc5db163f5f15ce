import type {
  CostImport,
  CostImportReport,
  CostImportStatus,
  CostTotalText,
} from '#src/model/cost-import.ts'
import { placeText } from './cost-place.ts'
import { fields } from './output.ts'
import { counted, localMoment } from './terminal-text.ts'

const STATUS_TEXTS: Partial<Record<CostImportStatus, string>> = {
  unchanged: 'unchanged: this state was imported before',
  cancelled: 'cancelled: billing periods are as they were',
}

/** An import in words: where it came from, what became of it, what was skipped and why. */
export function costImportText(costImport: CostImport): string {
  const { id, exportName, from, status, report, error, progress, createdAt } = costImport
  return fields(
    {
      export: exportName,
      from: placeText(from),
      status: STATUS_TEXTS[status] ?? status,
      error,
      ...(progress !== undefined && {
        reading: `${counted(progress.rows, 'row')}, file ${progress.file} of ${progress.files}`,
      }),
      ...(report !== undefined && reportFields(report)),
      started: localMoment(createdAt),
      id,
    },
    { export: 'cyan', warning: 'yellow', skipped: 'yellow' },
  )
}

function reportFields(report: CostImportReport) {
  const { rowsRead, files, formats, periods, skipped, warnings } = report
  return {
    read: `${counted(rowsRead, 'row')} of ${formats.join(' and ')} in ${counted(files, 'file')}`,
    skipped: skipped.map(({ reason, rows, examples: [first] }) => {
      const found = first?.found === undefined ? '' : `, found "${first.found}"`
      return `${counted(rows, 'row')}: ${reason} (first: ${first?.place}${found})`
    }),
    periods: periods.map(({ month, totals, before }) => {
      const was = before === undefined ? 'new' : `was ${totalsText(before)}`
      return `${month}  ${totalsText(totals)}  (${was})`
    }),
    warning: warnings,
  }
}

function totalsText(totals: readonly CostTotalText[]): string {
  return totals
    .map(({ currency, effectiveCost, billedCost }) =>
      effectiveCost === billedCost
        ? `${effectiveCost} ${currency}`
        : `${effectiveCost} ${currency} (billed ${billedCost})`,
    )
    .join(', ')
}
