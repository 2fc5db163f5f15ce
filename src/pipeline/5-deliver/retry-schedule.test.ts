import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { FIRST_RETRY_DELAY_MS, RETRY_DELAY_MS_MAX, verdictAfter } from './retry-schedule.ts'

const STARTED_AT = 1_750_000_000_000
const policy = (maximumRetryAttempts: number, maximumEventAgeInSeconds = 86_400) => ({
  startedAt: STARTED_AT,
  target: { id: 't', arn: 'a', retryPolicy: { maximumRetryAttempts, maximumEventAgeInSeconds } },
})

const situation = fc.record({
  maximumRetryAttempts: fc.integer({ min: 0, max: 185 }),
  maximumEventAgeInSeconds: fc.integer({ min: 60, max: 86_400 }),
  attempts: fc.integer({ min: 1, max: 190 }),
  ageMs: fc.integer({ min: 0, max: 90_000_000 }),
  jitter: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  retryAfterMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100_000_000 })),
})

describe('the retry schedule', () => {
  it('ends with the attempts, else with the age, else tries again within its bounds', () => {
    fc.assert(
      fc.property(situation, (given) => {
        const { attempts, jitter, retryAfterMs } = given
        const now = STARTED_AT + given.ageMs
        const expiresAt = STARTED_AT + given.maximumEventAgeInSeconds * 1_000
        const delivery = {
          startedAt: STARTED_AT,
          target: { id: 't', arn: 'a', retryPolicy: given },
        }
        const verdict = verdictAfter(delivery, attempts, { now, jitter, retryAfterMs })
        if (attempts > given.maximumRetryAttempts) {
          expect(verdict).toEqual({ kind: 'dead', exhausted: 'MaximumRetryAttempts' })
        } else if (now >= expiresAt) {
          expect(verdict).toEqual({ kind: 'dead', exhausted: 'MaximumEventAgeInSeconds' })
        } else if (verdict.kind === 'retry') {
          const { nextAttemptAt } = verdict
          const backoffMs = Math.min(RETRY_DELAY_MS_MAX, FIRST_RETRY_DELAY_MS * 2 ** (attempts - 1))
          const earliest = Math.max(retryAfterMs, backoffMs / 2)
          expect(nextAttemptAt).toBeGreaterThanOrEqual(Math.min(now + earliest, expiresAt))
          expect(nextAttemptAt).toBeLessThanOrEqual(now + Math.max(retryAfterMs, backoffMs))
          expect(nextAttemptAt).toBeGreaterThan(now)
          expect(nextAttemptAt).toBeLessThanOrEqual(expiresAt)
          expect(Number.isInteger(nextAttemptAt)).toBe(true)
        } else expect.fail('a delivery with attempts and time left was given up')
      }),
      { numRuns: 5_000 },
    )
  })

  it.each([
    [1, 500],
    [2, 1_000],
    [3, 2_000],
    [10, 256_000],
    [11, 300_000],
    [185, 300_000],
  ])('waits after attempt %i, without jitter, %i ms', (attempts, delayMs) => {
    const now = STARTED_AT
    const verdict = verdictAfter(policy(185), attempts, { now, jitter: 0 })
    expect(verdict).toEqual({ kind: 'retry', nextAttemptAt: now + delayMs })
  })

  it('spreads retries over half of the backoff', () => {
    const now = STARTED_AT
    const at = (jitter: number) => verdictAfter(policy(185), 4, { now, jitter })
    expect(at(0.5)).toEqual({ kind: 'retry', nextAttemptAt: now + 6_000 })
    expect(at(0.999_999)).toEqual({ kind: 'retry', nextAttemptAt: now + 8_000 })
  })

  it('makes no second attempt where none is allowed, and 186 where 185 retries are', () => {
    const times = { now: STARTED_AT, jitter: 0 }
    const exhausted = { kind: 'dead', exhausted: 'MaximumRetryAttempts' }
    expect(verdictAfter(policy(0), 1, times)).toEqual(exhausted)
    expect(verdictAfter(policy(185), 185, times).kind).toBe('retry')
    expect(verdictAfter(policy(185), 186, times)).toEqual(exhausted)
  })

  it('waits as long as the target asks, but not past the age of the event', () => {
    const now = STARTED_AT
    const asked = (retryAfterMs: number) =>
      verdictAfter(policy(185, 3_600), 1, { now, jitter: 0, retryAfterMs })
    expect(asked(120_000)).toEqual({ kind: 'retry', nextAttemptAt: now + 120_000 })
    expect(asked(100)).toEqual({ kind: 'retry', nextAttemptAt: now + 500 })
    expect(asked(7_200_000)).toEqual({ kind: 'retry', nextAttemptAt: now + 3_600_000 })
    expect(asked(Infinity)).toEqual({ kind: 'retry', nextAttemptAt: now + 3_600_000 })
  })

  it('gives an event that always fails its last attempt exactly at the end of its age', () => {
    const life = (jitter: number) => {
      for (let now = STARTED_AT, attempts = 1; ; attempts += 1) {
        const verdict = verdictAfter(policy(185), attempts, { now, jitter })
        if (verdict.kind === 'dead') return { ...verdict, attempts, ageMs: now - STARTED_AT }
        now = verdict.nextAttemptAt
      }
    }
    expect(life(0.999)).toMatchObject({
      exhausted: 'MaximumEventAgeInSeconds',
      ageMs: 86_400_000,
    })
    expect(life(0)).toMatchObject({ exhausted: 'MaximumRetryAttempts', attempts: 186 })
  })
})
