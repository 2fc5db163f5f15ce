import { StoreFullFault } from '#src/errors.ts'
import type { CostImport } from '#src/model/cost-import.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { CostStore } from '#src/ports/cost-store.ts'
import type { Observer } from '#src/ports/observer.ts'
import { pause, patiently } from '#src/ports/patiently.ts'
import type { State } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import { forgetDeleted, takeAwayRest } from './deleted-periods.ts'
import {
  COST_IMPORTS,
  COST_IMPORT_QUEUE,
  COST_UPLOADS,
  changeImport,
  isQueued,
  putImport,
} from './import-documents.ts'
import type { StoredCostImport } from './import-documents.ts'
import { forgetImports } from './forget-imports.ts'
import { endOf } from './import-events.ts'
import { ImportFault } from './import-fault.ts'
import { runImport } from './run-import.ts'
import type { ImportFiles, RunOptions } from './run-import.ts'
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
  readonly actions: Actions
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
/** All that ended long ago is looked at. */
const FORGET_EVERY_MS = 60 * 60_000

export function createImportQueue(ports: QueuePorts): ImportQueue {
  const { state, costs, clock, observer } = ports
  let forgotAt: number | undefined
  const running = new Map<string, NonNullable<CostImport['progress']>>()

  const forgetSometimes = async () => {
    const now = clock.now()
    if (forgotAt !== undefined && now < forgotAt + FORGET_EVERY_MS) return
    await forgetDeleted(ports)
    await forgetImports(ports)
    forgotAt = now
  }

  const runNext = async (signal: AbortSignal): Promise<boolean> => {
    const [first] = await state.list(COST_IMPORT_QUEUE, { limit: 1 })
    if (first === undefined) return false
    const id = first.key
    const cancelling = new AbortController()
    const stopWatching = state.watch((changes) => {
      const isCancelled = changes.some(
        ({ collection, key, value }) =>
          collection === COST_IMPORTS.name && key === id && statusOf(value) === 'cancelled',
      )
      if (isCancelled) cancelling.abort()
    })
    try {
      // Between the two it may have been cancelled. One that a crash left publishing stays so: its
      // billing periods may be in place.
      const costImport = await changeImport(state, id, (before) =>
        isQueued(before.status) ? { ...before, status: 'running' } : undefined,
      )
      if (costImport === undefined) return false
      const onProgress: RunOptions['onProgress'] = (progress) => running.set(id, progress)
      const outcome = await outcomeOf(ports, costImport, { onProgress, cancelling, signal })
      if (outcome !== 'cancelled') await finish(ports, costImport, outcome)
      await ports.spool.remove(id)
    } finally {
      stopWatching()
      running.delete(id)
    }
    return true
  }

  return {
    progressOf: (id) => running.get(id),
    run: async (signal) => {
      // That the hub stops is no fault of the import that it cuts off.
      const onFault = (error: unknown) => {
        if (!signal.aborted) observer.stageFaulted('costs', error)
      }
      while (!signal.aborted) {
        const wake = new AbortController()
        const stopWatching = state.watch((changes) => {
          if (changes.some(({ collection }) => collection === COST_IMPORT_QUEUE.name)) wake.abort()
        })
        const next = async () => {
          await takeAwayRest(ports)
          await forgetUploads(ports)
          await tidySpool(ports)
          await forgetSometimes()
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

function statusOf(value: unknown): CostImport['status'] | undefined {
  return (value as CostImport | undefined)?.status
}

type Outcome = Pick<CostImport, 'status' | 'execution' | 'report' | 'error'>

async function outcomeOf(
  ports: QueuePorts,
  costImport: StoredCostImport,
  {
    onProgress,
    cancelling,
    signal,
  }: Pick<RunOptions, 'onProgress' | 'signal'> & { readonly cancelling: AbortController },
): Promise<Outcome | 'cancelled'> {
  const stopping = AbortSignal.any([signal, cancelling.signal])
  try {
    const files = await ports.filesOf(costImport, stopping)
    return await runImport(ports, costImport, files, {
      signal: stopping,
      onProgress,
      beforePublishing: async () => {
        stopping.throwIfAborted()
        const stored = await changeImport(ports.state, costImport.id, (before) =>
          before.status === 'running' ? { ...before, isPublishing: true } : undefined,
        )
        if (stored === undefined) cancelling.abort()
        cancelling.signal.throwIfAborted()
      },
    })
  } catch (error) {
    if (cancelling.signal.aborted) return 'cancelled'
    if (signal.aborted) throw error
    if (error instanceof ImportFault || error instanceof StoreFullFault) {
      return { status: 'failed', error: error.message }
    }
    ports.observer.stageFaulted('costs', error)
    return { status: 'failed', error: 'the hub failed; its log says why' }
  }
}

/** Nothing where it was cancelled: then all is as it was. */
async function finish(
  { actions }: QueuePorts,
  { id, initiator }: StoredCostImport,
  outcome: Outcome,
): Promise<void> {
  await actions.perform(initiator, async ({ transaction, now, tell }) => {
    const stored = await transaction.get(COST_IMPORTS, id)
    if (stored?.status !== 'running') return
    const { isPublishing: _, ...before } = stored
    const after: StoredCostImport = { ...before, ...outcome, endedAt: now }
    putImport(transaction, after)
    // That a source has nothing new is no news, unless somebody asked.
    if (initiator === undefined && outcome.status === 'unchanged') return
    tell('CostImportEndEvent', endOf(after))
  })
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
