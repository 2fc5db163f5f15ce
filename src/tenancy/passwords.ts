import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'

import { RestError } from '#src/errors.ts'

/**
 * Of OWASP's equally strong choices for scrypt the one with N = 2^15, r = 8, p = 3: 32 MB a
 * password, so that many who log in at once do not take the hub's memory.
 */
const COST = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 }
const SALT_BYTES = 16
const HASH_BYTES = 32
const SCHEME = 'scrypt-15-8-3'

/** Node has four threads for such work; one is left for files and names. */
const AT_ONCE = Math.min(availableParallelism(), 3)
/** On two processors these take five seconds; whoever would wait longer is told to come again. */
const WAITING_MAX = 32

/** Matches no password: compared where there is none, so that the answer takes as long. */
const NOBODYS_HASH = [
  SCHEME,
  Buffer.alloc(SALT_BYTES).toString('base64url'),
  Buffer.alloc(HASH_BYTES).toString('base64url'),
].join('$')

/** Hashes passwords, few at once: each takes a processor a quarter of a second. */
export interface Passwords {
  /**
   * The hash to store: scheme, salt and hash, so that the cost can rise later.
   * @throws RestError 429 session.busy
   */
  hash(password: string): Promise<string>
  /**
   * Whether a password is the one of a stored hash; takes as long where there is none.
   * @throws RestError 429 session.busy
   */
  matches(password: string, stored: string | undefined): Promise<boolean>
}

export function createPasswords({ atOnce = AT_ONCE, waitingMax = WAITING_MAX } = {}): Passwords {
  let running = 0
  const waiting: (() => void)[] = []
  const inTurn = async (password: string, salt: Uint8Array): Promise<Buffer> => {
    if (running < atOnce) running += 1
    else if (waiting.length < waitingMax) await new Promise<void>((next) => waiting.push(next))
    else throw busy()
    try {
      return await derive(password, salt)
    } finally {
      // The turn goes over to who has waited longest.
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
  return {
    hash: async (password) => {
      const salt = randomBytes(SALT_BYTES)
      const hash = await inTurn(password, salt)
      return [SCHEME, salt.toString('base64url'), hash.toString('base64url')].join('$')
    },
    matches: async (password, stored = NOBODYS_HASH) => {
      const [scheme, salt = '', hash = ''] = stored.split('$')
      if (scheme !== SCHEME) return false
      const expected = Buffer.from(hash, 'base64url')
      const actual = await inTurn(password, Buffer.from(salt, 'base64url'))
      return expected.length === actual.length && timingSafeEqual(actual, expected)
    },
  }
}

function derive(password: string, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // NFKC: the same password typed on two keyboards is the same bytes (NIST SP 800-63B).
    scrypt(password.normalize('NFKC'), salt, HASH_BYTES, COST, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

function busy(): RestError {
  return new RestError(
    429,
    'session.busy',
    'the hub is checking as many passwords as it can: try again in a few seconds',
  )
}
