import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import { StoreFullFault } from '#src/errors.ts'

export interface WriterSettings {
  readonly file: string
  /** The database may not grow beyond this; absent: as far as the disk goes. */
  readonly maxStoreBytes?: number
}

/** A write that the writer thread knows; runs inside its transaction. */
// oxlint-disable-next-line typescript/no-explicit-any -- arguments cross the thread untyped; each verb's own file types both ends
export type Verb = (args: any) => unknown

export interface WriterRequest {
  readonly id: number
  readonly verb: string
  readonly args: unknown
}

export interface WriterReply {
  readonly id: number
  readonly result?: unknown
  readonly fault?: { readonly message: string; readonly sqliteCode?: number }
}

export interface Writer {
  /** Resolves with the verb's result when its transaction is durable. */
  write<R>(verb: string, args: unknown, transfer?: readonly ArrayBuffer[]): Promise<R>
  close(): Promise<void>
}

/** https://www.sqlite.org/rescode.html; extended codes carry the primary code in the low byte. */
const SQLITE_FULL = 13
const SQLITE_IOERR = 10

/** What the thread is handed lives as long as a commit. */
const YOUNG_MEGABYTES = 12

/** Starts the thread that owns the database's one writing connection. */
export async function startWriter(settings: WriterSettings): Promise<Writer> {
  const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), {
    workerData: settings,
    name: 'belfry-writer',
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
  })
  await once(worker, 'message')
  const waiting = new Map<
    number,
    { resolve: (value: never) => void; reject: (error: Error) => void }
  >()
  let lastId = 0
  let ended: Error | undefined
  worker.on('message', (replies: readonly WriterReply[]) => {
    for (const { id, result, fault } of replies) {
      const waiter = waiting.get(id)
      waiting.delete(id)
      if (fault !== undefined) waiter?.reject(faultFrom(fault))
      else waiter?.resolve(result as never)
    }
  })
  const end = (error: Error) => {
    ended ??= error
    for (const waiter of waiting.values()) waiter.reject(error)
    waiting.clear()
  }
  worker.on('error', (cause) => end(new Error('the store’s writer failed', { cause })))
  worker.on('exit', () => end(new Error('the store is closed')))

  const write = <R>(verb: string, args: unknown, transfer: readonly ArrayBuffer[] = []) =>
    new Promise<R>((resolve, reject) => {
      if (ended !== undefined) {
        reject(ended)
        return
      }
      const id = (lastId += 1)
      waiting.set(id, { resolve, reject })
      worker.postMessage({ id, verb, args } satisfies WriterRequest, [...transfer])
    })
  return {
    write,
    close: async () => {
      if (ended !== undefined) return
      await write('close', undefined)
      await worker.terminate()
    },
  }
}

function faultFrom(fault: { message: string; sqliteCode?: number }): Error {
  const cause = new Error(fault.message)
  const primary = (fault.sqliteCode ?? 0) & 0xff
  // A full disk shows as either: FULL where SQLite grows the file, IOERR where the write fails.
  if (primary === SQLITE_FULL || primary === SQLITE_IOERR) return new StoreFullFault({ cause })
  return new Error(`the store refused a write: ${fault.message}`, { cause })
}
