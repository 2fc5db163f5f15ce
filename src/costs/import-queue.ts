import { StoreFullFault } from '#src/errors.ts'
import type { CostImport } from '#src/model/cost-import.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { CostStore } from '#src/ports/cost-store.ts'
import type { Observer } from '#src/ports/observer.ts'
import { pause, patiently } from '#src/ports/patiently.ts'
import type { State } from '#src/ports/state.ts'
import {
  COST_IMPORTS,
  COST_IMPORT_QUEUE,
  COST_UPLOADS,
  changeImport,
  isQueued,
} from './import-documents.ts'
import { ImportFault } from './import-fault.ts'
import { runImport } from './run-import.ts'
import type { ImportFiles } from './run-import.ts'
import type { UploadSpool } from './upload-spool.ts'

/**
 * Imports wait in the order in which they were asked for, and one runs at a time, so that the machine has
 * room for events. One that the hub's end cut off runs again from its beginning: until it is published
 * nobody sees anything of it.
 */

export interface QueuePorts {
  readonly state: State
  readonly costs: CostStore
  readonly clock: Clock
  readonly observer: Pick<Observer, 'stageFaulted'>
  readonly spool: UploadSpool
  /** Finds, and fetches where they are elsewhere, the files of an import. */
  readonly filesOf: (costImport: CostImport, signal: AbortSignal) => Promise<ImportFiles>
}

export interface ImportQueue {
  /** Imports are run until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  /** How far one is that runs now. */
  progressOf(id: string): CostImport['progress']
}

/** An upload that nothing was sent to for so long is forgotten. */
const UPLOAD_KEPT_MS = 24 * 60 * 60_000
const LOOK_AGAIN_AFTER_MS = 60_000

export function createImportQueue(ports: QueuePorts): ImportQueue {
  const { state, costs, observer } = ports
  const running = new Map<string, NonNullable<CostImport['progress']>>()
  const onFault = (error: unknown) => observer.stageFaulted('costs', error)

  const runNext = async (signal: AbortSignal): Promise<boolean> => {
    const [first] = await state.list(COST_IMPORT_QUEUE, { limit: 1 })
    if (first === undefined) return false
    // Between the two it may have been cancelled.
    const costImport = await changeImport(state, first.key, (before) =>
      isQueued(before.status) ? { ...before, status: 'running' } : undefined,
    )
    if (costImport === undefined) return false
    try {
      await finish(ports, costImport, await outcomeOf(ports, costImport, { running, signal }))
      await ports.spool.remove(costImport.id)
    } finally {
      running.delete(costImport.id)
    }
    return true
  }

  return {
    progressOf: (id) => running.get(id),
    run: async (signal) => {
      while (!signal.aborted) {
        const wake = new AbortController()
        const stopWatching = state.watch((changes) => {
          if (changes.some(({ collection }) => collection === COST_IMPORT_QUEUE.name)) wake.abort()
        })
        const next = async () => {
          await forgetUploads(ports)
          await tidySpool(ports)
          await costs.sweep(signal)
          return runNext(signal)
        }
        const did = await patiently(next, onFault, signal)
        if (did !== true) {
          await pause(LOOK_AGAIN_AFTER_MS, AbortSignal.any([signal, wake.signal]))
        }
        stopWatching()
      }
    },
  }
}

type Outcome = Pick<CostImport, 'status' | 'execution' | 'report' | 'error'>

async function outcomeOf(
  ports: QueuePorts,
  costImport: CostImport,
  {
    running,
    signal,
  }: {
    readonly running: Map<string, NonNullable<CostImport['progress']>>
    readonly signal: AbortSignal
  },
): Promise<Outcome> {
  try {
    const files = await ports.filesOf(costImport, signal)
    return await runImport(ports, costImport, files, {
      signal,
      onProgress: (progress) => running.set(costImport.id, progress),
    })
  } catch (error) {
    if (signal.aborted) throw error
    if (error instanceof ImportFault || error instanceof StoreFullFault) {
      return { status: 'failed', error: error.message }
    }
    ports.observer.stageFaulted('costs', error)
    return { status: 'failed', error: 'the hub failed; its log says why' }
  }
}

async function finish({ state, clock }: QueuePorts, { id }: CostImport, outcome: Outcome) {
  const endedAt = clock.now()
  await changeImport(state, id, (before) => ({ ...before, ...outcome, endedAt }))
}

/** Ends uploads that nobody goes on with. */
async function forgetUploads({ state, clock }: QueuePorts): Promise<void> {
  const now = clock.now()
  const isLeft = ({ status, createdAt, receivedAt = createdAt }: CostImport) =>
    status === 'uploading' && now - receivedAt >= UPLOAD_KEPT_MS
  const hours = UPLOAD_KEPT_MS / 3_600_000
  const error = `nothing was sent to the upload for ${hours} hours: create another import`
  for (const { key } of await state.list(COST_UPLOADS, { limit: Number.MAX_SAFE_INTEGER })) {
    await changeImport(state, key, (before) =>
      isLeft(before) ? { ...before, status: 'failed', error, endedAt: now } : undefined,
    )
  }
}

/** Removes files of imports that have ended: of uploads just forgotten, and what a crash left. */
async function tidySpool({ state, spool }: QueuePorts): Promise<void> {
  for (const id of await spool.importIds()) {
    const costImport = await state.get(COST_IMPORTS, id)
    if (costImport === undefined || costImport.endedAt !== undefined) await spool.remove(id)
  }
}
