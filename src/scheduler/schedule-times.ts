import { derivedUuid } from '#src/model/derived-uuid.ts'
import { lastUpTo, nextAfter, parseSchedulerSchedule } from '#src/schedules/expression.ts'
import type { Timetable } from '#src/schedules/expression.ts'
import type { Timer } from '#src/schedules/timers.ts'
import { scheduleArn } from './documents.ts'
import type { Schedule } from './documents.ts'

type TimerTime = Omit<Timer, 'owner'>

const MINUTE_MS = 60_000
const SECOND_MS = 1_000

/**
 * The first time of a schedule as it is from now on. A rate without a start begins at once when it
 * is new; later it keeps to its times.
 */
export function firstTimer(schedule: Schedule, now: number): TimerTime | undefined {
  if (schedule.state === 'DISABLED') return undefined
  const timetable = timetableOf(schedule)
  const isNew = schedule.createdAt === now
  const begin = isNew && timetable.expression.kind === 'rate' ? timetable.anchor - 1 : now
  // A one-time schedule has no start.
  const start = timetable.expression.kind === 'at' ? undefined : startOf(schedule)
  return timerAt(
    schedule,
    nextAfter(timetable, start === undefined ? begin : Math.max(now, start - 1)),
  )
}

/** The time that a due timer stands for: of those that were missed, the last. */
export function timeOf(schedule: Schedule, { scheduledFor }: Timer, now: number): number {
  const settled = now - windowMs(schedule)
  return lastUpTo(timetableOf(schedule), scheduledFor, Math.min(settled, schedule.end ?? settled))
}

/** What comes after a time, or undefined when that was the last. */
export function timerAfter(schedule: Schedule, time: number): TimerTime | undefined {
  return timerAt(schedule, nextAfter(timetableOf(schedule), time))
}

function timerAt(schedule: Schedule, time: number | undefined): TimerTime | undefined {
  const { expression } = timetableOf(schedule)
  if (time === undefined) return undefined
  if (expression.kind !== 'at' && schedule.end !== undefined && time > schedule.end)
    return undefined
  return { scheduledFor: time, dueAt: dueAtOf(schedule, time) }
}

/** Somewhere in the flexible window, and after a restart at the same place. */
export function dueAtOf(schedule: Schedule, time: number): number {
  const random = Number.parseInt(derivedUuid(`${scheduleArn(schedule)} ${time}`).slice(0, 8), 16)
  return time + Math.floor((random / 2 ** 32) * windowMs(schedule))
}

function windowMs({ flexibleMinutes = 0 }: Schedule): number {
  return flexibleMinutes * MINUTE_MS
}

function timetableOf(schedule: Schedule): Timetable {
  const expression = parseSchedulerSchedule(schedule.expression)
  if (expression === undefined) throw new Error(`"${schedule.expression}" is not valid`)
  const anchor = startOf(schedule) ?? Math.floor(schedule.createdAt / SECOND_MS) * SECOND_MS
  return { expression, zone: schedule.zone, anchor }
}

/** AWS leaves out the seconds of a start. */
function startOf({ start }: Schedule): number | undefined {
  return start === undefined ? undefined : Math.floor(start / MINUTE_MS) * MINUTE_MS
}
