import { on } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'

import { digestsOf, executionOf } from './file-digest.ts'
import { ImportFault } from './import-fault.ts'
import { readFiles } from './read-files.ts'
import type { ReadProgress } from './read-files.ts'
import type { ThreadMessage, ThreadTask } from './import-thread-messages.ts'
import { checkNoCopies } from './told-twice.ts'

/**
 * Reads and sums up the files of one import, away from the thread that answers requests. What came of
 * it is sent in parts, of which a few are on their way to the disk at a time.
 */

/** The store flushes parts that wait together once for all. */
const UNSTORED_PARTS_MAX = 4

const port = parentPort
if (port === null) throw new Error('an import runs as a worker thread')
const send = (message: ThreadMessage) => port.postMessage(message)

const answers = on(port, 'message')

const { files, tagKeys, execution, mayBeEmpty = false } = workerData as ThreadTask
try {
  // Manifests name each file once.
  const digests = execution === undefined ? await digestsOf(files) : []
  send({ kind: 'execution', execution: execution ?? executionOf(digests, tagKeys) })
  // Whoever knows that state of the export already ends the thread.
  await answers.next()
  const { rollup, report, fileRows } = await readFiles(files, {
    ...(tagKeys !== undefined && { tagKeys }),
    mayBeEmpty,
    onProgress: (progress: ReadProgress) => send({ kind: 'progress', progress }),
  })
  checkNoCopies(files, digests, fileRows)
  let unstored = 0
  for (const part of rollup.parts()) {
    send({ kind: 'part', part })
    unstored += 1
    if (unstored < UNSTORED_PARTS_MAX) continue
    await answers.next()
    unstored -= 1
  }
  for (; unstored > 0; unstored -= 1) await answers.next()
  send({ kind: 'read', report, summaries: rollup.summaries() })
} catch (error) {
  if (!(error instanceof ImportFault)) throw error
  send({ kind: 'fault', message: error.message })
}
port.close()
