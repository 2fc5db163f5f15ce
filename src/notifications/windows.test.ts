import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { WEEKDAYS } from '#src/model/notification.ts'
import type { QuietWindow } from '#src/model/notification.ts'
import { offsetAt, wallTimeOf } from '#src/schedules/time-zone.ts'
import { nextTimeOfDay, quietUntil } from './windows.ts'

const at = (text: string) => Date.parse(text)
const nights: QuietWindow = { from: '22:00', to: '07:00' }
/** Among them zones whose clocks are set at midnight, by half an hour, by two, and around Ramadan. */
const zones = [
  ...['UTC', 'Asia/Kathmandu', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'],
  ...['Africa/Cairo', 'America/Havana', 'America/Santiago', 'America/Nuuk', 'Asia/Beirut'],
  ...['Antarctica/Troll', 'Africa/Casablanca', 'Pacific/Chatham'],
]
const HOUR_MS = 3_600_000
const YEAR = { min: at('2026-01-01Z'), max: at('2027-12-31Z') }
const DAY_MS = 24 * HOUR_MS
const isSetWithin = (zone: string, ms: number) => (from: number) =>
  offsetAt(from, zone) !== offsetAt(from + ms, zone)
const every = (ms: number, from: number, to: number): readonly number[] =>
  Array.from({ length: (to - from) / ms }, (_, step) => from + step * ms)
/** When clocks in each zone are set, to the hour. */
const CHANGES = new Map(
  zones.map((zone) => [
    zone,
    every(DAY_MS, YEAR.min, YEAR.max)
      .filter(isSetWithin(zone, DAY_MS))
      .flatMap((day) => every(HOUR_MS, day, day + DAY_MS).filter(isSetWithin(zone, HOUR_MS))),
  ]),
)

const time = fc.tuple(fc.nat(23), fc.nat(59)).map(([h, m]) => `${pad(h)}:${pad(m)}`)
const anyWindow = fc.record({
  days: fc.subarray([...WEEKDAYS], { minLength: 1, maxLength: 3 }),
  from: time,
  to: time,
})
/** A zone and an instant there, mostly in the days in which clocks are set. */
const zoned = fc.constantFrom(...CHANGES).chain(([zone, changes]) => {
  const near = fc
    .tuple(fc.constantFrom(...changes, YEAR.min), fc.integer({ min: -30, max: 30 }), fc.nat(59))
    .map(([change, hours, minutes]) => change + hours * HOUR_MS + minutes * 60_000)
  return fc.record({ zone: fc.constant(zone), now: fc.oneof(fc.integer(YEAR), near, near) })
})

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
    fc.assert(
      fc.property(anyWindow, zoned, (one, { zone, now }) => {
        const until = quietUntil([one], zone, now)
        if (until === undefined) return
        expect(until).toBeGreaterThan(now)
        // Windows of neighbouring days may touch; what they make together has ended.
        expect(quietUntil([one], zone, until)).toBeUndefined()
        expect(quietUntil([one], zone, until - 1)).toBe(until)
      }),
    )
  })

  it('is kept whenever clocks show a time in it, and at other times only where they were set', () => {
    fc.assert(
      fc.property(anyWindow, zoned, (one, { zone, now }) => {
        const isQuiet = quietUntil([one], zone, now) !== undefined
        if (showsTimeIn(one, zone, now)) expect(isQuiet).toBe(true)
        else if (!CHANGES.get(zone)?.some((change) => Math.abs(change - now) < 2 * DAY_MS)) {
          expect(isQuiet).toBe(false)
        }
      }),
    )
  })
})

/** By what a clock in the zone shows. */
function showsTimeIn({ days = [], from, to }: QuietWindow, zone: string, instant: number): boolean {
  const clock = new Intl.DateTimeFormat('en-GB', {
    ...({ timeZone: zone, hourCycle: 'h23' } as const),
    ...({ weekday: 'short', hour: '2-digit', minute: '2-digit' } as const),
  })
  const parts = Object.fromEntries(
    clock.formatToParts(instant).map(({ type, value }) => [type, value]),
  )
  const shown = `${parts['hour']}:${parts['minute']}`
  const today = WEEKDAYS.findIndex((day) => day === parts['weekday']?.toUpperCase())
  const isOn = (day: number) => days.includes(WEEKDAYS.at(day % WEEKDAYS.length) ?? 'MON')
  if (from < to) return isOn(today) && from <= shown && shown < to
  return (isOn(today) && from <= shown) || (isOn(today - 1) && shown < to)
}

describe('the next time of day', () => {
  it('comes once a day, but for the hours that clocks are set by', () => {
    fc.assert(
      fc.property(time, zoned, (noon, { zone, now }) => {
        const first = nextTimeOfDay({ at: noon }, zone, now)
        const second = nextTimeOfDay({ at: noon }, zone, first)
        const setBy = 2 * HOUR_MS
        expect(first).toBeGreaterThan(now)
        expect(first - now).toBeLessThanOrEqual(DAY_MS + setBy)
        expect(second - first).toBeGreaterThanOrEqual(DAY_MS - setBy)
        expect(second - first).toBeLessThanOrEqual(DAY_MS + setBy)
        const isSkipped = wallTimeOf(first, zone) % DAY_MS !== Date.parse(`1970-01-01T${noon}Z`)
        const isSetThen = CHANGES.get(zone)?.some((change) => Math.abs(change - first) <= HOUR_MS)
        expect(isSkipped && !isSetThen).toBe(false)
      }),
    )
  })

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
