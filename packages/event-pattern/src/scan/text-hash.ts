/**
 * What every hash starts from. It differs from process to process, so that nobody can prepare texts
 * that share a hash.
 */
export const HASH_SEED = crypto.getRandomValues(new Int32Array(1))[0] ?? 0

/**
 * A 32-bit hash of the bytes from `start` to `end`, four at a time; wasm/scan-event.ts computes the
 * same.
 */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = HASH_SEED ^ (end - start)
  let at = start
  for (; at + 4 <= end; at += 4) {
    const word =
      byte(bytes, at) |
      (byte(bytes, at + 1) << 8) |
      (byte(bytes, at + 2) << 16) |
      (byte(bytes, at + 3) << 24)
    hash = mixed(hash, word)
  }
  if (at < end) {
    let word = 0
    for (let shift = 0; at < end; at += 1, shift += 8) word |= byte(bytes, at) << shift
    hash = mixed(hash, word)
  }
  hash = Math.imul(hash, 0xc2b2ae35)
  return hash ^ (hash >>> 13)
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x85ebca6b)
  return product ^ (product >>> 15)
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}

/** Odd factors for hashes of names, as unknown to others as the seed. */
export const NAME_FACTORS: Uint32Array = crypto
  .getRandomValues(new Uint32Array(6))
  .map((factor) => factor | 1)
