import { valueOf, valuesOf } from './cron-field.ts'
import type { CronField } from './cron-field.ts'

/** A cron expression of EventBridge: the minutes, by the clock on the wall, at which it fires. */
export interface Cron {
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  readonly months: readonly number[]
  readonly years: readonly number[]
  readonly isDay: DayTest
}

type DayTest = (day: CalendarDay) => boolean

interface CalendarDay {
  readonly dayOfMonth: number
  /** 1 is Sunday. */
  readonly dayOfWeek: number
  readonly daysInMonth: number
}

const SATURDAY = 7
const SUNDAY = 1
const MINUTE: CronField = { min: 0, max: 59 }
const HOUR: CronField = { min: 0, max: 23 }
const DAY_OF_MONTH: CronField = { min: 1, max: 31 }
const MONTH: CronField = {
  min: 1,
  max: 12,
  names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
}
const DAY_OF_WEEK: CronField = {
  min: SUNDAY,
  max: SATURDAY,
  names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'],
}
/** As documented; EventBridge itself has been seen to take later years in rules. */
const YEAR: CronField = { min: 1970, max: 2199, linear: true }

/** The first moment at which no schedule fires any more. */
export const END_OF_SCHEDULES = Date.UTC(YEAR.max + 1, 0)

/**
 * The six fields of `cron(...)`: minutes, hours, day of month, month, day of week, year. Undefined
 * where they are not valid.
 */
export function parseCron(text: string): Cron | undefined {
  const fields = text.split(/ +/)
  if (fields.length !== 6) return undefined
  const [minute, hour, dayOfMonth, month, dayOfWeek, year] = fields as [
    ...[string, string, string, string, string, string],
  ]
  // Exactly one of the two leaves the day to the other.
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) return undefined
  const minutes = valuesOf(minute, MINUTE)
  const hours = valuesOf(hour, HOUR)
  const months = valuesOf(month, MONTH)
  const years = valuesOf(year, YEAR)
  const isDay = dayOfMonth === '?' ? dayOfWeekTest(dayOfWeek) : dayOfMonthTest(dayOfMonth)
  if (!minutes || !hours || !months || !years || !isDay) return undefined
  return { minutes, hours, months, years, isDay }
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/**
 * The times on the wall at which the expression fires, in order, all after one.
 * @param after as epoch ms of a clock in UTC that shows what the clock on the wall shows
 */
export function* wallTimesAfter(cron: Cron, after: number): Generator<number> {
  const start = new Date(after)
  for (const year of cron.years) {
    if (year < start.getUTCFullYear()) continue
    for (const month of cron.months) {
      const monthStart = Date.UTC(year, month - 1)
      const daysInMonth = (Date.UTC(year, month) - monthStart) / DAY_MS
      if (monthStart + daysInMonth * DAY_MS <= after) continue
      for (let dayOfMonth = 1; dayOfMonth <= daysInMonth; dayOfMonth += 1) {
        const dayStart = monthStart + (dayOfMonth - 1) * DAY_MS
        if (dayStart + DAY_MS <= after) continue
        const dayOfWeek = new Date(dayStart).getUTCDay() + 1
        if (!cron.isDay({ dayOfMonth, dayOfWeek, daysInMonth })) continue
        for (const hour of cron.hours) {
          for (const minute of cron.minutes) {
            const time = dayStart + hour * HOUR_MS + minute * MINUTE_MS
            if (time > after) yield time
          }
        }
      }
    }
  }
}

/** A list, `L` the last day, `LW` the last weekday, `15W` the weekday nearest to the 15th. */
function dayOfMonthTest(text: string): DayTest | undefined {
  if (text === 'L') return ({ dayOfMonth, daysInMonth }) => dayOfMonth === daysInMonth
  if (text === 'LW') return (day) => isNearestWeekday(day, day.daysInMonth)
  const nearest = /^(\d+)W$/.exec(text)?.[1]
  if (nearest !== undefined) {
    const wanted = valueOf(nearest, DAY_OF_MONTH)
    if (wanted === undefined) return undefined
    // A month without that day has none near it.
    return (day) => wanted <= day.daysInMonth && isNearestWeekday(day, wanted)
  }
  const days = valuesOf(text, DAY_OF_MONTH)
  return days && (({ dayOfMonth }) => days.includes(dayOfMonth))
}

/** From Monday to Friday, in the same month: a Saturday the 1st leads to Monday the 3rd. */
function isNearestWeekday(day: CalendarDay, wanted: number): boolean {
  const { dayOfMonth, daysInMonth } = day
  const wantedDayOfWeek = ((day.dayOfWeek - 1 + wanted - dayOfMonth + 35) % 7) + 1
  if (wantedDayOfWeek === SATURDAY) return dayOfMonth === (wanted === 1 ? 3 : wanted - 1)
  if (wantedDayOfWeek === SUNDAY) {
    return dayOfMonth === (wanted === daysInMonth ? wanted - 2 : wanted + 1)
  }
  return dayOfMonth === wanted
}

/** A list, `L` Saturday, `6L` the last Friday of the month, `3#2` its second Tuesday. */
function dayOfWeekTest(text: string): DayTest | undefined {
  if (text === 'L') return ({ dayOfWeek }) => dayOfWeek === SATURDAY
  const [, named = '', mark, count] = /^(\w+?)(?:(L)|#([1-5]))$/.exec(text) ?? []
  const wanted = valueOf(named, DAY_OF_WEEK)
  if (mark !== undefined || count !== undefined) {
    if (wanted === undefined) return undefined
    return ({ dayOfMonth, dayOfWeek, daysInMonth }) =>
      dayOfWeek === wanted &&
      (count === undefined
        ? dayOfMonth > daysInMonth - 7
        : Math.ceil(dayOfMonth / 7) === Number(count))
  }
  const days = valuesOf(text, DAY_OF_WEEK)
  return days && (({ dayOfWeek }) => days.includes(dayOfWeek))
}
