import { DatabaseSync } from 'node:sqlite'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'

import { deliveryVerbs } from './delivery-queue.sql.ts'
import { logVerbs } from './batch-log.sql.ts'
import { costStoreVerbs } from './cost-store.sql.ts'
import { eventArchiveVerbs } from './event-archive.sql.ts'
import { eventHistoryVerbs } from './event-history.sql.ts'
import { eventIndexVerbs } from './event-index.sql.ts'
import { eventVolumeVerbs } from './event-volume.sql.ts'
import { migrate } from './migrations.ts'
import { outgoingLetterVerbs } from './outgoing-letters.sql.ts'
import { stateVerbs } from './state.sql.ts'
import type { Verb, WriterReply, WriterRequest, WriterSettings } from './writer.ts'

/**
 * The only thread that writes. All requests that wait when it looks share one transaction and so
 * one flush: group commit. Each runs in a savepoint, so that one that fails takes only itself.
 */

/** Bounds how long the first request of a group waits for the last. */
const REQUESTS_PER_COMMIT_MAX = 1_000

/**
 * 4 MiB: a checkpoint copies the write-ahead log into the database and flushes both, and commits
 * wait for it. Eight times as much made the slowest hundredth of deliveries wait 54 ms instead of
 * 44 (12,000 events a second, two cores, November 2026).
 */
const CHECKPOINT_AFTER_PAGES = 512
const PAGE_BYTES = 8_192

const settings = workerData as WriterSettings
const port = parentPort
if (port === null) throw new Error('the writer runs as a worker thread')

const database = open(settings)
const verbs: Readonly<Record<string, Verb>> = {
  ...logVerbs(database),
  ...stateVerbs(database),
  ...deliveryVerbs(database),
  ...outgoingLetterVerbs(database),
  ...eventIndexVerbs(database),
  ...eventArchiveVerbs(database),
  ...eventHistoryVerbs(database),
  ...eventVolumeVerbs(database),
  ...costStoreVerbs(database),
}
const begin = database.prepare('BEGIN IMMEDIATE')
const commit = database.prepare('COMMIT')
const savepoint = database.prepare('SAVEPOINT request')
const release = database.prepare('RELEASE request')
const undo = database.prepare('ROLLBACK TO request')

port.on('message', (first: WriterRequest) => {
  const group = [first]
  while (group.length < REQUESTS_PER_COMMIT_MAX) {
    const next = receiveMessageOnPort(port)
    if (next === undefined) break
    group.push(next.message as WriterRequest)
  }
  const closing = group.find((request) => request.verb === 'close')
  reply(commitGroup(group.filter((request) => request !== closing)))
  if (closing !== undefined) {
    database.close()
    reply([{ id: closing.id, result: undefined }])
    port.close()
  }
})
port.postMessage('ready')

function open({ file, maxStoreBytes }: WriterSettings): DatabaseSync {
  const opened = new DatabaseSync(file)
  opened.exec(`
    PRAGMA page_size = ${PAGE_BYTES};
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA busy_timeout = 5000;
    PRAGMA cache_size = -24576;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_AFTER_PAGES};
  `)
  try {
    migrate(opened)
  } catch (error) {
    // The thread ends later than its starter hears of it, which may look at the file at once.
    opened.close()
    throw error
  }
  if (maxStoreBytes !== undefined) {
    opened.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxStoreBytes / PAGE_BYTES))}`)
  }
  return opened
}

function commitGroup(group: readonly WriterRequest[]): readonly WriterReply[] {
  if (group.length === 0) return []
  const replies: WriterReply[] = []
  try {
    begin.run()
    for (const request of group) replies.push(run(request))
    commit.run()
    return replies
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    return group.map(({ id }) => ({ id, fault: faultOf(error) }))
  }
}

function run({ id, verb, args }: WriterRequest): WriterReply {
  const execute = verbs[verb]
  if (execute === undefined) return { id, fault: { message: `no verb "${verb}"` } }
  savepoint.run()
  try {
    const result = execute(args)
    release.run()
    return { id, result }
  } catch (error) {
    // A full disk may have ended the whole transaction: then the group fails, not only this one.
    if (!database.isTransaction) throw error
    undo.run()
    release.run()
    return { id, fault: faultOf(error) }
  }
}

function faultOf(error: unknown): { message: string; sqliteCode?: number } {
  if (!(error instanceof Error)) return { message: String(error) }
  const code = 'errcode' in error ? Number(error.errcode) : undefined
  return { message: error.message, ...(code !== undefined && { sqliteCode: code }) }
}

function reply(replies: readonly WriterReply[]): void {
  if (replies.length > 0) port?.postMessage(replies)
}
