import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import type { BatchLog } from '#src/ports/batch-log.ts'
import type { CostStore } from '#src/ports/cost-store.ts'
import type { Cursors } from '#src/ports/cursors.ts'
import type { DeliveryQueue } from '#src/ports/delivery-queue.ts'
import type { EventArchive } from '#src/ports/event-archive.ts'
import type { EventHistory } from '#src/ports/event-history.ts'
import type { EventIndex } from '#src/ports/event-index.ts'
import type { EventVolume } from '#src/ports/event-volume.ts'
import { systemIds } from '#src/ports/ids.ts'
import type { OutgoingLetters } from '#src/ports/outgoing-letters.ts'
import type { State } from '#src/ports/state.ts'
import { createSqliteCursors, createSqliteLog } from './batch-log.sql.ts'
import { createSqliteCostStore } from './cost-store.sql.ts'
import { createSqliteDeliveryQueue } from './delivery-queue.sql.ts'
import { createSqliteEventArchive } from './event-archive.sql.ts'
import { createSqliteEventHistory } from './event-history.sql.ts'
import { createSqliteEventIndex } from './event-index.sql.ts'
import { createSqliteEventVolume } from './event-volume.sql.ts'
import { createSqliteOutgoingLetters } from './outgoing-letters.sql.ts'
import { createSqliteState } from './state.sql.ts'
import { startWriter } from './writer.ts'

/** Everything the hub keeps, of one data folder. */
export interface Store {
  readonly log: BatchLog
  readonly cursors: Cursors
  readonly queue: DeliveryQueue
  readonly outgoingLetters: OutgoingLetters
  readonly eventIndex: EventIndex
  readonly eventArchive: EventArchive
  readonly history: EventHistory
  readonly volume: EventVolume
  readonly costs: CostStore
  readonly state: State
  close(): Promise<void>
}

export interface SqliteStoreOptions {
  readonly folder: string
  /** The database may not grow beyond this; absent: as far as the disk goes. */
  readonly maxStoreBytes?: number
}

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/**
 * Opens or creates the store of a data folder: one thread that writes, one read-only connection
 * here, whose reads never flush.
 * @throws Error when another hub has the folder open.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  mkdirSync(options.folder, { recursive: true, mode: FOLDER_MODE })
  const lock = lockFolder(options.folder)
  const file = join(options.folder, 'belfry.db')
  createForOwner(file)
  const { maxStoreBytes } = options
  const settings = { file, ...(maxStoreBytes !== undefined && { maxStoreBytes }) }
  const writer = await startWriter(settings).catch((error: unknown) => {
    lock.close()
    throw error
  })
  const reading = new DatabaseSync(file, { readOnly: true })
  reading.exec('PRAGMA busy_timeout = 5000; PRAGMA cache_size = -16384')
  return {
    log: createSqliteLog(writer, reading),
    cursors: createSqliteCursors(writer, reading),
    queue: createSqliteDeliveryQueue(writer, reading),
    outgoingLetters: createSqliteOutgoingLetters(writer, reading),
    eventIndex: createSqliteEventIndex(writer, reading),
    eventArchive: createSqliteEventArchive(writer, reading),
    history: createSqliteEventHistory(writer, reading),
    volume: createSqliteEventVolume(writer, reading),
    costs: createSqliteCostStore(writer, reading, systemIds),
    state: createSqliteState(writer, reading),
    close: async () => {
      reading.close()
      await writer.close()
      lock.close()
    },
  }
}

/**
 * Makes a database's file where there is none: SQLite would leave it to the umask who may read it,
 * and gives the files beside it the same mode. One that is there is not opened, since closing it
 * would drop the locks that this process holds on it.
 */
function createForOwner(file: string): void {
  try {
    closeSync(openSync(file, 'wx', FILE_MODE))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** A lock that the operating system drops with the process, also after kill -9. */
function lockFolder(folder: string): DatabaseSync {
  const file = join(folder, 'lock.db')
  createForOwner(file)
  const lock = new DatabaseSync(file)
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock.close()
    throw new Error(
      `another hub is running on "${folder}": stop it or give --data another folder`,
      {
        cause,
      },
    )
  }
}
