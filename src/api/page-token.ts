import { createHash } from 'node:crypto'

/** Enough that no two lists are taken for each other; the token of a long key stays short. */
const LIST_DIGEST_CHARACTERS = 16

/**
 * An opaque token: the list that it continues, and the key after which it goes on.
 * @param list names the list and all that narrows it: the token is good for that one only
 */
export function pageToken(list: string, last: string): string {
  return Buffer.from(JSON.stringify([digestOf(list), last])).toString('base64url')
}

/** The key after which a list goes on; undefined for a token of another list, or none of ours. */
export function afterOf(list: string, token: string): string | undefined {
  try {
    const [of, after] = JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown[]
    return of === digestOf(list) && typeof after === 'string' ? after : undefined
  } catch {
    return undefined
  }
}

function digestOf(list: string): string {
  return createHash('sha256').update(list).digest('base64url').slice(0, LIST_DIGEST_CHARACTERS)
}
