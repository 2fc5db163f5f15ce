import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { acceptedStep, codeOf, newTotp, stepAt } from './one-time-codes.ts'

const SECRET = newTotp(Buffer.from('12345678901234567890'), 'ada@example.com').secret

describe('one-time codes', () => {
  // RFC 6238, appendix B, SHA-1: the last six of its eight digits.
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_234_567_890, '005924'],
    [20_000_000_000, '353130'],
  ])('at second %i are those of RFC 6238', (second, code) => {
    expect(codeOf(SECRET, stepAt(second * 1_000))).toBe(code)
  })

  it('are right for a step either way and no further', () => {
    const now = 1_750_000_000_000
    const accepted = [-2, -1, 0, 1, 2].map((away) =>
      acceptedStep(SECRET, codeOf(SECRET, stepAt(now) + away), { now, lastStep: 0 }),
    )
    const step = stepAt(now)
    expect(accepted).toEqual([undefined, step - 1, step, step + 1, undefined])
  })

  it('are accepted once for each step, in whatever order and however often they come', () => {
    const tries = fc.array(
      fc.record({
        pause: fc.integer({ min: 0, max: 40_000 }),
        away: fc.integer({ min: -3, max: 3 }),
      }),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(tries, (sequence) => {
        let now = 1_750_000_000_000
        let lastStep = 0
        const accepted: number[] = []
        for (const { pause, away } of sequence) {
          now += pause
          const given = stepAt(now) + away
          const step = acceptedStep(SECRET, codeOf(SECRET, given), { now, lastStep })
          if (step === undefined) continue
          expect(Math.abs(step - stepAt(now))).toBeLessThanOrEqual(1)
          accepted.push(step)
          lastStep = step
        }
        expect(accepted).toEqual([...new Set(accepted)].toSorted((a, b) => a - b))
      }),
      { numRuns: 200 },
    )
  })

  it('are not what else people type', () => {
    const now = 1_750_000_000_000
    for (const code of ['', '0', '12345', '1234567', 'abcdef', codeOf(SECRET, 1)]) {
      expect(acceptedStep(SECRET, code, { now, lastStep: 0 })).toBeUndefined()
    }
  })

  it('go into an authenticator as a URI that names whose they are', () => {
    const { uri, secret } = newTotp(Buffer.alloc(20, 1), 'ada@example.com')
    expect(uri).toMatch(
      /^otpauth:\/\/totp\/Belfry:ada%40example\.com\?issuer=Belfry&secret=[A-Z2-7]{32}/,
    )
    expect(uri).toContain(secret)
  })
})
