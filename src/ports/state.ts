/**
 * Documents with transactions: what the hub is configured to do and whom it knows. A document
 * stands in a collection under a key; keys sort by their bytes, so a shared prefix is a list.
 * The port is this narrow so that a store of the second size has little to implement.
 */

/** Names a collection and the type of its documents. */
export interface Collection<T> {
  readonly name: string
  /** Never set: carries the type. */
  readonly document?: T
}

export function collection<T>(name: string): Collection<T> {
  return { name }
}

export interface StoredDocument<T> {
  readonly key: string
  readonly value: T
}

export interface ListOptions {
  readonly prefix?: string
  /** Only keys after this one. */
  readonly after?: string
  readonly limit: number
}

/** A document as a committed transaction left it; `value` is undefined where it was deleted. */
export interface StateChange {
  readonly collection: string
  readonly key: string
  readonly value: unknown
}

/** Reads and writes of one transaction. What it reads, by key, is still so when it commits. */
export interface StateTransaction {
  get<T>(from: Collection<T>, key: string): Promise<T | undefined>
  put<T>(into: Collection<T>, key: string, value: T): void
  delete(from: Collection<unknown>, key: string): void
}

export interface State {
  get<T>(from: Collection<T>, key: string): Promise<T | undefined>
  /** Documents in the order of their keys. */
  list<T>(from: Collection<T>, options: ListOptions): Promise<readonly StoredDocument<T>[]>
  /**
   * Runs `body`, then commits its writes durably, all or none. When a document that it read was
   * changed meanwhile, `body` runs again, so it must have no other effects. An error that `body`
   * throws is passed on and nothing is written.
   * @throws StoreFullFault when there is no room.
   */
  transact<R>(body: (transaction: StateTransaction) => Promise<R>): Promise<R>
  /** Calls `listener` after each commit with what it changed; answers how to stop. */
  watch(listener: (changes: readonly StateChange[]) => void): () => void
}
