import { describe, expect, it } from 'vitest'

import { createPasswords } from './passwords.ts'

const passwords = createPasswords()

describe('a password', () => {
  it('matches its own hash and no other password does', async () => {
    const stored = await passwords.hash('correct horse battery')
    expect(await passwords.matches('correct horse battery', stored)).toBe(true)
    for (const wrong of ['correct horse batter', 'Correct horse battery', '']) {
      expect(await passwords.matches(wrong, stored)).toBe(false)
    }
  })

  it('is hashed with a salt and names its scheme', async () => {
    const [one, other] = await Promise.all([
      passwords.hash('the same one'),
      passwords.hash('the same one'),
    ])
    expect(one).not.toBe(other)
    expect(one).toMatch(/^scrypt-15-8-3\$[\w-]{22}\$[\w-]{43}$/)
  })

  it('typed on another keyboard is the same password', async () => {
    const composed = 'caf\u00e9 caf\u00e9 caf\u00e9'
    const decomposed = 'cafe\u0301 cafe\u0301 cafe\u0301'
    expect(composed).not.toBe(decomposed)
    expect(await passwords.matches(decomposed, await passwords.hash(composed))).toBe(true)
  })

  it.each(['', 'scrypt-15-8-3', 'scrypt-15-8-3$$', 'x$y$z'])(
    'matches no damaged hash such as %j',
    async (stored) => {
      expect(await passwords.matches('', stored)).toBe(false)
    },
  )

  it('is hashed in turn, and refused where too many wait', async () => {
    const narrow = createPasswords({ atOnce: 1, waitingMax: 1 })
    const [first, second, third] = ['first', 'second', 'third'].map((one) => narrow.hash(one))
    await expect(third).rejects.toMatchObject({ status: 429, code: 'session.busy' })
    const stored = await Promise.all([first, second])
    expect(stored.every((one) => one?.startsWith('scrypt'))).toBe(true)
    expect(await narrow.matches('second', stored[1])).toBe(true)
  })
})
