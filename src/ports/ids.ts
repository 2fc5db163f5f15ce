import { randomBytes, randomInt, randomUUID } from 'node:crypto'

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** The one source of randomness and identifiers. */
export interface Ids {
  /** A random UUID (version 4). */
  uuid(): string
  /** A time-ordered UUID (version 7): neighbours in time are neighbours in an index and in a list. */
  timeOrderedUuid(nowMs: number): string
  /** At least 0, below 1. */
  fraction(): number
  /** Letters and digits from a cryptographic source. */
  secret(length: number): string
  /** Random bytes as base64url text. */
  opaque(bytes: number): string
}

export const systemIds: Ids = {
  uuid: () => randomUUID(),
  timeOrderedUuid: (nowMs) => {
    const time = nowMs.toString(16).padStart(12, '0')
    // Digits 15 to 36 of a version 4 UUID: 12 random bits, the variant, 62 random bits.
    return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
  },
  // oxlint-disable-next-line no-restricted-properties -- the one place that draws jitter
  fraction: () => Math.random(),
  secret: (length) =>
    Array.from({ length }, () => ALPHANUMERIC[randomInt(ALPHANUMERIC.length)]).join(''),
  opaque: (bytes) => randomBytes(bytes).toString('base64url'),
}
