import { WEEKDAYS } from '#src/model/notification.ts'
import type { QuietWindow, Weekday } from '#src/model/notification.ts'
import { instantsOf, wallTimeOf } from '#src/schedules/time-zone.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const DAYS_IN_WEEK = WEEKDAYS.length

/**
 * When the quiet ends that an instant is in, windows that touch taken together; undefined where it
 * is in none. A time that clocks skip is the moment they are put forward, and of one that they show
 * twice a window takes the first to begin and the last to end, so that no quiet is cut short.
 */
export function quietUntil(
  windows: readonly QuietWindow[],
  zone: string,
  instant: number,
): number | undefined {
  let until: number | undefined
  for (;;) {
    const at = until ?? instant
    const ends = windows.flatMap((window) => endOf(window, zone, at) ?? [])
    const last = Math.max(...ends, at)
    if (last === at) return until
    until = last
    // Windows that cover every hour of the week have no end: looked at again a week on.
    if (until - instant >= DAYS_IN_WEEK * DAY_MS) return until
  }
}

/** The next moment after an instant at which clocks in the zone show a time of day on such a day. */
export function nextTimeOfDay(
  { at, days }: { readonly at: string; readonly days?: readonly Weekday[] | undefined },
  zone: string,
  after: number,
): number {
  const today = dayOf(wallTimeOf(after, zone))
  for (let day = today; ; day += DAY_MS) {
    if (!isOn(days, day)) continue
    const instant = firstInstant(day + minutesOf(at) * MINUTE_MS, zone)
    if (instant > after) return instant
  }
}

/** When the window ends that an instant is in. */
function endOf({ days, from, to }: QuietWindow, zone: string, instant: number): number | undefined {
  const [start, length] = [minutesOf(from), lengthOf(from, to)]
  const today = dayOf(wallTimeOf(instant, zone))
  for (const day of [today - DAY_MS, today]) {
    if (!isOn(days, day)) continue
    const begins = firstInstant(day + start * MINUTE_MS, zone)
    const ends = lastInstant(day + (start + length) * MINUTE_MS, zone)
    if (begins <= instant && instant < ends) return ends
  }
  return undefined
}

/** In minutes; from a time to the same time is a whole day. */
function lengthOf(from: string, to: string): number {
  const minutes = minutesOf(to) - minutesOf(from)
  return minutes > 0 ? minutes : minutes + DAY_MS / MINUTE_MS
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}

function dayOf(wallTime: number): number {
  return Math.floor(wallTime / DAY_MS) * DAY_MS
}

function isOn(days: readonly Weekday[] | undefined, day: number): boolean {
  // The epoch was a Thursday.
  const weekday = WEEKDAYS[(((day / DAY_MS + 3) % DAYS_IN_WEEK) + DAYS_IN_WEEK) % DAYS_IN_WEEK]
  return days === undefined || days.includes(weekday as Weekday)
}

function firstInstant(wallTime: number, zone: string): number {
  return instantsOf(wallTime, zone)[0] ?? afterGap(wallTime, zone)
}

function lastInstant(wallTime: number, zone: string): number {
  return instantsOf(wallTime, zone).at(-1) ?? afterGap(wallTime, zone)
}

/** The moment at which clocks are put forward over a time. */
function afterGap(wallTime: number, zone: string): number {
  let [before, after] = [wallTime - DAY_MS, wallTime + DAY_MS]
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (wallTimeOf(middle, zone) < wallTime) before = middle
    else after = middle
  }
  return after
}
