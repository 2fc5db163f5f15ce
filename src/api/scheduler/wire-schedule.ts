import { AwsError } from '#src/errors.ts'
import { parseSchedulerSchedule } from '#src/schedules/expression.ts'
import { isTimeZone } from '#src/schedules/time-zone.ts'
import { DEFAULT_GROUP, scheduleArn } from '#src/scheduler/documents.ts'
import type { Schedule, ScheduleAddress, ScheduleSettings } from '#src/scheduler/documents.ts'
import { structure } from '../eventbridge/operation.ts'
import {
  UNSUPPORTED,
  optional,
  required,
  string,
  textPattern,
  timestampMs,
} from '../eventbridge/shapes.ts'
import type { Call } from '../eventbridge/operation.ts'
import type { TargetsAllowed } from '../eventbridge/wire-target.ts'
import { TARGET, targetFrom, wireTarget } from './wire-schedule-target.ts'
import type { WireTarget } from './wire-schedule-target.ts'

/** Shapes of AWS's service model, version 2021-06-30. */
export const NAME = string({ min: 1, max: 64, pattern: textPattern('^[0-9a-zA-Z-_.]+$') })
export const CLIENT_TOKEN = string({ min: 1, max: 64, pattern: textPattern('^[a-zA-Z0-9-_]+$') })
export const STATE = string({ enum: ['ENABLED', 'DISABLED'] })

const FLEXIBLE_TIME_WINDOW = structure({
  Mode: required(string({ enum: ['OFF', 'FLEXIBLE'] })),
  MaximumWindowInMinutes: optional({ type: 'integer', min: 1, max: 1_440 }),
})

/** The input of CreateSchedule and UpdateSchedule. */
export const SCHEDULE = structure({
  Name: required(NAME),
  GroupName: optional(NAME),
  ScheduleExpression: required(string({ min: 1, max: 256 })),
  ScheduleExpressionTimezone: optional(string({ min: 1, max: 50 })),
  StartDate: optional({ type: 'timestamp' }),
  EndDate: optional({ type: 'timestamp' }),
  Description: optional(string({ max: 512 })),
  State: optional(STATE),
  Target: required(TARGET),
  FlexibleTimeWindow: required(FLEXIBLE_TIME_WINDOW),
  ActionAfterCompletion: optional(string({ enum: ['NONE', 'DELETE'] })),
  ClientToken: optional(CLIENT_TOKEN),
  KmsKeyArn: UNSUPPORTED,
})

export interface WireSchedule {
  readonly Name: string
  readonly GroupName?: string
  readonly ScheduleExpression: string
  readonly ScheduleExpressionTimezone?: string
  readonly StartDate?: unknown
  readonly EndDate?: unknown
  readonly Description?: string
  readonly State?: Schedule['state']
  readonly Target: WireTarget
  readonly FlexibleTimeWindow: {
    readonly Mode: 'OFF' | 'FLEXIBLE'
    readonly MaximumWindowInMinutes?: number
  }
  readonly ActionAfterCompletion?: Schedule['actionAfterCompletion']
  readonly ClientToken?: string
}

export function addressIn(
  { account, region }: Call,
  { Name: name, GroupName: group = DEFAULT_GROUP }: { Name: string; GroupName?: string },
): ScheduleAddress {
  return { account, region, group, name }
}

/** @throws AwsError ValidationException */
export function settingsFrom(
  at: ScheduleAddress,
  wire: WireSchedule,
  allowed: TargetsAllowed,
): ScheduleSettings {
  const { ScheduleExpression: expression, ScheduleExpressionTimezone: zone = 'UTC' } = wire
  if (parseSchedulerSchedule(expression) === undefined) {
    throw invalid(`Invalid Schedule Expression ${expression}.`)
  }
  if (!isTimeZone(zone)) throw invalid(`Invalid Schedule Expression Timezone ${zone}.`)
  const flexibleMinutes = flexibleMinutesOf(wire)
  return {
    expression,
    zone,
    ...(wire.StartDate !== undefined && { start: timestampMs(wire.StartDate) }),
    ...(wire.EndDate !== undefined && { end: timestampMs(wire.EndDate) }),
    ...(wire.Description !== undefined && { description: wire.Description }),
    ...(flexibleMinutes !== undefined && { flexibleMinutes }),
    state: wire.State ?? 'ENABLED',
    actionAfterCompletion: wire.ActionAfterCompletion ?? 'NONE',
    target: targetFrom(at, wire.Target, allowed),
  }
}

export function wireSchedule(schedule: Schedule) {
  const { flexibleMinutes, target, start, end, description } = schedule
  return {
    ...wireHead(schedule),
    ScheduleExpression: schedule.expression,
    ScheduleExpressionTimezone: schedule.zone,
    ...(start !== undefined && { StartDate: start / 1_000 }),
    ...(end !== undefined && { EndDate: end / 1_000 }),
    ...(description !== undefined && { Description: description }),
    ActionAfterCompletion: schedule.actionAfterCompletion,
    FlexibleTimeWindow:
      flexibleMinutes === undefined
        ? { Mode: 'OFF' }
        : { Mode: 'FLEXIBLE', MaximumWindowInMinutes: flexibleMinutes },
    Target: wireTarget(target),
  }
}

/** As a list shows it. */
export function wireSummary(schedule: Schedule) {
  return { ...wireHead(schedule), Target: { Arn: schedule.target.arn } }
}

function wireHead(schedule: Schedule) {
  return {
    Arn: scheduleArn(schedule),
    Name: schedule.name,
    GroupName: schedule.group,
    State: schedule.state,
    CreationDate: schedule.createdAt / 1_000,
    LastModificationDate: schedule.modifiedAt / 1_000,
  }
}

function flexibleMinutesOf({ FlexibleTimeWindow: window }: WireSchedule): number | undefined {
  const { Mode, MaximumWindowInMinutes: minutes } = window
  if (Mode === 'OFF') {
    if (minutes === undefined) return undefined
    throw invalid(
      'MaximumWindowInMinutes must not be provided when FlexibleTimeWindowMode is set to OFF.',
    )
  }
  if (minutes !== undefined) return minutes
  throw invalid(
    'MaximumWindowInMinutes must be specified when FlexibleTimeWindow Mode is FLEXIBLE.',
  )
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message)
}
