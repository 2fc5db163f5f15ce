import { Worker } from 'node:worker_threads'

import type { CostStaging } from '#src/ports/cost-store.ts'
import { ImportFault } from './import-fault.ts'
import type { ThreadMessage, ThreadTask } from './import-thread-messages.ts'
import type { ReadProgress, ReadReport } from './read-files.ts'
import type { PeriodSummary } from './rollup.ts'

/**
 * Beyond it the thread is ended, and the hub goes on. V8 cleans up the later the more it may have: a bill of
 * a million rows took 330 MB of memory where 1,536 were allowed, and takes 190 so. The largest rollup
 * has 130.
 */
const HEAP_MEGABYTES_MAX = 320
/** What a row needs only while it is read should not grow old. */
const YOUNG_MEGABYTES = 24

export interface ReadParts {
  readonly staging: Pick<CostStaging, 'add'>
  readonly onProgress: (progress: ReadProgress) => void
  /** Whether that state of the export was imported before: then nothing is read. */
  readonly isKnown: (execution: string) => Promise<boolean>
  readonly signal: AbortSignal
}

export interface ReadFilesResult {
  readonly execution: string
  readonly report: ReadReport
  readonly summaries: readonly PeriodSummary[]
}

/**
 * Reads the files of an import in a thread of their own and stages what they come to.
 * @returns the execution alone where it is known
 * @throws ImportFault for what is wrong with the files
 */
export async function readInThread(
  task: ThreadTask,
  { staging, onProgress, isKnown, signal }: ReadParts,
): Promise<ReadFilesResult | Pick<ReadFilesResult, 'execution'>> {
  signal.throwIfAborted()
  const worker = new Worker(new URL('./import-thread.ts', import.meta.url), {
    workerData: task,
    name: 'belfry-cost-import',
    resourceLimits: {
      maxOldGenerationSizeMb: HEAP_MEGABYTES_MAX,
      maxYoungGenerationSizeMb: YOUNG_MEGABYTES,
    },
  })
  const ended = new AbortController()
  try {
    let execution = ''
    return await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), {
        signal: ended.signal,
      })
      worker.on('error', (error) => reject(faultOf(error)))
      worker.on('exit', () => reject(new Error('the thread of the import ended too early')))
      worker.on('message', (message: ThreadMessage) => {
        switch (message.kind) {
          case 'execution':
            execution = message.execution
            isKnown(execution).then(
              (known) => (known ? resolve({ execution }) : worker.postMessage('read', [])),
              reject,
            )
            return
          case 'progress':
            onProgress(message.progress)
            return
          case 'part':
            staging.add(message.part).then(() => worker.postMessage('stored', []), reject)
            return
          case 'read':
            resolve({ execution, report: message.report, summaries: message.summaries })
            return
          case 'fault':
            reject(new ImportFault(message.message))
        }
      })
    })
  } finally {
    // The hub's signal outlives imports, and would keep all of them.
    ended.abort()
    await worker.terminate()
  }
}

function faultOf(error: Error): Error {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') return error
  return new ImportFault(
    `the import needs more than ${HEAP_MEGABYTES_MAX} MB: import fewer billing periods at once, or name the tag keys to tell costs apart by`,
    { cause: error },
  )
}
