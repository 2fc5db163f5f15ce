import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

import type { CostPeriod } from '#src/model/cost.ts'
import type { CostImport, CostImportFrom } from '#src/model/cost-import.ts'
import { BucketFault } from '#src/ports/bucket-reader.ts'
import type { Bucket, BucketReader } from '#src/ports/bucket-reader.ts'
import type { CostStore } from '#src/ports/cost-store.ts'
import type { State } from '#src/ports/state.ts'
import { manifestsIn } from './bill-manifests.ts'
import type { BillManifest } from './bill-manifests.ts'
import { deletedOf } from './deleted-periods.ts'
import { ImportFault } from './import-fault.ts'
import type { ImportFiles } from './run-import.ts'
import type { TableFile } from './table-files.ts'
import { orFull } from './upload-spool.ts'
import type { UploadSpool } from './upload-spool.ts'

export type FromBucket = Extract<CostImportFrom, { kind: 's3' }>

export interface BucketFilesPorts {
  readonly buckets: BucketReader
  readonly state: Pick<State, 'list'>
  readonly costs: Pick<CostStore, 'periods'>
  readonly spool: Pick<UploadSpool, 'folder'>
}

/** Of all files that one import fetches: they are on the hub's disk until they are read. */
export const FETCHED_BYTES_MAX = 64 * 1024 * 1024 * 1024
export const FETCHED_FILES_MAX = 10_000
const DEFAULT_REGION = 'us-east-1'
const FILE_MODE = 0o600

/**
 * Fetches the files of those billing periods of an export in S3 that are other than the hub has them.
 * @throws ImportFault that names what is missing, or what AWS refused
 */
export async function filesInBucket(
  { buckets, state, costs, spool }: BucketFilesPorts,
  costImport: CostImport & { readonly from: FromBucket },
  signal: AbortSignal,
): Promise<ImportFiles> {
  const { id, organisationId, exportName, tagKeys = [], from, sourceId } = costImport
  const { region = DEFAULT_REGION, roleArn } = from
  try {
    const place = { bucket: from.bucket, region, externalId: organisationId }
    const bucket = buckets.open({ ...place, ...(roleArn !== undefined && { roleArn }) }, signal)
    const manifests = await manifestsIn(bucket, from)
    const known = await costs.periods(organisationId, exportName)
    const deleted = await deletedOf(state, { organisationId, exportName }, sourceId)
    const executionOf = ({ execution }: BillManifest) => withTagKeys(execution, tagKeys)
    const changed = manifests.filter((manifest) => {
      const { month } = manifest
      const isKnown = known.some(
        (period) => period.month === month && period.execution === executionOf(manifest),
      )
      // By whatever tag keys its costs were told apart.
      return !isKnown && !deleted.some((each) => each.month === month && isOf(manifest, each))
    })
    const files = await fetched(bucket, changed, await spool.folder(id))
    return {
      files,
      execution: digestOf(manifests.map(executionOf)),
      executions: new Map(changed.map((each) => [each.month, executionOf(each)])),
    }
  } catch (error) {
    if (error instanceof BucketFault) throw new ImportFault(error.message, { cause: error })
    throw error
  }
}

const BY_TAG_KEYS = ' by '

/** Costs that are told apart by other tag keys are another state. */
function withTagKeys(execution: string, tagKeys: readonly string[]): string {
  return tagKeys.length === 0 ? execution : execution + BY_TAG_KEYS + tagKeys.toSorted().join(',')
}

function isOf({ execution }: BillManifest, known: Pick<CostPeriod, 'execution'>): boolean {
  return known.execution === execution || known.execution.startsWith(execution + BY_TAG_KEYS)
}

function digestOf(executions: readonly string[]): string {
  const [only] = executions
  if (executions.length === 1 && only !== undefined) return only
  const all = JSON.stringify(executions.toSorted())
  return `sha256:${createHash('sha256').update(all).digest('hex')}`
}

async function fetched(
  bucket: Bucket,
  manifests: readonly BillManifest[],
  folder: string,
): Promise<readonly TableFile[]> {
  const count = manifests.reduce((sum, { files: keys }) => sum + keys.length, 0)
  if (count > FETCHED_FILES_MAX) throw tooMuch()
  const files: TableFile[] = []
  let bytes = 0
  for (const { key: manifest, files: keys, etag } of manifests) {
    for (const key of keys) {
      const found = await bucket.find(key)
      if (found === undefined) {
        throw new ImportFault(`the manifest "${manifest}" names "${key}", which is not there`)
      }
      bytes += found.bytes
      if (bytes > FETCHED_BYTES_MAX) throw tooMuch()
      // Files of two billing periods have the same names, and names may be longer than the disk's.
      const path = join(folder, String(files.length))
      await orFull(save(path, bucket.read(key, found)))
      files.push({ name: key, path })
    }
    if ((await bucket.find(manifest))?.etag === etag) continue
    throw new ImportFault(`the manifest "${manifest}" was replaced meanwhile: import it again`)
  }
  return files
}

function tooMuch(): ImportFault {
  return new ImportFault(
    `the export has more than ${FETCHED_FILES_MAX} files or ${FETCHED_BYTES_MAX} bytes that are new: import fewer billing periods at once, by a prefix of theirs`,
  )
}

async function save(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'w', FILE_MODE)
  try {
    for await (const chunk of chunks) await file.writeFile(chunk)
  } finally {
    await file.close()
  }
}
