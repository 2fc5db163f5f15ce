import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/**
 * Of OWASP's equally strong choices for scrypt the one with N = 2^15, r = 8, p = 3: 32 MB a
 * password, so that many who log in at once do not take the hub's memory.
 */
const COST = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 }
const SALT_BYTES = 16
const HASH_BYTES = 32
const SCHEME = 'scrypt-15-8-3'

/** Matches no password: compared where there is none, so that the answer takes as long. */
export const NOBODYS_HASH = [
  SCHEME,
  Buffer.alloc(SALT_BYTES).toString('base64url'),
  Buffer.alloc(HASH_BYTES).toString('base64url'),
].join('$')

/** The hash to store: scheme, salt and hash, so that the cost can rise later. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const hash = await derive(password, salt)
  return [SCHEME, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

export async function passwordMatches(password: string, stored: string): Promise<boolean> {
  const [scheme, salt = '', hash = ''] = stored.split('$')
  if (scheme !== SCHEME) return false
  const expected = Buffer.from(hash, 'base64url')
  const actual = await derive(password, Buffer.from(salt, 'base64url'))
  return expected.length === actual.length && timingSafeEqual(actual, expected)
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
