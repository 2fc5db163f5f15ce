import { END_OF_SCHEDULES, parseCron, wallTimesAfter } from './cron.ts'
import type { Cron } from './cron.ts'
import { instantsOf, offsetAt, wallTimeOf } from './time-zone.ts'

/** When something is to happen: every so often, by the calendar, or once. */
export type ScheduleExpression =
  | { readonly kind: 'rate'; readonly everyMs: number }
  | { readonly kind: 'cron'; readonly cron: Cron }
  /** Epoch ms of a clock in UTC that shows what the clock on the wall shows then. */
  | { readonly kind: 'at'; readonly wallTime: number }

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: HOUR_MS, day: DAY_MS }

/** The schedule of a rule: `rate(5 minutes)`, `cron(0 8 ? * MON-FRI *)`; undefined if not valid. */
export function parseRuleSchedule(text: string): ScheduleExpression | undefined {
  const rate = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(text)
  if (rate === null) return cronFrom(text)
  const [, count, unit = '', plural] = rate
  return (Number(count) === 1) === (plural === '') ? rateOf(count, unit) : undefined
}

/**
 * The schedule of the Scheduler: one of a rule, or `at(2026-01-31T08:15:00)`. Unlike EventBridge,
 * the Scheduler takes `rate(1 minutes)` and `rate(2 MINUTE)`.
 */
export function parseSchedulerSchedule(text: string): ScheduleExpression | undefined {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/i.exec(text)
  if (rate !== null) return rateOf(rate[1], (rate[2] ?? '').toLowerCase())
  const at = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(text)?.[1]
  if (at === undefined) return cronFrom(text)
  const wallTime = Date.parse(`${at}Z`)
  // Date.parse takes the 31st of April for the 1st of May.
  const exists = !Number.isNaN(wallTime) && new Date(wallTime).toISOString().startsWith(at)
  return exists ? { kind: 'at', wallTime } : undefined
}

export interface Timetable {
  readonly expression: ScheduleExpression
  /** An IANA time zone. */
  readonly zone: string
  /** One of the times of a rate, from which the others follow. */
  readonly anchor: number
}

/**
 * When it is time next after an instant, or undefined when never again. By AWS's documentation, a
 * time of a cron expression that the clocks skip in spring is left out, and one that they show
 * twice in autumn counts once: the first. A one-time schedule in the skipped hour is as much later
 * as the clocks are put forward.
 */
export function nextAfter({ expression, zone, anchor }: Timetable, after: number) {
  const next = nextOf(expression, zone, anchor, after)
  return next === undefined || next >= END_OF_SCHEDULES ? undefined : next
}

/**
 * The last time that is not after an instant, of those since `first`, which is one. Days of missed
 * minutes are not counted through: it looks back an hour, then a day, and so on.
 */
export function lastUpTo(timetable: Timetable, first: number, instant: number): number {
  for (let reachMs = HOUR_MS; ; reachMs *= 24) {
    const from = Math.max(first, instant - reachMs)
    let last = from === first ? first : undefined
    for (let next = nextAfter(timetable, from); next !== undefined && next <= instant;) {
      last = next
      next = nextAfter(timetable, next)
    }
    if (last !== undefined) return last
  }
}

function nextOf(
  expression: ScheduleExpression,
  zone: string,
  anchor: number,
  after: number,
): number | undefined {
  switch (expression.kind) {
    case 'rate': {
      const periods = Math.floor((after - anchor) / expression.everyMs) + 1
      return anchor + Math.max(0, periods) * expression.everyMs
    }
    case 'cron':
      for (const wallTime of wallTimesAfter(expression.cron, wallTimeOf(after, zone))) {
        const [first] = instantsOf(wallTime, zone)
        if (first !== undefined && first > after) return first
      }
      return undefined
    case 'at': {
      const at = instantOf(expression.wallTime, zone)
      return at > after ? at : undefined
    }
    default:
      return expression satisfies never
  }
}

function instantOf(wallTime: number, zone: string): number {
  const [first] = instantsOf(wallTime, zone)
  // As if the clocks had not been put forward yet.
  return first ?? wallTime - offsetAt(wallTime - DAY_MS, zone)
}

function rateOf(count: string | undefined, unit: string): ScheduleExpression | undefined {
  const everyMs = Number(count) * (UNIT_MS[unit] ?? Number.NaN)
  return everyMs > 0 ? { kind: 'rate', everyMs } : undefined
}

function cronFrom(text: string): ScheduleExpression | undefined {
  const fields = /^cron\((.*)\)$/.exec(text)?.[1]
  const cron = fields === undefined ? undefined : parseCron(fields)
  return cron && { kind: 'cron', cron }
}
