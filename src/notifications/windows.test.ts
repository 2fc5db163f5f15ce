import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { WEEKDAYS } from '#src/model/notification.ts'
import type { QuietWindow } from '#src/model/notification.ts'
import { nextTimeOfDay, quietUntil } from './windows.ts'

const at = (text: string) => Date.parse(text)
const nights: QuietWindow = { from: '22:00', to: '07:00' }
const zones = ['UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/New_York', 'Asia/Kathmandu']

describe('a quiet window', () => {
  it('lasts over midnight, in its time zone', () => {
    const until = (text: string) => quietUntil([nights], 'Europe/Berlin', at(text))
    expect(until('2026-07-01T19:59:59Z')).toBeUndefined()
    expect(until('2026-07-01T20:00:00Z')).toBe(at('2026-07-02T05:00:00Z'))
    expect(until('2026-07-02T04:59:59Z')).toBe(at('2026-07-02T05:00:00Z'))
    expect(until('2026-07-02T05:00:00Z')).toBeUndefined()
  })

  it('ends when clocks show its end, in the nights in which they are put forward and back', () => {
    const until = (text: string) => quietUntil([nights], 'Europe/Berlin', at(text))
    expect(until('2026-03-28T22:00:00Z')).toBe(at('2026-03-29T05:00:00Z'))
    expect(until('2026-10-24T22:00:00Z')).toBe(at('2026-10-25T06:00:00Z'))
  })

  it('whose times are skipped or shown twice is not cut short', () => {
    const skipped = { from: '02:15', to: '02:45' }
    const berlin = (text: string) => quietUntil([skipped], 'Europe/Berlin', at(text))
    expect(berlin('2026-03-29T00:59:59Z')).toBeUndefined()
    expect(berlin('2026-10-25T00:20:00Z')).toBe(at('2026-10-25T01:45:00Z'))
  })

  it('begins on its days, and goes on into the next', () => {
    const fridays: QuietWindow = { days: ['FRI'], from: '18:00', to: '09:00' }
    const until = (text: string) => quietUntil([fridays], 'UTC', at(text))
    expect(until('2026-11-27T18:00:00Z')).toBe(at('2026-11-28T09:00:00Z'))
    expect(until('2026-11-28T08:59:00Z')).toBe(at('2026-11-28T09:00:00Z'))
    expect(until('2026-11-28T18:00:00Z')).toBeUndefined()
  })

  it('is one with those that it touches', () => {
    const weekend: readonly QuietWindow[] = [
      { days: ['SAT', 'SUN'], from: '00:00', to: '00:00' },
      { days: ['FRI'], from: '18:00', to: '00:00' },
    ]
    expect(quietUntil(weekend, 'UTC', at('2026-11-27T20:00:00Z'))).toBe(at('2026-11-30T00:00:00Z'))
  })

  it('is over when it says so, in any zone, on any day', () => {
    const time = fc.tuple(fc.nat(23), fc.nat(59)).map(([h, m]) => `${pad(h)}:${pad(m)}`)
    const window = fc.record({
      days: fc.subarray([...WEEKDAYS], { minLength: 1, maxLength: 3 }),
      from: time,
      to: time,
    })
    const instant = fc.integer({ min: at('2026-01-01Z'), max: at('2027-12-31Z') })
    fc.assert(
      fc.property(window, fc.constantFrom(...zones), instant, (one, zone, now) => {
        const until = quietUntil([one], zone, now)
        if (until === undefined) return
        expect(until).toBeGreaterThan(now)
        // Windows of neighbouring days may touch; what they make together has ended.
        expect(quietUntil([one], zone, until)).toBeUndefined()
        expect(quietUntil([one], zone, until - 1)).toBe(until)
      }),
    )
  })
})

describe('the next time of day', () => {
  it('is the next that clocks in the zone show, on one of its days', () => {
    const next = (text: string, days?: readonly ('MON' | 'FRI')[]) =>
      nextTimeOfDay({ at: '09:00', days }, 'Australia/Sydney', at(text))
    expect(next('2026-11-25T21:59:59Z')).toBe(at('2026-11-25T22:00:00Z'))
    expect(next('2026-11-25T22:00:00Z')).toBe(at('2026-11-26T22:00:00Z'))
    expect(next('2026-11-25T22:00:00Z', ['MON'])).toBe(at('2026-11-29T22:00:00Z'))
  })
})

function pad(number: number): string {
  return String(number).padStart(2, '0')
}
