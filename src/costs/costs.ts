import { join } from 'node:path'

import type { CostImport } from '#src/model/cost-import.ts'
import type { BucketReader } from '#src/ports/bucket-reader.ts'
import { patiently } from '#src/ports/patiently.ts'
import { filesInFolder } from './cost-folder.ts'
import { filesInBucket } from './bucket-files.ts'
import { createCostImports } from './cost-imports.ts'
import { NO_BUCKETS } from './import-places.ts'
import type { CostImportPorts, CostImports } from './cost-imports.ts'
import { createCostSources } from './cost-sources.ts'
import type { CostSources } from './cost-sources.ts'
import { ImportFault } from './import-fault.ts'
import { putAllInOrder } from './import-documents.ts'
import { createImportQueue } from './import-queue.ts'
import type { QueuePorts } from './import-queue.ts'
import type { ImportFiles } from './run-import.ts'
import { readSources } from './read-sources.ts'
import { createUploadSpool } from './upload-spool.ts'

export interface CostPorts
  extends Omit<QueuePorts, 'spool' | 'filesOf'>, Omit<CostImportPorts, 'spool' | 'queue' | 'has'> {
  readonly dataFolder: string
  /** Below it, in a folder named by its id, are the files of each organisation. */
  readonly costFolder?: string
  /** Absent: the hub does not use AWS for those who use it. */
  readonly buckets?: BucketReader
}

/** Everything about costs. */
export interface Costs {
  readonly imports: CostImports
  readonly sources: CostSources
  /** Reads sources and runs imports until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

export function createCosts(ports: CostPorts): Costs {
  const { dataFolder, costFolder, buckets } = ports
  const spool = createUploadSpool(join(dataFolder, 'cost-uploads'))
  const filesOf = async (costImport: CostImport, signal: AbortSignal): Promise<ImportFiles> => {
    const { id, organisationId, from } = costImport
    if (from.kind === 'upload') return { files: await spool.files(id) }
    if (from.kind === 's3') {
      if (buckets === undefined) throw new ImportFault(NO_BUCKETS)
      return filesInBucket({ ...ports, buckets, spool }, { ...costImport, from }, signal)
    }
    if (costFolder === undefined) {
      throw new ImportFault('the hub has no folder to import from: start it with --cost-folder')
    }
    return { files: await filesInFolder(costFolder, organisationId, from.path) }
  }
  const queue = createImportQueue({ ...ports, spool, filesOf })
  const has = { folder: costFolder !== undefined, buckets: buckets !== undefined }
  return {
    imports: createCostImports({ ...ports, spool, queue, has }),
    sources: createCostSources({ ...ports, has }),
    run: async (signal) => {
      const { state, observer } = ports
      const onFault = (error: unknown) => observer.stageFaulted('costs', error)
      await patiently(() => putAllInOrder(state), onFault, signal)
      await Promise.all([queue.run(signal), readSources(ports, signal)])
    },
  }
}
