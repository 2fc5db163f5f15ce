import { RowFaultError, columnsFound } from './charge.ts'
import type { Mapping, Readers } from './charge.ts'
import { costCategoryKey, createTagReader } from './cost-tags.ts'
import { curMapping, looksLikeCur } from './cur.ts'
import { focusMapping, looksLikeFocus } from './focus.ts'
import { ImportFault } from './import-fault.ts'
import { createInstantReader } from './instants.ts'
import { createRollup } from './rollup.ts'
import type { Rollup } from './rollup.ts'
import { readTableFile } from './table-files.ts'
import type { RowPlace, TableFile, TableSink } from './table-files.ts'
import { checkNamesOnce, createToldTwice } from './told-twice.ts'

/** How far an import is. */
export interface ReadProgress {
  readonly rows: number
  /** Of the file at hand, as it is stored. */
  readonly bytes: number
  /** The number of the file at hand, from 1. */
  readonly file: number
}

/** Rows that were skipped for one reason. */
export interface SkippedRows {
  readonly reason: string
  readonly rows: number
  /** The first of them. */
  readonly examples: readonly { readonly place: string; readonly found?: string }[]
}

export interface ReadReport {
  readonly formats: readonly Mapping['format'][]
  readonly rowsRead: number
  readonly rowsSkipped: number
  readonly skipped: readonly SkippedRows[]
  readonly warnings: readonly string[]
}

export interface ReadOptions {
  /** The only tag keys that costs are told apart by; absent: all. */
  readonly tagKeys?: readonly string[]
  /** Something else than rows says which billing periods these are: there may be no row. */
  readonly mayBeEmpty?: boolean
  readonly onProgress: (progress: ReadProgress) => void
}

const EXAMPLES_MAX = 5
const FOUND_CHARACTERS_MAX = 80
const REASONS_MAX = 100
const ODDITIES_MAX = 20
const PROGRESS_EVERY_ROWS = 10_000

interface ReadResult {
  readonly rollup: Rollup
  readonly report: ReadReport
  /** How many rows each file has. */
  readonly fileRows: readonly number[]
}

/**
 * Reads all files of an import and sums them up.
 * @throws ImportFault that names the file, where one cannot be read, lacks a column, or has no row that
 *   can be understood
 */
export async function readFiles(
  files: readonly TableFile[],
  { tagKeys, mayBeEmpty = false, onProgress }: ReadOptions,
): Promise<ReadResult> {
  checkNamesOnce(files)
  const rollup = createRollup()
  const readers = {
    instant: createInstantReader(),
    tags: createTagReader(tagKeys),
    costCategories: createTagReader(tagKeys, costCategoryKey),
  }
  const skipped = createSkipped()
  const formats = new Set<Mapping['format']>()
  const toldTwice = createToldTwice()
  const oddities = createOddities()
  const fileRows: number[] = []
  let rows = 0
  for (const [index, file] of files.entries()) {
    let mapping: Mapping | undefined
    let bytes = 0
    const before = rows
    const tell = () => onProgress({ rows, bytes, file: index + 1 })
    const counted = () => {
      rows += 1
      if (rows % PROGRESS_EVERY_ROWS === 0) tell()
    }
    const sink: TableSink = {
      onHeader: (names) => {
        mapping = mappingFor(names, readers)
        formats.add(mapping.format)
        toldTwice.table(mapping.format, names, file.name)
        return mapping.wanted
      },
      onRow: (cells, place) => {
        counted()
        try {
          const charge = (mapping as Mapping).chargeOf(cells)
          toldTwice.note(charge, place.file)
          if (charge.oddity !== undefined) oddities.add(charge.oddity)
          rollup.add(charge)
        } catch (error) {
          if (!(error instanceof RowFaultError)) throw error
          skipped.add(error.reason, place, error.found)
        }
      },
      onMalformed: (reason, place) => {
        counted()
        skipped.add(reason, place)
      },
      onBytes: (read) => {
        bytes = read
      },
    }
    await inFile(file, () => readTableFile(file, sink))
    tell()
    fileRows.push(rows - before)
  }
  const warnings = [...toldTwice.warnings(), ...oddities.told()]
  const report = { formats: [...formats], rowsRead: rows, ...skipped.told(), warnings }
  const isEmpty = report.rowsRead === 0 && mayBeEmpty
  if (report.rowsRead === report.rowsSkipped && !isEmpty) throw nothingRead(report)
  return { rollup, report, fileRows }
}

function mappingFor(names: readonly string[], readers: Readers): Mapping {
  if (looksLikeFocus(names)) return focusMapping(names, readers)
  if (looksLikeCur(names)) return curMapping(names, readers)
  throw new ImportFault(
    `the table is neither FOCUS (BilledCost, ChargePeriodStart, ...) nor an AWS Cost and Usage Report (lineItem/UnblendedCost, ...): ${columnsFound(names)}`,
  )
}

async function inFile({ name }: TableFile, read: () => Promise<void>): Promise<void> {
  try {
    await read()
  } catch (error) {
    if (!(error instanceof ImportFault)) throw error
    throw new ImportFault(`"${name}": ${error.message}`, { cause: error })
  }
}

function createSkipped() {
  const byReason = new Map<
    string,
    { rows: number; examples: { place: string; found?: string }[] }
  >()
  let total = 0
  return {
    add: (reason: string, { file, unit, number }: RowPlace, found = '') => {
      total += 1
      const known = byReason.get(reason)
      const group = known ?? { rows: 0, examples: [] }
      if (known === undefined && byReason.size < REASONS_MAX) byReason.set(reason, group)
      group.rows += 1
      if (group.examples.length >= EXAMPLES_MAX) return
      const shown = found.slice(0, FOUND_CHARACTERS_MAX)
      group.examples.push({
        place: `${file} ${unit} ${number}`,
        ...(shown !== '' && { found: shown }),
      })
    },
    told: (): Pick<ReadReport, 'rowsSkipped' | 'skipped'> => ({
      rowsSkipped: total,
      skipped: [...byReason]
        .map(([reason, { rows, examples }]) => ({ reason, rows, examples }))
        .toSorted((a, b) => b.rows - a.rows),
    }),
  }
}

function createOddities() {
  const rowsOf = new Map<string, number>()
  return {
    add: (oddity: string) => {
      const rows = rowsOf.get(oddity)
      if (rows !== undefined || rowsOf.size < ODDITIES_MAX) rowsOf.set(oddity, (rows ?? 0) + 1)
    },
    told: () =>
      Array.from(rowsOf, ([oddity, rows]) => `${rows} ${rows === 1 ? 'row' : 'rows'}: ${oddity}`),
  }
}

function nothingRead({ rowsRead, skipped }: ReadReport): ImportFault {
  const [first] = skipped
  if (first === undefined) return new ImportFault('there is no row in it')
  const [example] = first.examples
  const found = example?.found === undefined ? '' : `, found "${example.found}"`
  return new ImportFault(
    `none of ${rowsRead} rows can be understood: ${first.reason} (${example?.place}${found})`,
  )
}
