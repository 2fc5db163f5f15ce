import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { lastUpTo, nextAfter, parseRuleSchedule, parseSchedulerSchedule } from './expression.ts'
import type { ScheduleExpression } from './expression.ts'
import { isTimeZone } from './time-zone.ts'

const MINUTE_MS = 60_000
const DAY_MS = 1_440 * MINUTE_MS

/** The next times after an instant, as ISO texts. */
function nextTimes(text: string, after: string, count: number, zone = 'UTC'): readonly string[] {
  const expression = parseSchedulerSchedule(text)
  if (expression === undefined) throw new Error(`"${text}" is not valid`)
  const times: string[] = []
  let from = Date.parse(after)
  const anchor = from
  while (times.length < count) {
    const next = nextAfter({ expression, zone, anchor }, from)
    if (next === undefined) break
    times.push(new Date(next).toISOString().replace(':00.000Z', 'Z'))
    from = next
  }
  return times
}

/** Recorded on AWS unless said otherwise. */
const VALID_IN_BOTH = [
  'rate(1 minute)',
  'rate(10 minutes)',
  'rate(1 hour)',
  'rate(1 day)',
  'rate(7 days)',
  'cron(0 10 * * ? *)',
  'cron(15 12 * * ? *)',
  'cron(0 18 ? * MON-FRI *)',
  'cron(0 8 1 * ? *)',
  'cron(0/15 * * * ? *)',
  'cron(0/10 * ? * MON-FRI *)',
  'cron(0/5 8-17 ? * MON-FRI *)',
  'cron(0/30 20-23 ? * MON-FRI *)',
  'cron(0/30 0-2 ? * MON-FRI *)',
  // From its documentation and from deployed rules.
  'cron(0 8-18/2 ? * MON-FRI *)',
  'cron(0 8 ? * SAT-SUN *)',
  'cron(0/30 20-2 ? * MON-FRI *)',
  'cron(0 10 ? * 6L 2027-2028)',
  'cron(0 9 ? * 3#2 *)',
  'cron(0 9 3W * ? *)',
  'cron(0 9 L JAN,FEB,DEC ? *)',
  'cron(0 9 LW * ? *)',
  'cron(0 9 ? * L *)',
  'cron(*/20 */6 1-15/7 1-12 ? 1970-2199)',
]
const INVALID_IN_BOTH = [
  'rate(10 seconds)',
  'rate(10 years)',
  'rate()',
  'rate(10)',
  'rate(10 minutess)',
  'rate(foo minutes)',
  'rate(0 minutes)',
  'rate(-10 minutes)',
  'rate( 10 minutes )',
  ' rate(10 minutes)',
  'rate(10  minutes)',
  'rate(1.5 hours)',
  'cron(0 1 * * * *)',
  'cron(7 20 * * NOT *)',
  'cron(INVALID)',
  'cron(0 dummy ? * MON-FRI *)',
  'cron(71 8 1 * ? *)',
  'cron()',
  'cron(*/30 * * * * ? *)',
  'cron(0 8 ? * ? *)',
  'cron(0 8 * * ?)',
  'cron(0 24 * * ? *)',
  'cron(0 8 0 * ? *)',
  'cron(0 8 32 * ? *)',
  'cron(0 8 1 13 ? *)',
  'cron(0 8 ? * 0 *)',
  'cron(0 8 ? * 8 *)',
  'cron(0 8 ? * 3#6 *)',
  'cron(0 8 ? * 3#1,6#3 *)',
  'cron(0 8 3#1 * ? *)',
  'cron(0 8 32W * ? *)',
  'cron(0 8 * * ? 1969)',
  'cron(0 8 * * ? 2200)',
  'cron(0 8 * * ? 2028-2027)',
  'cron(? 8 * * ? *)',
  'cron(0/0 8 * * ? *)',
  'cron(0,,5 8 * * ? *)',
  'at(2021-12-31T23:59:59Z)',
  'at(2021-12-31)',
  'at(2021-04-31T00:00:00)',
  'at(2021-12-31T24:00:01)',
  'every day',
  '',
]

describe('a schedule expression', () => {
  it.each(VALID_IN_BOTH)('%s is one, of rules and of the Scheduler', (text) => {
    expect(parseRuleSchedule(text)).toBeDefined()
    expect(parseSchedulerSchedule(text)).toBeDefined()
  })

  it.each(INVALID_IN_BOTH)('"%s" is none', (text) => {
    expect(parseRuleSchedule(text)).toBeUndefined()
    expect(parseSchedulerSchedule(text)).toBeUndefined()
  })

  it.each([
    ...['rate(1 minutes)', 'rate(1 hours)', 'rate(1 days)'],
    ...['rate(10 minute)', 'rate(10 hour)', 'rate(10 day)', 'rate(10 MINUTES)'],
    'at(2022-12-31T23:59:59)',
  ])('%s is one of the Scheduler only', (text) => {
    expect(parseRuleSchedule(text)).toBeUndefined()
    expect(parseSchedulerSchedule(text)).toBeDefined()
  })
})

describe('the time of a schedule', () => {
  it('that has a rate counts from its anchor', () => {
    expect(nextTimes('rate(90 minutes)', '2026-01-31T08:15:00Z', 3)).toEqual([
      '2026-01-31T09:45Z',
      '2026-01-31T11:15Z',
      '2026-01-31T12:45Z',
    ])
  })

  it.each([
    [
      'cron(0 10 ? * 6L 2027-2028)',
      '2027-03-01T00:00Z',
      ['2027-03-26T10:00Z', '2027-04-30T10:00Z'],
    ],
    ['cron(0 9 ? * 3#2 *)', '2027-03-01T00:00Z', ['2027-03-09T09:00Z', '2027-04-13T09:00Z']],
    ['cron(0 9 1W * ? *)', '2027-05-02T00:00Z', ['2027-05-03T09:00Z', '2027-06-01T09:00Z']],
    ['cron(0 9 31W * ? *)', '2027-01-15T00:00Z', ['2027-01-29T09:00Z', '2027-03-31T09:00Z']],
    ['cron(0 9 L 2 ? *)', '2027-03-01T00:00Z', ['2028-02-29T09:00Z', '2029-02-28T09:00Z']],
    ['cron(0 9 LW 1,5 ? *)', '2027-01-01T00:00Z', ['2027-01-29T09:00Z', '2027-05-31T09:00Z']],
    ['cron(0 9 ? 1 L 2027)', '2027-01-20T00:00Z', ['2027-01-23T09:00Z', '2027-01-30T09:00Z']],
    [
      // Those after midnight belong to the day that they are on.
      'cron(0/30 22-0 ? * MON-FRI *)',
      '2027-03-26T22:15Z',
      [
        ...['2027-03-26T22:30Z', '2027-03-26T23:00Z', '2027-03-26T23:30Z'],
        ...['2027-03-29T00:00Z', '2027-03-29T00:30Z', '2027-03-29T22:00Z'],
      ],
    ],
    [
      'cron(50-10/10 9 31-1 12-1 ? *)',
      '2027-12-31T09:10Z',
      ['2027-12-31T09:50Z', '2028-01-01T09:00Z', '2028-01-01T09:10Z', '2028-01-01T09:50Z'],
    ],
    ['cron(59 23 31 12 ? *)', '2198-12-31T23:59Z', ['2199-12-31T23:59Z']],
    ['cron(0 0 30 2 ? *)', '2027-01-01T00:00Z', []],
    ['cron(0 0 1 1 ? 2020)', '2027-01-01T00:00Z', []],
  ])('%s after %s', (text, after, expected) => {
    expect(nextTimes(text, after, expected.length + (expected.length < 2 ? 1 : 0))).toEqual(
      expected,
    )
  })

  it('leaves out what the clocks skip in spring, and counts once what they show twice', () => {
    const zone = 'Europe/Berlin'
    expect(nextTimes('cron(30 2 * * ? *)', '2027-03-27T00:00Z', 3, zone)).toEqual([
      '2027-03-27T01:30Z',
      '2027-03-29T00:30Z',
      '2027-03-30T00:30Z',
    ])
    expect(nextTimes('cron(30 2 * * ? *)', '2027-10-30T12:00Z', 2, zone)).toEqual([
      '2027-10-31T00:30Z',
      '2027-11-01T01:30Z',
    ])
  })

  it('does not come again in the hour that the clocks show a second time', () => {
    // 02:10 in winter time: 02:30 was an hour ago, in summer time.
    expect(nextTimes('cron(30 2 * * ? *)', '2027-10-31T01:10Z', 1, 'Europe/Berlin')).toEqual([
      '2027-11-01T01:30Z',
    ])
  })

  it('of a one-time schedule is later by the hour that the clocks skip', () => {
    const zone = 'Europe/Berlin'
    expect(nextTimes('at(2027-07-01T12:00:00)', '2027-01-01T00:00Z', 2, zone)).toEqual([
      '2027-07-01T10:00Z',
    ])
    expect(nextTimes('at(2027-03-28T02:30:00)', '2027-01-01T00:00Z', 2, zone)).toEqual([
      '2027-03-28T01:30Z',
    ])
  })
})

describe('a time zone', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata'])('%s is one', (zone) => {
    expect(isTimeZone(zone)).toBe(true)
  })
  it.each(['', 'Mars/Olympus', '+02:00', '-05:00', 'Europe/'])('"%s" is none', (zone) => {
    expect(isTimeZone(zone)).toBe(false)
  })
})

/** What the clock on the wall shows. */
interface Shown {
  readonly minute: number
  readonly hour: number
  readonly dayOfMonth: number
  readonly month: number
  readonly dayOfWeek: number
  readonly daysInMonth: number
}
interface Field {
  readonly text: string
  readonly matches: (shown: Shown) => boolean
}

/** A field of numbers together with its plain meaning. */
function field(min: number, max: number, of: (shown: Shown) => number): fc.Arbitrary<Field> {
  const number = fc.integer({ min, max })
  return fc.oneof(
    fc.constant({ text: '*', matches: () => true }),
    fc.uniqueArray(number, { minLength: 1, maxLength: 4 }).map((values) => ({
      text: values.join(','),
      matches: (shown: Shown) => values.includes(of(shown)),
    })),
    fc.tuple(number, number).map(([one, other]) => ({
      text: `${Math.min(one, other)}-${Math.max(one, other)}`,
      matches: (shown: Shown) =>
        of(shown) >= Math.min(one, other) && of(shown) <= Math.max(one, other),
    })),
    fc.tuple(number, fc.integer({ min: 1, max: max - min })).map(([first, step]) => ({
      text: `${first}/${step}`,
      matches: (shown: Shown) => of(shown) >= first && (of(shown) - first) % step === 0,
    })),
  )
}

const anyDay: Field = { text: '?', matches: () => true }
const isWeekday = (dayOfWeek: number) => dayOfWeek >= 2 && dayOfWeek <= 6
/** The weekday of another day of the same month. */
const dayOfWeekOn = ({ dayOfMonth, dayOfWeek }: Shown, other: number) =>
  ((((dayOfWeek - 1 + other - dayOfMonth) % 7) + 7) % 7) + 1
/** By distance, nearest first, within the month. */
const nearestWeekday = (shown: Shown, wanted: number) =>
  [0, -1, 1, -2, 2]
    .map((distance) => wanted + distance)
    .find((day) => day >= 1 && day <= shown.daysInMonth && isWeekday(dayOfWeekOn(shown, day)))

const days: fc.Arbitrary<readonly [Field, Field]> = fc.oneof(
  field(1, 31, ({ dayOfMonth }) => dayOfMonth).map((day) => [day, anyDay] as const),
  field(1, 7, ({ dayOfWeek }) => dayOfWeek).map((day) => [anyDay, day] as const),
  fc.constantFrom<readonly [Field, Field]>(
    [{ text: 'L', matches: ({ dayOfMonth, daysInMonth }) => dayOfMonth === daysInMonth }, anyDay],
    [
      {
        text: 'LW',
        matches: (shown) => shown.dayOfMonth === nearestWeekday(shown, shown.daysInMonth),
      },
      anyDay,
    ],
    [anyDay, { text: 'SAT-MON', matches: ({ dayOfWeek }) => [7, 1, 2].includes(dayOfWeek) }],
  ),
  fc.integer({ min: 1, max: 31 }).map((wanted) => {
    const matches = (shown: Shown) =>
      wanted <= shown.daysInMonth && shown.dayOfMonth === nearestWeekday(shown, wanted)
    return [{ text: `${wanted}W`, matches }, anyDay] as const
  }),
  fc
    .tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 5 }))
    .map(([wanted, count]) => {
      const matches = ({ dayOfWeek, dayOfMonth }: Shown) =>
        dayOfWeek === wanted && dayOfMonth > (count - 1) * 7 && dayOfMonth <= count * 7
      return [anyDay, { text: `${wanted}#${count}`, matches }] as const
    }),
  fc.integer({ min: 1, max: 7 }).map((wanted) => {
    const matches = ({ dayOfWeek, dayOfMonth, daysInMonth }: Shown) =>
      dayOfWeek === wanted && dayOfMonth + 7 > daysInMonth
    return [anyDay, { text: `${wanted}L`, matches }] as const
  }),
)

/** Reads the clock on the wall minute by minute, and notes what it has shown before. */
function walk(zone: string, from: number, to: number, matches: (shown: Shown) => boolean) {
  const clock = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: zone, hourCycle: 'h23', weekday: 'short', year: 'numeric', month: 'numeric' },
    ...{ day: 'numeric', hour: 'numeric', minute: 'numeric' },
  })
  const seen = new Set<string>()
  const times: number[] = []
  // A day earlier, for what is shown a second time after `from`.
  for (let time = from - DAY_MS; time <= to; time += MINUTE_MS) {
    const parts = Object.fromEntries(
      clock.formatToParts(time).map(({ type, value }) => [type, value]),
    )
    const text = JSON.stringify(parts)
    if (seen.has(text)) continue
    seen.add(text)
    const [year, month] = [Number(parts['year']), Number(parts['month'])]
    const shown = {
      minute: Number(parts['minute']),
      hour: Number(parts['hour']),
      dayOfMonth: Number(parts['day']),
      month,
      dayOfWeek: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(parts['weekday']!) + 1,
      daysInMonth: new Date(Date.UTC(year, month, 0)).getUTCDate(),
    }
    if (time > from && matches(shown)) times.push(time)
  }
  return times
}

const WALKED_MS = 3 * DAY_MS
/** Around changes of clocks, ends of months and of a year. */
const PLACES = [
  ['UTC', '2027-02-27T00:00Z'],
  ['UTC', '2027-12-30T12:00Z'],
  ['UTC', '2028-02-28T00:00Z'],
  ['Europe/Berlin', '2027-03-27T12:00Z'],
  ['Europe/Berlin', '2027-10-30T12:00Z'],
  ['America/New_York', '2027-11-06T12:00Z'],
  ['Australia/Lord_Howe', '2027-04-03T00:00Z'],
  ['Asia/Kolkata', '2027-04-29T20:00Z'],
] as const

const crons = fc
  .tuple(
    field(0, 59, ({ minute }) => minute),
    field(0, 23, ({ hour }) => hour),
    days,
    field(1, 12, ({ month }) => month),
  )
  .map(([minute, hour, [dayOfMonth, dayOfWeek], month]) => {
    const fields = [minute, hour, dayOfMonth, month, dayOfWeek]
    return {
      text: `cron(${fields.map(({ text }) => text).join(' ')} *)`,
      matches: (shown: Shown) => fields.every(({ matches }) => matches(shown)),
    }
  })

describe('a cron expression', () => {
  it('fires at the minutes at which somebody who watches the clock would say so', () => {
    const start = fc.tuple(fc.constantFrom(...PLACES), fc.nat(600))
    fc.assert(
      fc.property(crons, start, ({ text, matches }, [[zone, place], minutes]) => {
        const from = Date.parse(place) + minutes * MINUTE_MS
        const to = from + WALKED_MS
        const expression = parseRuleSchedule(text) as ScheduleExpression
        const times: number[] = []
        let next = nextAfter({ expression, zone, anchor: 0 }, from)
        while (next !== undefined && next <= to) {
          times.push(next)
          next = nextAfter({ expression, zone, anchor: 0 }, next)
        }
        expect(times).toEqual(walk(zone, from, to, matches))
      }),
      { numRuns: 60 },
    )
  })

  it('fired last when no other of its times lies between', () => {
    fc.assert(
      fc.property(
        fc.oneof(crons, fc.constantFrom({ text: 'rate(7 minutes)' }, { text: 'rate(3 days)' })),
        fc.constantFrom(...PLACES),
        fc.nat(400 * 1_440),
        ({ text }, [zone, place], minutes) => {
          const from = Date.parse(place)
          const expression = parseRuleSchedule(text) as ScheduleExpression
          const timetable = { expression, zone, anchor: from }
          const first = nextAfter(timetable, from)
          if (first === undefined) return
          const instant = first + minutes * MINUTE_MS
          const last = lastUpTo(timetable, first, instant)
          expect(last).toBeLessThanOrEqual(instant)
          expect(nextAfter(timetable, last) ?? Infinity).toBeGreaterThan(instant)
          expect(nextAfter(timetable, last - 1)).toBe(last)
        },
      ),
      { numRuns: 40 },
    )
  })
})
