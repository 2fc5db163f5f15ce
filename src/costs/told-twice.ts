import { basename, dirname, sep } from 'node:path'

import type { Month } from '#src/model/cost.ts'
import type { Charge, Mapping } from './charge.ts'
import { ImportFault } from './import-fault.ts'
import type { TableFile } from './table-files.ts'

/** The columns of a table that is read. */
interface Table {
  readonly format: Mapping['format']
  readonly columns: string
  /** The folder of its export; absent: it does not lie as AWS writes exports. */
  readonly folder?: string | undefined
}

/**
 * Finds bills that the files of one import tell of twice, since everything would cost twice as much.
 * In a billing period all files of an export have the same columns.
 */
export interface ToldTwice {
  table(format: Mapping['format'], names: readonly string[], file: string): void
  /** Notes a charge of the table. @throws ImportFault where another export tells of the same bill */
  note(charge: Pick<Charge, 'month' | 'billingAccountId'>, file: string): void
  warnings(): readonly string[]
}

const WARNINGS_MAX = 10
/** What AWS names folders of billing periods, below that of the export. */
const OF_EXPORT =
  /^(.*?)\/?(?:data\/)?(?:billing_period=\d{4}-\d{2}|\d{8}-\d{8}|year=\d{4}\/month=\d{1,2})\//i

export function createToldTwice(): ToldTwice {
  const bills = new Map<string, { readonly table: Table; readonly file: string }>()
  const warned = new Map<string, string>()
  let table: Table = { format: 'FOCUS', columns: '' }
  // Rows of the same bill stand together: only the first of them is looked up.
  let last: { readonly month: Month; readonly account: string } | undefined
  return {
    table: (format, names, file) => {
      const columns = names.map((name) => name.toLowerCase()).toSorted()
      const [, folder] = OF_EXPORT.exec(file.replaceAll(sep, '/')) ?? []
      table = { format, columns: columns.join('\n'), folder }
      last = undefined
    },
    note: ({ month, billingAccountId: account }, file) => {
      if (last?.month === month && last.account === account) return
      last = { month, account }
      const bill = `${month} ${account}`
      const first = bills.get(bill)
      if (first === undefined) bills.set(bill, { table, file })
      else if (isOther(first.table.format, table.format)) {
        throw ofTwo(
          `${first.table.format} in "${first.file}" and ${table.format} in "${file}"`,
          bill,
        )
      } else if (isOther(first.table.folder, table.folder)) {
        throw ofTwo(`the exports in "${first.table.folder}" and "${table.folder}"`, bill)
      } else if (first.table.columns !== table.columns && warned.size < WARNINGS_MAX) {
        warned.set(
          bill,
          `the billing account ${account} has costs of ${month} in "${first.file}" and in "${file}", which have other columns, and both are counted: where they are of two exports, import one of them`,
        )
      }
    },
    warnings: () => [...warned.values()],
  }
}

function isOther(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other
}

function ofTwo(exports: string, bill: string): ImportFault {
  const [month, account] = bill.split(' ')
  return new ImportFault(
    `${exports} both tell of the billing account ${account} in ${month}, and all would be counted twice: import one of them`,
  )
}

const ENDINGS = /(?:\.(?:csv|gz|zip|parquet|snappy|gzip|zstd))+$/i

/** @throws ImportFault for a file that is there twice, packed and unpacked, or as CSV and Parquet */
export function checkNamesOnce(files: readonly TableFile[]): void {
  const names = new Map<string, string>()
  for (const { name } of files) {
    const plain = `${dirname(name)}/${basename(name).replace(ENDINGS, '')}`
    const other = names.get(plain)
    if (other !== undefined) throw twice(other, name)
    names.set(plain, name)
  }
}

/**
 * Chunks without a row that exports are filled up with may be equal.
 * @param digests of the files
 * @param rows of the files
 * @throws ImportFault for a copy of a file that has rows
 */
export function checkNoCopies(
  files: readonly TableFile[],
  digests: readonly string[],
  rows: readonly number[],
): void {
  const names = new Map<string, string>()
  for (const [at, { name }] of files.entries()) {
    const digest = digests[at]
    if (digest === undefined || rows[at] === 0) continue
    const other = names.get(digest)
    if (other !== undefined) throw twice(other, name)
    names.set(digest, name)
  }
}

function twice(one: string, other: string): ImportFault {
  return new ImportFault(
    `"${one}" and "${other}" are the same, and all would be counted twice: import one of them`,
  )
}
