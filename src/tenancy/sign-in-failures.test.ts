import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { SignInFailures } from './sign-in-documents.ts'
import {
  FAILURES_MAX,
  FAILURE_WINDOW_MS,
  LOCKS_FORGOTTEN_MS,
  LOCK_MS_FIRST,
  LOCK_MS_MAX,
  afterFailure,
  isLocked,
} from './sign-in-failures.ts'

const START = 1_750_000_000_000

/** Fails until the user is locked; answers what that took. */
function failUntilLocked(before: SignInFailures | undefined, now: number) {
  let failures = before
  for (let count = 1; ; count += 1) {
    failures = afterFailure(failures, now)
    if (isLocked(failures, now)) return { count, failures, lockMs: failures.lockedUntil - now }
  }
}

describe('failed sign-ins', () => {
  it('lock a user at the tenth, for a time that doubles up to an hour', () => {
    let failures: SignInFailures | undefined
    let now = START
    const locks: number[] = []
    for (let round = 0; round < 9; round += 1) {
      const locked = failUntilLocked(failures, now)
      expect(locked.count).toBe(FAILURES_MAX)
      locks.push(locked.lockMs)
      failures = locked.failures
      now = failures.lockedUntil
      expect(isLocked(failures, now)).toBe(false)
    }
    const doubling = locks.map((_, round) => Math.min(LOCK_MS_FIRST * 2 ** round, LOCK_MS_MAX))
    expect(locks).toEqual(doubling)
    expect(locks.at(-1)).toBe(LOCK_MS_MAX)
  })

  it('are forgotten after the window, and locks after a day', () => {
    let failures: SignInFailures | undefined
    for (let count = 1; count < FAILURES_MAX; count += 1) failures = afterFailure(failures, START)
    const later = afterFailure(failures, START + FAILURE_WINDOW_MS)
    expect(later).toMatchObject({ failures: 1, since: START + FAILURE_WINDOW_MS })
    const once = failUntilLocked(undefined, START).failures
    const early = once.lockedUntil + LOCKS_FORGOTTEN_MS - 1
    expect(failUntilLocked(once, early).lockMs).toBe(2 * LOCK_MS_FIRST)
    expect(failUntilLocked(once, early + 1).lockMs).toBe(LOCK_MS_FIRST)
  })

  it('leave no more than ten tries between two locks, however they are spread', () => {
    const pauses = fc.array(fc.integer({ min: 0, max: FAILURE_WINDOW_MS / 20 }), { minLength: 200 })
    fc.assert(
      fc.property(pauses, (sequence) => {
        let now = START
        let failures: SignInFailures | undefined
        let tries = 0
        for (const pause of sequence) {
          now += pause
          if (isLocked(failures, now)) continue
          failures = afterFailure(failures, now)
          tries += 1
          expect(tries).toBeLessThanOrEqual(FAILURES_MAX)
          if (!isLocked(failures, now)) continue
          const lockMs = failures.lockedUntil - now
          expect(lockMs).toBeGreaterThanOrEqual(LOCK_MS_FIRST)
          expect(lockMs).toBeLessThanOrEqual(LOCK_MS_MAX)
          tries = 0
        }
      }),
      { numRuns: 100 },
    )
  })
})
