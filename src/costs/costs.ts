import { join } from 'node:path'

import type { CostImport } from '#src/model/cost-import.ts'
import { filesInFolder } from './cost-folder.ts'
import { createCostImports } from './cost-imports.ts'
import type { CostImportPorts, CostImports } from './cost-imports.ts'
import { ImportFault } from './import-fault.ts'
import { createImportQueue } from './import-queue.ts'
import type { QueuePorts } from './import-queue.ts'
import type { ImportFiles } from './run-import.ts'
import { createUploadSpool } from './upload-spool.ts'

export interface CostPorts
  extends
    Omit<QueuePorts, 'spool' | 'filesOf'>,
    Omit<CostImportPorts, 'spool' | 'queue' | 'hasFolder'> {
  readonly dataFolder: string
  /** Below it, in a folder named by its id, are the files of each organisation. */
  readonly costFolder?: string
}

/** Everything about costs. */
export interface Costs {
  readonly imports: CostImports
  /** Runs imports until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

export function createCosts(ports: CostPorts): Costs {
  const { dataFolder, costFolder } = ports
  const spool = createUploadSpool(join(dataFolder, 'cost-uploads'))
  const filesOf = async ({ id, organisationId, from }: CostImport): Promise<ImportFiles> => {
    if (from.kind === 'upload') return { files: await spool.files(id) }
    if (costFolder === undefined) {
      throw new ImportFault('the hub has no folder to import from: start it with --cost-folder')
    }
    return { files: await filesInFolder(costFolder, organisationId, from.path) }
  }
  const queue = createImportQueue({ ...ports, spool, filesOf })
  const hasFolder = costFolder !== undefined
  return {
    imports: createCostImports({ ...ports, spool, queue, hasFolder }),
    run: (signal) => queue.run(signal),
  }
}
