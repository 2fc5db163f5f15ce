import { posix } from 'node:path'

import type { Month } from '#src/model/cost.ts'
import type { Bucket } from '#src/ports/bucket-reader.ts'
import { ImportFault } from './import-fault.ts'
import { BILLING_PERIODS_MAX } from './rollup.ts'

/**
 * Manifests say what an export to S3 consists of. AWS writes one last, after all files that it names,
 * at these places:
 *
 *   <prefix>/<export>/metadata/BILLING_PERIOD=2026-01/<export>-Manifest.json       Data Exports
 *   <prefix>/<report>/20260101-20260201/<report>-Manifest.json                     legacy reports
 *
 * Copies that it leaves in folders of single runs, one level deeper, are not the latest by what they are.
 * Folders of data are never listed: of an export that is overwritten they have files of former runs.
 */
export interface BillManifest {
  readonly key: string
  /** The billing period that it restates. */
  readonly month: Month
  /** Which state of the billing period it tells of. */
  readonly execution: string
  /** Of the manifest. */
  readonly etag: string
  /** Keys of what it names. */
  readonly files: readonly string[]
}

const DATA_EXPORT =
  /^((?:.*\/)?[^/]+)\/metadata\/billing_period=(\d{4}-\d{2})\/[^/]+-manifest\.json$/i
const REPORT = /^((?:.*\/)?[^/]+)\/(\d{4})(\d{2})\d{2}-\d{8}\/[^/]+-manifest\.json$/i
/** A bill of 20 years is 240 manifests among its files. */
export const KEYS_MAX = 100_000
/** Of a billing period with ten thousand files; it is read at once, and parsed. */
export const MANIFEST_BYTES_MAX = 2 * 1024 * 1024

const NAMES_TOLD_MAX = 20

export interface BillPlace {
  readonly bucket: string
  readonly prefix: string
  /** Which export, where several are below the prefix. */
  readonly exportName?: string | undefined
}

/**
 * The latest manifest of each billing period of one export.
 * @throws ImportFault where there is none, or those of several exports
 */
export async function manifestsIn(
  bucket: Bucket,
  place: BillPlace,
): Promise<readonly BillManifest[]> {
  const found = await placesOf(bucket, place)
  checkOne(found, place)
  const manifests: BillManifest[] = []
  for (const one of found) manifests.push(await manifestAt(bucket, place, one))
  return manifests
}

/** Of two exports everything would be counted twice. */
function checkOne(found: readonly ManifestPlace[], place: BillPlace): void {
  const where = `s3://${place.bucket}/${place.prefix}`
  const [first] = found
  if (first === undefined) {
    const what = place.exportName === undefined ? 'an export' : `the export "${place.exportName}"`
    throw new ImportFault(
      `there is no manifest of ${what} below "${where}": AWS writes <export>/metadata/BILLING_PERIOD=.../<export>-Manifest.json, or <report>/<from>-<to>/<report>-Manifest.json`,
    )
  }
  const names = [...new Set(found.map(({ name }) => name))].toSorted()
  if (names.length > 1) {
    throw new ImportFault(
      `there are several exports below "${where}": name one of ${shortened(names)}`,
    )
  }
  const folders = [...new Set(found.map(({ folder }) => folder))].toSorted()
  if (folders.length > 1) {
    throw new ImportFault(
      `there are several exports "${first.name}" below "${where}": name the prefix of one, such as ${shortened(folders)}`,
    )
  }
  const months = new Map<Month, string>()
  for (const { month, key } of found) {
    const other = months.get(month)
    if (other !== undefined) {
      throw new ImportFault(
        `there are two manifests of ${month}, "${other}" and "${key}": delete the one that is out of date`,
      )
    }
    months.set(month, key)
  }
  if (months.size <= BILLING_PERIODS_MAX) return
  throw new ImportFault(
    `the export has ${months.size} billing periods, more than ${BILLING_PERIODS_MAX}`,
  )
}

/** Names of a few, for a message. */
function shortened(names: readonly string[]): string {
  const told = names.slice(0, NAMES_TOLD_MAX).join(', ')
  const more = names.length - NAMES_TOLD_MAX
  return more > 0 ? `${told} and ${more} more` : told
}

interface ManifestPlace {
  readonly key: string
  readonly month: Month
  readonly name: string
  /** Where the export is. */
  readonly folder: string
}

async function placesOf(bucket: Bucket, place: BillPlace): Promise<readonly ManifestPlace[]> {
  const prefix = place.prefix.replace(/^\/+|\/+$/g, '')
  const found: ManifestPlace[] = []
  let keys = 0
  for await (const key of bucket.keys(prefix === '' ? '' : `${prefix}/`)) {
    keys += 1
    if (keys > KEYS_MAX) {
      throw new ImportFault(
        `there are more than ${KEYS_MAX} objects below the prefix "${place.prefix}": name the export's own prefix`,
      )
    }
    const manifest = placeOf(key)
    if (manifest === undefined) continue
    if ((place.exportName ?? manifest.name) === manifest.name) found.push(manifest)
  }
  return found
}

function placeOf(key: string): ManifestPlace | undefined {
  const [, exportFolder, period] = DATA_EXPORT.exec(key) ?? []
  const [, reportFolder, year, number] = REPORT.exec(key) ?? []
  const folder = exportFolder ?? reportFolder
  if (folder === undefined) return undefined
  return { key, name: posix.basename(folder), folder, month: period ?? `${year}-${number}` }
}

async function manifestAt(
  bucket: Bucket,
  { bucket: bucketName }: BillPlace,
  { key, month }: ManifestPlace,
): Promise<BillManifest> {
  const found = await bucket.find(key)
  if (found === undefined) throw new ImportFault(`the manifest "${key}" was deleted meanwhile`)
  if (found.bytes > MANIFEST_BYTES_MAX) {
    throw new ImportFault(`"${key}" has more than ${MANIFEST_BYTES_MAX} bytes: that is no manifest`)
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of bucket.read(key, found)) chunks.push(chunk)
  const { files, run } = contentOf(Buffer.concat(chunks).toString('utf8'), key)
  const etag = found.etag.replaceAll('"', '')
  return {
    key,
    month,
    etag: found.etag,
    execution: run === undefined ? etag : `${run} ${etag}`,
    files: files.map((file) => keyOf(file, bucketName, key)),
  }
}

function contentOf(text: string, key: string) {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new ImportFault(`the manifest "${key}" is no JSON`, { cause })
  }
  const fields = typeof parsed === 'object' && parsed !== null ? parsed : {}
  const [files] = fieldsOf(fields, ['dataFiles', 'reportKeys'])
  if (!isTexts(files)) {
    throw new ImportFault(
      `the manifest "${key}" has neither dataFiles nor reportKeys, which name the files of an export: found ${Object.keys(fields).join(', ')}`,
    )
  }
  const [run] = fieldsOf(fields, ['executionId', 'assemblyId'])
  return { files, run: typeof run === 'string' ? run : undefined }
}

function fieldsOf(fields: object, names: readonly string[]): readonly unknown[] {
  const values: Readonly<Record<string, unknown>> = { ...fields }
  return names.flatMap((name) => (values[name] === undefined ? [] : [values[name]]))
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

/** Data Exports name files by URLs, reports by keys. */
function keyOf(file: string, bucket: string, manifest: string): string {
  const [, of, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(file) ?? []
  if (of === undefined || key === undefined) return file.replace(/^\/+/, '')
  if (of === bucket) return key
  throw new ImportFault(`the manifest "${manifest}" names "${file}", which is in another bucket`)
}
