import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'

import { StoreFullFault } from '#src/errors.ts'
import type { Restartable } from '#src/ports/adapter.contract.ts'
import { batchLogContract } from '#src/ports/batch-log.contract.ts'
import { costStoreContract } from '#src/ports/cost-store.contract.ts'
import { cursorsContract } from '#src/ports/cursors.contract.ts'
import { deliveryQueueContract } from '#src/ports/delivery-queue.contract.ts'
import { eventArchiveContract } from '#src/ports/event-archive.contract.ts'
import { eventHistoryContract } from '#src/ports/event-history.contract.ts'
import { eventIndexContract } from '#src/ports/event-index.contract.ts'
import { eventVolumeContract } from '#src/ports/event-volume.contract.ts'
import { outgoingLettersContract } from '#src/ports/outgoing-letters.contract.ts'
import { stateContract } from '#src/ports/state.contract.ts'
import { collection } from '#src/ports/state.ts'
import { openSqliteStore } from './store.ts'
import type { SqliteStoreOptions, Store } from './store.ts'

const folders: string[] = []
const stores = new Set<Store>()

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-store-'))
  folders.push(folder)
  return folder
}

async function open(options: SqliteStoreOptions): Promise<Store> {
  const store = await openSqliteStore(options)
  stores.add(store)
  return store
}

async function close(store: Store): Promise<void> {
  stores.delete(store)
  await store.close()
}

afterEach(async () => {
  await Promise.all([...stores].map(close))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** One port of a fresh store, for the contracts. */
function restartable<T>(portOf: (store: Store) => T) {
  return async (): Promise<Restartable<T>> => {
    const folder = newFolder()
    let store = await open({ folder })
    return {
      port: portOf(store),
      restart: async () => {
        await close(store)
        store = await open({ folder })
        return portOf(store)
      },
    }
  }
}

stateContract(restartable(({ state }) => state))
batchLogContract(restartable(({ log }) => log))
cursorsContract(restartable(({ cursors }) => cursors))
deliveryQueueContract(restartable(({ queue, cursors }) => ({ queue, cursors })))
outgoingLettersContract(restartable(({ queue, outgoingLetters: letters }) => ({ queue, letters })))
eventHistoryContract(
  restartable(({ log, cursors, queue, eventIndex: index, history }) => ({
    log,
    cursors,
    queue,
    index,
    history,
  })),
)
costStoreContract(restartable(({ costs }) => costs))
eventVolumeContract(restartable(({ volume, cursors }) => ({ volume, cursors })))
eventArchiveContract(
  restartable(({ eventArchive, cursors }) => ({ archive: eventArchive, cursors })),
)
eventIndexContract(restartable(({ eventIndex, cursors }) => ({ index: eventIndex, cursors })))

/** A second connection, as a backup tool would open one. */
function inspect<T>(folder: string, look: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(join(folder, 'belfry.db'), { readOnly: true })
  try {
    return look(database)
  } finally {
    database.close()
  }
}

describe('a data folder', () => {
  it('holds files that nobody but their owner may read', async () => {
    const folder = newFolder()
    await open({ folder })
    const names = readdirSync(folder)
    expect(names).toEqual(
      expect.arrayContaining(['belfry.db', 'belfry.db-wal', 'belfry.db-shm', 'lock.db']),
    )
    const modes = names.map((name) => statSync(join(folder, name)).mode & 0o777)
    expect(new Set(modes)).toEqual(new Set([0o600]))
  })

  it('belongs to one hub at a time', async () => {
    const folder = newFolder()
    const first = await open({ folder })
    await expect(open({ folder })).rejects.toThrow(
      `another hub is running on "${folder}": stop it or give --data another folder`,
    )
    await first.cursors.save('still', 1)
    await close(first)
    const second = await open({ folder })
    expect(await second.cursors.get('still')).toBe(1)
  })

  it('is made where it is missing', async () => {
    const folder = join(newFolder(), 'a', 'b')
    const store = await open({ folder })
    expect(await store.log.lastSequence()).toBe(0)
  })

  it('refuses writes once it is closed, and says so', async () => {
    const store = await open({ folder: newFolder() })
    await close(store)
    await expect(store.cursors.save('r', 1)).rejects.toThrow('the store is closed')
  })
})

describe('durability', () => {
  it('is a write-ahead log that is flushed at every commit', async () => {
    const folder = newFolder()
    await open({ folder })
    const mode = inspect(folder, (database) => database.prepare('PRAGMA journal_mode').get())
    expect(mode).toEqual({ journal_mode: 'wal' })
    // How a connection flushes is known to that connection alone, and it lives in the thread.
    const thread = readFileSync(new URL('writer-thread.ts', import.meta.url), 'utf8')
    expect(thread.match(/PRAGMA synchronous\s*=\s*\w+/g)).toEqual(['PRAGMA synchronous = FULL'])
  })

  it('holds what was acknowledged in the file, before the store is closed', async () => {
    const folder = newFolder()
    const store = await open({ folder })
    await store.log.append(new TextEncoder().encode('acknowledged'), 1)
    const row = inspect(folder, (database) => database.prepare('SELECT data FROM log_batch').get())
    expect(Buffer.from(row?.['data'] as Uint8Array).toString()).toBe('acknowledged')
  })
})

describe('a full store', () => {
  const BATCH_BYTES = 50_000
  const batch = (index: number) => new Uint8Array(BATCH_BYTES).fill(index % 256)
  /** A few at a time, until the store is full: a group that has no room is refused whole. */
  const fill = async (store: Store) => {
    const acknowledged = new Map<number, number>()
    const faults: unknown[] = []
    for (let index = 0; index < 60; index += 3) {
      const group = [index, index + 1, index + 2].map(async (one) => {
        try {
          acknowledged.set(await store.log.append(batch(one), 1), one)
        } catch (error) {
          faults.push(error)
        }
      })
      await Promise.all(group)
    }
    return { acknowledged, faults }
  }
  const contentOf = async (store: Store) =>
    new Map((await store.log.read(0, 1_000)).map(({ sequence, data }) => [sequence, data[0]]))

  it('refuses what has no room, and has exactly what it acknowledged', async () => {
    const folder = newFolder()
    const store = await open({ folder, maxStoreBytes: 1024 * 1024 })
    await store.state.transact(async (transaction) => {
      transaction.put(collection('things'), 'k', 'kept')
    })
    const { acknowledged, faults } = await fill(store)
    expect(acknowledged.size).toBeGreaterThan(5)
    expect(acknowledged.size).toBeLessThan(25)
    expect(acknowledged.size + faults.length).toBe(60)
    for (const fault of faults) expect(fault).toBeInstanceOf(StoreFullFault)
    expect(await contentOf(store)).toEqual(acknowledged)
    await expect(
      store.state.transact(async (transaction) => {
        transaction.put(collection('things'), 'large', 'x'.repeat(200_000))
      }),
    ).rejects.toBeInstanceOf(StoreFullFault)
    expect(await store.state.get(collection('things'), 'large')).toBeUndefined()
    expect(await store.state.get(collection('things'), 'k')).toBe('kept')
    await close(store)
    const again = await open({ folder })
    expect(await contentOf(again)).toEqual(acknowledged)
  })

  it('takes events again when it may grow, and counts on without a gap', async () => {
    const folder = newFolder()
    const full = await open({ folder, maxStoreBytes: 1024 * 1024 })
    const { acknowledged } = await fill(full)
    expect(acknowledged.size).toBeGreaterThan(5)
    await close(full)
    const larger = await open({ folder, maxStoreBytes: 16 * 1024 * 1024 })
    expect(await larger.log.append(batch(1), 1)).toBe(acknowledged.size + 1)
  })
})

describe('a write that fails', () => {
  it('takes no other write of its group with it', async () => {
    const store = await open({ folder: newFolder() })
    const bad = { eventId: null } as never
    const results = await Promise.allSettled([
      store.cursors.save('before', 1),
      store.queue.enqueue([bad], { reader: 'route', sequence: 9 }),
      store.cursors.save('after', 2),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await store.cursors.get('before')).toBe(1)
    expect(await store.cursors.get('route')).toBe(0)
    expect(await store.cursors.get('after')).toBe(2)
  })
})

describe('the schema', () => {
  it('of a fresh database is the one in schema.snapshot.sql', async () => {
    const folder = newFolder()
    await open({ folder })
    const statements = inspect(folder, (database) => {
      const select = `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL
        AND name NOT LIKE 'sqlite_%' ORDER BY type DESC, name`
      const version = database.prepare('PRAGMA user_version').get()?.['user_version']
      const made = database.prepare(select).all()
      return [`PRAGMA user_version = ${String(version)}`, ...made.map((row) => String(row['sql']))]
    })
    const schema = statements.map((statement) => `${statement};\n`).join('\n')
    await expect(schema).toMatchFileSnapshot('./schema.snapshot.sql')
  })

  it('of a newer Belfry is refused, and the data left alone', async () => {
    const folder = newFolder()
    const store = await open({ folder })
    await store.cursors.save('r', 5)
    await close(store)
    const database = new DatabaseSync(join(folder, 'belfry.db'))
    database.exec('PRAGMA user_version = 99')
    database.close()
    // Twice: a start that failed leaves the folder free.
    for (let start = 0; start < 2; start += 1) {
      await expect(open({ folder })).rejects.toThrow(
        /^the store has schema 99, this Belfry knows up to \d+: start the newer Belfry that wrote it$/,
      )
    }
    const cursor = inspect(folder, (newer) => newer.prepare('SELECT * FROM cursor').get())
    expect(cursor).toEqual({ reader: 'r', sequence: 5 })
  })
})
