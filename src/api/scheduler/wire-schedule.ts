import { AwsError } from '#src/errors.ts'
import { parseBusArn } from '#src/model/arn.ts'
import { compactObject } from '#src/model/compact-json.ts'
import {
  EVENT_AGE_SECONDS_DEFAULT,
  EVENT_AGE_SECONDS_MAX,
  EVENT_AGE_SECONDS_MIN,
  RETRY_ATTEMPTS_DEFAULT,
  RETRY_ATTEMPTS_MAX,
} from '#src/model/event-bus.ts'
import { parseSchedulerSchedule } from '#src/schedules/expression.ts'
import { isTimeZone } from '#src/schedules/time-zone.ts'
import { DEFAULT_GROUP, scheduleArn } from '#src/scheduler/documents.ts'
import type {
  Schedule,
  ScheduleAddress,
  ScheduleSettings,
  ScheduleTarget,
} from '#src/scheduler/documents.ts'
import { inputOf } from '#src/scheduler/invocation.ts'
import { structure } from '../eventbridge/operation.ts'
import { UNSUPPORTED, optional, required, string, timestampMs } from '../eventbridge/shapes.ts'
import type { Call } from '../eventbridge/operation.ts'

/** Shapes of AWS's service model, version 2021-06-30. */
export const NAME = string({ min: 1, max: 64, pattern: /^[0-9a-zA-Z-_.]+$/ })
export const CLIENT_TOKEN = string({ min: 1, max: 64, pattern: /^[a-zA-Z0-9-_]+$/ })
export const STATE = string({ enum: ['ENABLED', 'DISABLED'] })

const FLEXIBLE_TIME_WINDOW = structure({
  Mode: required(string({ enum: ['OFF', 'FLEXIBLE'] })),
  MaximumWindowInMinutes: optional({ type: 'integer', min: 1, max: 1_440 }),
})

const EVENT_BRIDGE_PARAMETERS = structure({
  DetailType: required(string({ min: 1, max: 128 })),
  Source: required(
    string({
      min: 1,
      max: 256,
      pattern: /^(?=[/.\-_A-Za-z0-9]+)((?!aws\.).*)|(\$(\.[\w_-]+(\[(\d+|\*)\])*)*)$/,
    }),
  ),
})

const TARGET = structure({
  Arn: required(string({ min: 1, max: 1_600 })),
  RoleArn: required(
    string({ min: 1, max: 1_600, pattern: /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/ }),
  ),
  Input: optional(string({ min: 1 })),
  RetryPolicy: optional(
    structure({
      MaximumEventAgeInSeconds: optional({
        type: 'integer',
        min: EVENT_AGE_SECONDS_MIN,
        max: EVENT_AGE_SECONDS_MAX,
      }),
      MaximumRetryAttempts: optional({ type: 'integer', min: 0, max: RETRY_ATTEMPTS_MAX }),
    }),
  ),
  EventBridgeParameters: optional(EVENT_BRIDGE_PARAMETERS),
  DeadLetterConfig: UNSUPPORTED,
  EcsParameters: UNSUPPORTED,
  EventBridgePutEventsV2Parameters: UNSUPPORTED,
  EventBridgePutRawEventsParameters: UNSUPPORTED,
  KinesisParameters: UNSUPPORTED,
  SageMakerPipelineParameters: UNSUPPORTED,
  SqsParameters: UNSUPPORTED,
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

interface WireTarget {
  readonly Arn: string
  readonly RoleArn: string
  readonly Input?: string
  readonly RetryPolicy?: {
    readonly MaximumEventAgeInSeconds?: number
    readonly MaximumRetryAttempts?: number
  }
  readonly EventBridgeParameters?: { readonly DetailType: string; readonly Source: string }
}

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

/** AWS's JSON reads null as absent. */
export function withoutNulls<T>(input: T): T {
  return JSON.parse(JSON.stringify(input), (_name, value: unknown) => value ?? undefined) as T
}

export function addressIn(
  { account, region }: Call,
  { Name: name, GroupName: group = DEFAULT_GROUP }: { Name: string; GroupName?: string },
): ScheduleAddress {
  return { account, region, group, name }
}

/**
 * @param urlRefusal why a URL may not be a target, or undefined
 * @throws AwsError ValidationException
 */
export function settingsFrom(
  at: ScheduleAddress,
  wire: WireSchedule,
  urlRefusal: (url: string) => string | undefined,
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
    target: targetFrom(at, wire.Target, urlRefusal),
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
    throw invalid('MaximumWindowInMinutes cannot be specified when FlexibleTimeWindow Mode is OFF.')
  }
  if (minutes !== undefined) return minutes
  throw invalid(
    'MaximumWindowInMinutes must be specified when FlexibleTimeWindow Mode is FLEXIBLE.',
  )
}

function targetFrom(
  at: ScheduleAddress,
  wire: WireTarget,
  urlRefusal: (url: string) => string | undefined,
): ScheduleTarget {
  const { Arn: arn, RoleArn: roleArn, Input: input, EventBridgeParameters: event } = wire
  if (/^https?:\/\//.test(arn)) checkUrlTarget(wire, urlRefusal(arn))
  else checkBusTarget(at, wire)
  checkInputOf(at, input)
  if (roleArn.split(':')[4] !== at.account) {
    throw invalid(
      'The execution role you provide must allow AWS EventBridge Scheduler to assume the role.',
    )
  }
  return {
    arn,
    roleArn,
    ...(input !== undefined && { input }),
    retryPolicy: {
      maximumRetryAttempts: wire.RetryPolicy?.MaximumRetryAttempts ?? RETRY_ATTEMPTS_DEFAULT,
      maximumEventAgeInSeconds:
        wire.RetryPolicy?.MaximumEventAgeInSeconds ?? EVENT_AGE_SECONDS_DEFAULT,
    },
    ...(event && { eventBridge: { source: event.Source, detailType: event.DetailType } }),
  }
}

function checkBusTarget(at: ScheduleAddress, wire: WireTarget): void {
  const bus = parseBusArn(wire.Arn)
  if (bus?.account !== at.account || bus.region !== at.region) {
    throw invalid('Provided Arn is not in correct format.')
  }
  if (wire.EventBridgeParameters === undefined) {
    throw invalid('EventBridgeParameters must be specified for a target that is an event bus.')
  }
}

function checkUrlTarget(wire: WireTarget, refusal: string | undefined): void {
  if (refusal !== undefined) {
    throw invalid(`Parameter ${wire.Arn} is not valid. Reason: ${refusal}`)
  }
  if (wire.EventBridgeParameters !== undefined) {
    throw invalid('EventBridgeParameters are for a target that is an event bus.')
  }
}

/** Some of the Scheduler's placeholders make JSON of a text that is none before. */
function checkInputOf(at: ScheduleAddress, input: string | undefined): void {
  const filledIn = inputOf({ ...at, target: { ...(input !== undefined && { input }) } }, 0)
  if (filledIn === undefined || compactObject(filledIn) !== undefined) return
  throw invalid('Input is not valid. Reason: Belfry sends JSON objects only.')
}

function wireTarget({ arn, roleArn, input, retryPolicy, eventBridge }: ScheduleTarget) {
  return {
    Arn: arn,
    RoleArn: roleArn,
    ...(input !== undefined && { Input: input }),
    RetryPolicy: {
      MaximumEventAgeInSeconds: retryPolicy.maximumEventAgeInSeconds,
      MaximumRetryAttempts: retryPolicy.maximumRetryAttempts,
    },
    ...(eventBridge !== undefined && {
      EventBridgeParameters: { DetailType: eventBridge.detailType, Source: eventBridge.source },
    }),
  }
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message)
}
