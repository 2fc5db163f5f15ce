import { hash } from 'node:crypto'

import type { Audience } from './audiences.ts'
import { oneByOne } from './audiences.ts'
import { mailAddress } from './channels/addresses.ts'

/** Readers of messages, so that each is told of an alert once, by whichever channel. */

/** Enough to tell all readers of an organisation apart; incidents keep those who were told of them. */
const DIGEST_CHARACTERS = 12

interface Shown {
  readonly inDigest: boolean
}

/**
 * Who reads what goes to an address, with what they are shown there: of a digest, or within a
 * segment, they know something else than who reads all of it.
 * @param address where the channel leads; by e-mail the reader's own takes its place
 * @param one of one reader, or of whoever reads the channel
 */
export function readerOf(
  address: string,
  { to: [email] = [], segment }: Audience,
  { inDigest }: Shown,
): string {
  const place = email === undefined ? address : mailAddress(email)
  const whole = JSON.stringify([place, segment ?? null, inDigest])
  return hash('sha256', whole, 'base64url').slice(0, DIGEST_CHARACTERS)
}

export function readersOf(
  address: string,
  audiences: readonly Audience[],
  shown: Shown,
): readonly string[] {
  return audiences.flatMap((each) => oneByOne(each).map((one) => readerOf(address, one, shown)))
}

/** What nobody else may tell the same readers meanwhile. */
export interface ReaderTurns {
  /** Waits for all that has begun for any of these, and lets none begin until the work is done. */
  take<T>(keys: readonly string[], work: () => Promise<T>): Promise<T>
}

export function createReaderTurns(): ReaderTurns {
  /** By key, the newest. Each waits for older ones alone, so none waits for ever. */
  const newest = new Map<string, Promise<void>>()
  return {
    take: async (keys, work) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const before = keys.flatMap((key) => newest.get(key) ?? [])
      for (const key of keys) newest.set(key, promise)
      await Promise.all(before)
      try {
        return await work()
      } finally {
        resolve()
        for (const key of keys) if (newest.get(key) === promise) newest.delete(key)
      }
    },
  }
}
