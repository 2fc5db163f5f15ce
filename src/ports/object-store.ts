/** An object that is in the store. */
export interface StoredObject {
  readonly key: string
  readonly bytes: number
}

/**
 * Whole objects under keys with slashes: a bucket of S3 or a folder. What `put` has answered
 * survives a power cut, and a reader sees an object whole or not at all.
 */
export interface ObjectStore {
  /** For people: a URL of the bucket, or the path of the folder. */
  readonly location: string
  /** Writes an object, in place of the one that has the key. */
  put(key: string, content: Uint8Array): Promise<void>
  /**
   * Writes an object where the key has none yet; false where it has one, which stays. Of two
   * writers at the same moment one wins, except in a bucket that has no conditional writes.
   */
  putIfAbsent(key: string, content: Uint8Array): Promise<boolean>
  /**
   * The object, or undefined where there is none.
   * @throws ObjectTooLargeFault where it is larger than the trail writes objects.
   */
  get(key: string): Promise<Uint8Array | undefined>
  /** Objects whose key starts with the prefix; keys that differ in digits only are in order. */
  list(prefix: string): AsyncIterable<StoredObject>
  /** One that is gone already is no fault. */
  delete(key: string): Promise<void>
}

/** Several times what the trail puts into an object; one beyond it was not written by a hub. */
export const OBJECT_BYTES_MAX = 32 * 1024 * 1024

/** An object has more bytes than may be read into memory. */
export class ObjectTooLargeFault extends Error {
  override readonly name = 'ObjectTooLargeFault'
  constructor(key: string) {
    super(`"${key}" is larger than ${OBJECT_BYTES_MAX} bytes, which no hub writes`)
  }
}

/** What a key is made of: names that are safe in folders and need no care in URLs. */
const KEY = /^[a-zA-Z0-9_=-][a-zA-Z0-9_.=-]*(\/[a-zA-Z0-9_=-][a-zA-Z0-9_.=-]*)*$/
/** What a key begins with. */
const PREFIX = /^([a-zA-Z0-9_=-][a-zA-Z0-9_.=-]*\/)*([a-zA-Z0-9_=-][a-zA-Z0-9_.=-]*)?$/

/** @throws Error for a key that no adapter may write. */
export function checkObjectKey(key: string): void {
  if (!KEY.test(key)) throw new Error(`"${key}" is not a key of the object store`)
}

/** @throws Error for a prefix that no key can have. */
export function checkKeyPrefix(prefix: string): void {
  if (!PREFIX.test(prefix)) throw new Error(`"${prefix}" is not the start of a key`)
}
