import { setTimeout as sleep } from 'node:timers/promises'

import type { CostImport } from '#src/model/cost-import.ts'
import { CommandFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { createProgress } from './progress.ts'
import type { Progress } from './progress.ts'

const LOOK_EVERY_MS = 250

/**
 * Waits for the end of an import of costs, and shows meanwhile how far it is.
 * @throws CommandFault where it failed or was cancelled
 */
export async function followImport(hub: HubClient, id: string): Promise<CostImport> {
  let progress: Progress | undefined
  try {
    for (;;) {
      const now = await hub.get<CostImport>(`/cost-imports/${id}`)
      if (now.endedAt !== undefined) return brought(now)
      if (now.progress !== undefined) {
        const { file, files, bytes, fileBytes } = now.progress
        progress ??= createProgress('reading, per mille', 1_000)
        const ofFile = fileBytes === 0 ? 0 : bytes / fileBytes
        progress.update(Math.floor(((file - 1 + ofFile) / files) * 1_000))
      }
      await sleep(LOOK_EVERY_MS)
    }
  } finally {
    progress?.stop()
  }
}

function brought(costImport: CostImport): CostImport {
  const { status, error } = costImport
  if (status === 'failed') throw new CommandFault(`the import failed: ${error}`)
  if (status !== 'cancelled') return costImport
  throw new CommandFault('the import was cancelled: billing periods are as they were')
}
