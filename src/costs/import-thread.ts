import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'

import { digestOf } from './file-digest.ts'
import { ImportFault } from './import-fault.ts'
import { readFiles } from './read-files.ts'
import type { ReadProgress } from './read-files.ts'
import type { ThreadMessage, ThreadTask } from './import-thread-messages.ts'

/**
 * Reads and sums up the files of one import, away from the thread that answers requests. A part of
 * what came of it is sent when the one before was stored.
 */

const port = parentPort
if (port === null) throw new Error('an import runs as a worker thread')
const send = (message: ThreadMessage) => port.postMessage(message)

const { files, tagKeys, execution } = workerData as ThreadTask
try {
  send({ kind: 'execution', execution: execution ?? (await digestOf(files, tagKeys)) })
  // Whoever knows that state of the export already ends the thread.
  await once(port, 'message')
  const { rollup, report } = await readFiles(files, {
    ...(tagKeys !== undefined && { tagKeys }),
    onProgress: (progress: ReadProgress) => send({ kind: 'progress', progress }),
  })
  for (const part of rollup.parts()) {
    send({ kind: 'part', part })
    await once(port, 'message')
  }
  send({ kind: 'read', report, summaries: rollup.summaries() })
} catch (error) {
  if (!(error instanceof ImportFault)) throw error
  send({ kind: 'fault', message: error.message })
}
port.close()
