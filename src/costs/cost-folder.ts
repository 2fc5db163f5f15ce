import { mkdir, readdir, realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

import { ImportFault } from './import-fault.ts'
import type { TableFile } from './table-files.ts'

/** Files that one import may read. */
export const FOLDER_FILES_MAX = 10_000
const FOLDER_MODE = 0o700
/** Manifests, check sums and the like stand beside what is imported. */
const TABLES = /\.(csv|csv\.gz|gz|zip|parquet)$/i

/**
 * The tables of a file or folder below the organisation's own folder, in the order of their names. What
 * a link leads to elsewhere is not read.
 * @param root the folder that the operator set apart; each organisation's is under its id
 * @throws ImportFault where there is nothing to import
 */
export async function filesInFolder(
  root: string,
  organisationId: string,
  path: string,
): Promise<readonly TableFile[]> {
  const own = join(root, organisationId)
  await mkdir(own, { recursive: true, mode: FOLDER_MODE })
  const base = await realpath(own)
  const wanted = await realpath(join(base, path)).catch(() => undefined)
  const isWithin = wanted === base || wanted?.startsWith(base + sep) === true
  if (wanted === undefined || !isWithin) {
    throw new ImportFault(
      `there is no "${path}" in the organisation's folder for costs: put it into "${organisationId}" below the folder of --cost-folder`,
    )
  }
  const isFile = (await stat(wanted)).isFile()
  const found = isFile ? [wanted] : await tablesBelow(wanted)
  if (found.length === 0) {
    throw new ImportFault(`the folder "${path}" has no file that ends in csv, gz, zip or parquet`)
  }
  if (found.length > FOLDER_FILES_MAX) {
    throw new ImportFault(
      `the folder "${path}" has more than ${FOLDER_FILES_MAX} files: import parts of it`,
    )
  }
  const files = found.map((file) => ({ name: relative(base, file), path: file }))
  checkRuns(files)
  return files
}

/** Exports that create new files have each run in a folder of its own, below that of the month. */
const RUN = /^(.*(?:billing_period=\d{4}-\d{2}|\d{8}-\d{8}))\/([^/]+)\/[^/]+$/i

/** Of a copy of such an export, each run tells of the whole month: together they cost too much. */
function checkRuns(files: readonly TableFile[]): void {
  const runs = new Map<string, string>()
  for (const { name } of files) {
    const [, month = '', run] = RUN.exec(name.replaceAll(sep, '/')) ?? []
    if (run === undefined) continue
    const other = runs.get(month) ?? run
    if (other !== run) {
      throw new ImportFault(
        `"${month}" has the runs "${other}" and "${run}", and each tells of the whole month: keep the latest, or import from S3, where the manifest says which it is`,
      )
    }
    runs.set(month, run)
  }
}

async function tablesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile() && TABLES.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}
