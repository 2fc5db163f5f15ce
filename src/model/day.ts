import { Type } from 'typebox'

import type { Day, Month } from './cost.ts'

/** Days, which are in UTC, and their arithmetic. */

export const DayText = Type.String({
  format: 'date',
  title: 'a day as year-month-day',
  examples: ['2026-01-31'],
})

const DAY_MS = 86_400_000

/** The day of a moment in epoch ms. */
export function dayOf(epochMs: number): Day {
  return new Date(epochMs).toISOString().slice(0, 10)
}

/** So many days later; earlier where the number is negative. */
export function addDays(day: Day, count: number): Day {
  return dayOf(Date.parse(day) + count * DAY_MS)
}

/** How many days the second is after the first. */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS)
}

/** All days from the first to the last; both belong to it. */
export function daysFrom(from: Day, to: Day): readonly Day[] {
  return Array.from({ length: daysBetween(from, to) + 1 }, (_, at) => addDays(from, at))
}

export function monthOf(day: Day): Month {
  return day.slice(0, 7)
}

/** The first day of the month so many months after that of a day. */
export function addMonths(day: Day, count: number): Day {
  const [year = 0, month = 0] = day.split('-').map(Number)
  return dayOf(Date.UTC(year, month - 1 + count, 1))
}

/** Whether a text is a day that there is. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && sameDay(text)
}

/** 2026-02-30 is read as a day of March. */
function sameDay(text: string): boolean {
  return dayOf(Date.parse(text)) === text
}
