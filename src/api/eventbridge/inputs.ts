import {
  EVENT_AGE_SECONDS_MAX,
  EVENT_AGE_SECONDS_MIN,
  RETRY_ATTEMPTS_MAX,
} from '#src/model/event-bus.ts'
import { UNSUPPORTED, optional, required, string } from './shapes.ts'
import type { Member, Shape } from './shapes.ts'

/** Inputs of the operations: AWS's service model, version 2015-10-07. */

const busName = string({ min: 1, max: 256, pattern: /^[/.\-_A-Za-z0-9]+$/ })
const busNameOrArn = string({
  min: 1,
  max: 1600,
  pattern: /^(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[/.\-_A-Za-z0-9]+$/,
})
const eventSourceName = string({
  min: 1,
  max: 256,
  pattern: /^aws\.partner(\/[.\-_A-Za-z0-9]+){2,}$/,
})
const ruleName = string({ min: 1, max: 64, pattern: /^[.\-_A-Za-z0-9]+$/ })
const targetId = string({ min: 1, max: 64, pattern: /^[.\-_A-Za-z0-9]+$/ })
const nextToken = string({ min: 1, max: 2048 })
const limit: Shape = { type: 'integer', min: 1, max: 100 }
const roleArn = string({ min: 1, max: 1600 })
const boolean: Shape = { type: 'boolean' }

const structure = (members: Readonly<Record<string, Member>>): Shape => ({
  type: 'structure',
  members,
})
const paging = { NextToken: optional(nextToken), Limit: optional(limit) }
const ruleOfBus = { Name: required(ruleName), EventBusName: optional(busNameOrArn) }

const target = structure({
  Id: required(targetId),
  Arn: required(string({ min: 1, max: 1600 })),
  RoleArn: optional(roleArn),
  RetryPolicy: optional(
    structure({
      MaximumRetryAttempts: optional({ type: 'integer', min: 0, max: RETRY_ATTEMPTS_MAX }),
      MaximumEventAgeInSeconds: optional({
        type: 'integer',
        min: EVENT_AGE_SECONDS_MIN,
        max: EVENT_AGE_SECONDS_MAX,
      }),
    }),
  ),
  Input: UNSUPPORTED,
  InputPath: UNSUPPORTED,
  InputTransformer: UNSUPPORTED,
  DeadLetterConfig: UNSUPPORTED,
  KinesisParameters: UNSUPPORTED,
  RunCommandParameters: UNSUPPORTED,
  EcsParameters: UNSUPPORTED,
  BatchParameters: UNSUPPORTED,
  SqsParameters: UNSUPPORTED,
  HttpParameters: UNSUPPORTED,
  RedshiftDataParameters: UNSUPPORTED,
  SageMakerPipelineParameters: UNSUPPORTED,
  AppSyncParameters: UNSUPPORTED,
})

const putEventsEntry = structure({
  Time: optional({ type: 'timestamp' }),
  Source: optional(string()),
  Resources: optional({ type: 'list', member: string({ max: 2048 }) }),
  DetailType: optional(string()),
  Detail: optional(string()),
  EventBusName: optional(busNameOrArn),
  TraceHeader: optional(string({ min: 1, max: 500 })),
})

export const INPUTS = {
  PutEvents: structure({
    Entries: required({ type: 'list', member: putEventsEntry, min: 1, max: 10, print: printEntry }),
    EndpointId: UNSUPPORTED,
  }),
  TestEventPattern: structure({
    EventPattern: required(string({ max: 4096 })),
    Event: required(string()),
  }),
  CreateEventBus: structure({
    Name: required(busName),
    Description: optional(string({ max: 512 })),
    EventSourceName: optional(eventSourceName),
    KmsKeyIdentifier: UNSUPPORTED,
    DeadLetterConfig: UNSUPPORTED,
    LogConfig: UNSUPPORTED,
    Tags: UNSUPPORTED,
  }),
  DescribeEventBus: structure({ Name: optional(busNameOrArn) }),
  DeleteEventBus: structure({ Name: required(busName) }),
  ListEventBuses: structure({ NamePrefix: optional(busName), ...paging }),
  PutRule: structure({
    Name: required(ruleName),
    EventPattern: optional(string({ max: 4096 })),
    State: optional(
      string({
        enum: ['ENABLED', 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS', 'DISABLED'],
      }),
    ),
    Description: optional(string({ max: 512 })),
    EventBusName: optional(busNameOrArn),
    RoleArn: UNSUPPORTED,
    ScheduleExpression: UNSUPPORTED,
    Tags: UNSUPPORTED,
  }),
  DescribeRule: structure(ruleOfBus),
  ListRules: structure({
    NamePrefix: optional(ruleName),
    EventBusName: optional(busNameOrArn),
    ...paging,
  }),
  EnableRule: structure(ruleOfBus),
  DisableRule: structure(ruleOfBus),
  DeleteRule: structure({ ...ruleOfBus, Force: optional(boolean) }),
  PutTargets: structure({
    Rule: required(ruleName),
    EventBusName: optional(busNameOrArn),
    Targets: required({ type: 'list', member: target, min: 1, max: 100 }),
  }),
  ListTargetsByRule: structure({
    Rule: required(ruleName),
    EventBusName: optional(busNameOrArn),
    ...paging,
  }),
  RemoveTargets: structure({
    Rule: required(ruleName),
    EventBusName: optional(busNameOrArn),
    Ids: required({ type: 'list', member: targetId, min: 1, max: 100 }),
    Force: optional(boolean),
  }),
} as const satisfies Readonly<Record<string, Shape>>

export type OperationName = keyof typeof INPUTS

/** As AWS's Java prints an entry; recorded for requests of too many entries. */
function printEntry(value: unknown): string {
  const entry = value as Readonly<Record<string, string | number | readonly string[] | null>>
  const shown = (name: string) => {
    const field = entry[name]
    if (field === undefined || field === null) return 'null'
    return Array.isArray(field) ? `[${field.join(', ')}]` : String(field)
  }
  return (
    `PutEventsRequestEntry(time=${shown('Time')}, source=${shown('Source')}, ` +
    `resources=${shown('Resources')}, detailType=${shown('DetailType')}, ` +
    `detail=${shown('Detail')}, eventBusName=${shown('EventBusName')}, ` +
    `traceHeader=${shown('TraceHeader')}, kmsKeyIdentifier=null, internalMetadata=null)`
  )
}
