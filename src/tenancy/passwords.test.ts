import { describe, expect, it } from 'vitest'

import { hashPassword, passwordMatches } from './passwords.ts'

describe('a password', () => {
  it('matches its own hash and no other password does', async () => {
    const stored = await hashPassword('correct horse battery')
    expect(await passwordMatches('correct horse battery', stored)).toBe(true)
    for (const wrong of ['correct horse batter', 'Correct horse battery', '']) {
      expect(await passwordMatches(wrong, stored)).toBe(false)
    }
  })

  it('is hashed with a salt and names its scheme', async () => {
    const [one, other] = await Promise.all([
      hashPassword('the same one'),
      hashPassword('the same one'),
    ])
    expect(one).not.toBe(other)
    expect(one).toMatch(/^scrypt-15-8-3\$[\w-]{22}\$[\w-]{43}$/)
  })

  it('typed on another keyboard is the same password', async () => {
    const composed = 'caf\u00e9 caf\u00e9 caf\u00e9'
    const decomposed = 'cafe\u0301 cafe\u0301 cafe\u0301'
    expect(composed).not.toBe(decomposed)
    expect(await passwordMatches(decomposed, await hashPassword(composed))).toBe(true)
  })

  it.each(['', 'scrypt-15-8-3', 'scrypt-15-8-3$$', 'x$y$z'])(
    'matches no damaged hash such as %j',
    async (stored) => {
      expect(await passwordMatches('', stored)).toBe(false)
    },
  )
})
