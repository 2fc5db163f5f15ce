import { randomBytes } from 'node:crypto'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { MASTER_KEY_BYTES, createVault, fingerprint } from './vault.ts'
import type { SealedFor } from './vault.ts'

const vault = createVault(randomBytes(MASTER_KEY_BYTES))
const OWN: SealedFor = ['second-factor', 'ada']

describe('the vault', () => {
  it('opens what it has sealed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (text) => {
        expect(vault.open(OWN, vault.seal(OWN, text))).toBe(text)
      }),
    )
  })

  it('seals the same text differently each time, and shows nothing of it', () => {
    const sealed = Array.from({ length: 50 }, () => vault.seal(OWN, 'the secret'))
    expect(new Set(sealed).size).toBe(50)
    for (const one of sealed) {
      expect(one).toMatch(/^[\w-]+$/)
      expect(Buffer.from(one, 'base64url').toString('latin1')).not.toContain('secret')
    }
  })

  it('does not open what another key has sealed', () => {
    const other = createVault(randomBytes(MASTER_KEY_BYTES))
    expect(other.open(OWN, vault.seal(OWN, 'text'))).toBeUndefined()
  })

  it.each<SealedFor>([['second-factor', 'grace'], ['api-token', 'ada'], ['session']])(
    'does not open for %j what was sealed for another purpose or owner',
    (...elsewhere) => {
      expect(vault.open(elsewhere as SealedFor, vault.seal(OWN, 'text'))).toBeUndefined()
    },
  )

  it('does not open what was changed in any bit', () => {
    const bytes = Buffer.from(vault.seal(OWN, 'text'), 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes)
      const at = Math.floor(bit / 8)
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << (bit % 8)), at)
      expect(vault.open(OWN, changed.toString('base64url'))).toBeUndefined()
    }
  })

  it.each(['', 'x', 'not sealed at all', 'A'.repeat(37), 'A'.repeat(38), 'A'.repeat(500)])(
    'does not open %j',
    (text) => {
      expect(vault.open(OWN, text)).toBeUndefined()
    },
  )
})

describe('a fingerprint', () => {
  it('is the SHA-256 of the secret', () => {
    expect(fingerprint('abc')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    expect(fingerprint('abd')).not.toBe(fingerprint('abc'))
  })
})
