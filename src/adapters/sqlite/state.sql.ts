import type { DatabaseSync } from 'node:sqlite'

import type {
  Collection,
  State,
  StateChange,
  StateTransaction,
  StoredDocument,
} from '#src/ports/state.ts'
import type { Verb, Writer } from './writer.ts'

interface Check {
  readonly collection: string
  readonly key: string
  /** 0: there was no such document. */
  readonly version: number
}

interface Write {
  readonly collection: string
  readonly key: string
  /** null: deleted. */
  readonly value: string | null
}

interface Commit {
  readonly checks: readonly Check[]
  readonly writes: readonly Write[]
}

/** Under this many collisions in a row, a transaction is not unlucky but wrong. */
const TRANSACTION_TRIES_MAX = 50

/** Sorts after every character that a key may hold. */
const AFTER_ALL_KEYS = '\u{10FFFF}'

/** Runs in the writer thread. */
export function stateVerbs(database: DatabaseSync): Record<string, Verb> {
  const version = database.prepare('SELECT version FROM state WHERE collection = ? AND key = ?')
  const nextVersion = database.prepare(
    'UPDATE state_version SET version = version + 1 RETURNING version',
  )
  const put = database.prepare(`
    INSERT INTO state (collection, key, value, version) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (collection, key) DO UPDATE SET value = ?3, version = ?4`)
  const remove = database.prepare('DELETE FROM state WHERE collection = ? AND key = ?')
  return {
    commitState: ({ checks, writes }: Commit) => {
      const current = (check: Check) =>
        Number(version.get(check.collection, check.key)?.['version'] ?? 0)
      if (checks.some((check) => current(check) !== check.version)) return false
      const newVersion = Number(nextVersion.get()?.['version'])
      for (const { collection, key, value } of writes) {
        if (value === null) remove.run(collection, key)
        else put.run(collection, key, value, newVersion)
      }
      return true
    },
  }
}

export function createSqliteState(writer: Writer, reading: DatabaseSync): State {
  const one = reading.prepare('SELECT value, version FROM state WHERE collection = ? AND key = ?')
  const many = reading.prepare(`
    SELECT key, value FROM state WHERE collection = ? AND key > ? AND key >= ? AND key < ?
    ORDER BY key LIMIT ?`)
  const listeners = new Set<(changes: readonly StateChange[]) => void>()

  const read = <T>(from: Collection<T>, key: string) => {
    const row = one.get(from.name, key)
    if (row === undefined) return { version: 0, value: undefined }
    return { version: Number(row['version']), value: JSON.parse(String(row['value'])) as T }
  }

  async function tryTransaction<R>(body: (transaction: StateTransaction) => Promise<R>) {
    const checks = new Map<string, Check>()
    const writes = new Map<string, StateChange>()
    // What was read once is so until the commit, or the transaction is tried again.
    const known = new Map<string, unknown>()
    const nameOf = (collection: string, key: string) => `${collection}\n${key}`
    const change = (collection: string, key: string, value: unknown) =>
      writes.set(nameOf(collection, key), { collection, key, value })
    const result = await body({
      get: async <T>(from: Collection<T>, key: string) => {
        const name = nameOf(from.name, key)
        const written = writes.get(name)
        if (written !== undefined) return written.value as T | undefined
        if (known.has(name)) return known.get(name) as T | undefined
        const { version, value } = read(from, key)
        checks.set(name, { collection: from.name, key, version })
        known.set(name, value)
        return value
      },
      put: (into, key, value) => change(into.name, key, value),
      delete: (from, key) => change(from.name, key, undefined),
    })
    const changes = [...writes.values()]
    if (changes.length === 0) return { committed: true, result }
    const committed = await writer.write<boolean>('commitState', {
      checks: [...checks.values()],
      writes: changes.map(({ collection, key, value }) => ({
        collection,
        key,
        value: value === undefined ? null : JSON.stringify(value),
      })),
    } satisfies Commit)
    if (committed) for (const listener of listeners) listener(changes)
    return { committed, result }
  }

  let lastCollided: Promise<unknown> = Promise.resolve()
  async function tryUntilCommitted<R>(body: (transaction: StateTransaction) => Promise<R>) {
    for (let tries = 0; tries < TRANSACTION_TRIES_MAX; tries += 1) {
      const { committed, result } = await tryTransaction(body)
      if (committed) return result
    }
    throw new Error(`a change collided with others ${TRANSACTION_TRIES_MAX} times in a row`)
  }

  return {
    get: async (from, key) => read(from, key).value,
    list: async <T>(
      from: Collection<T>,
      { prefix = '', after = '', limit }: { prefix?: string; after?: string; limit: number },
    ) =>
      many
        .all(from.name, after, prefix, prefix + AFTER_ALL_KEYS, limit)
        .map((row): StoredDocument<T> => ({
          key: String(row['key']),
          value: JSON.parse(String(row['value'])) as T,
        })),
    transact: async (body) => {
      const first = await tryTransaction(body)
      if (first.committed) return first.result
      // Those that collided go one after the other, so that only newcomers are in their way.
      const turn = lastCollided.then(() => tryUntilCommitted(body))
      lastCollided = turn.catch(() => undefined)
      return turn
    },
    watch: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
