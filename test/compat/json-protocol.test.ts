import { afterAll, beforeAll, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { jsonCall } from '../json-call.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

/**
 * What AWS's SDKs never write, and other clients of the protocol do.
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
const folder = newDataFolder()
let hub: HubProcess

beforeAll(async () => {
  hub = await startHubProcess(folder)
  await createOrganisation(hub)
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

const arnOf = (resource: string) => `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:${resource}`
const EventPattern = '{"source":["s"]}'
const PAGE = { NamePrefix: null, NextToken: null, Limit: null }
const SPAN = { EventStartTime: 1, EventEndTime: 2 }
const EVENT = { Source: 's', DetailType: 'd', Detail: '{}' }

/** In an order in which each finds what it needs; a null in the place of each member not required. */
const CALLS: readonly (readonly [operation: string, input: object])[] = [
  [
    'CreateEventBus',
    {
      ...{ Name: 'nulls', Description: null, EventSourceName: null, Tags: null },
      ...{ KmsKeyIdentifier: null, DeadLetterConfig: null, LogConfig: null },
    },
  ],
  ['UpdateEventBus', { Name: null, Description: null, LogConfig: { Level: null } }],
  ['DescribeEventBus', { Name: null }],
  ['ListEventBuses', PAGE],
  [
    'PutPermission',
    {
      ...{ EventBusName: null, Action: 'events:PutEvents', Principal: ACCOUNTS.SECURITY },
      ...{ StatementId: 'nulls', Condition: null, Policy: null },
    },
  ],
  ['RemovePermission', { EventBusName: null, StatementId: 'nulls', RemoveAllPermissions: null }],
  [
    'PutRule',
    {
      ...{ Name: 'nulls', EventBusName: null, EventPattern, ScheduleExpression: null },
      ...{ State: null, Description: null, RoleArn: null, Tags: null },
    },
  ],
  ['DescribeRule', { Name: 'nulls', EventBusName: null }],
  ['ListRules', { ...PAGE, EventBusName: null }],
  [
    'PutTargets',
    {
      ...{ Rule: 'nulls', EventBusName: null },
      Targets: [
        {
          ...{ Id: 't', Arn: 'https://hooks.example.com/', RoleArn: null, Input: null },
          ...{ InputPath: null, HttpParameters: null, EcsParameters: null },
          ...{ DeadLetterConfig: { Arn: null }, RetryPolicy: { MaximumRetryAttempts: null } },
          InputTransformer: { InputPathsMap: null, InputTemplate: '"a"' },
        },
      ],
    },
  ],
  ['ListTargetsByRule', { Rule: 'nulls', EventBusName: null, NextToken: null, Limit: null }],
  ['ListRuleNamesByTarget', { TargetArn: 'x', EventBusName: null, NextToken: null, Limit: null }],
  ['RemoveTargets', { Rule: 'nulls', EventBusName: null, Ids: ['t'], Force: null }],
  ['DisableRule', { Name: 'nulls', EventBusName: null }],
  ['DeleteRule', { Name: 'nulls', EventBusName: null, Force: null }],
  [
    'CreateArchive',
    {
      ...{ ArchiveName: 'nulls', EventSourceArn: arnOf('event-bus/nulls'), Description: null },
      ...{ EventPattern: null, RetentionDays: null, KmsKeyIdentifier: null },
    },
  ],
  ['UpdateArchive', { ArchiveName: 'nulls', RetentionDays: 1, EventPattern: null }],
  ['ListArchives', { ...PAGE, EventSourceArn: null, State: null }],
  [
    'StartReplay',
    {
      ...{ ReplayName: 'nulls', EventSourceArn: arnOf('archive/nulls'), ...SPAN },
      ...{ Description: null, Destination: { Arn: arnOf('event-bus/nulls'), FilterArns: null } },
    },
  ],
  ['ListReplays', { ...PAGE, EventSourceArn: null, State: null }],
  [
    'CreateConnection',
    {
      ...{ Name: 'nulls', Description: null, AuthorizationType: 'BASIC' },
      AuthParameters: {
        BasicAuthParameters: { Username: 'u', Password: 'p' },
        ApiKeyAuthParameters: null,
        InvocationHttpParameters: {
          HeaderParameters: [{ Key: 'k', Value: 'v', IsValueSecret: null }],
          BodyParameters: null,
        },
      },
    },
  ],
  ['UpdateConnection', { Name: 'nulls', AuthorizationType: null, AuthParameters: null }],
  ['ListConnections', { ...PAGE, ConnectionState: null }],
  ['ListApiDestinations', { ...PAGE, ConnectionArn: null }],
  ['ListEventSources', PAGE],
]

it('a member that is null is one that is not there, of whatever operation', async () => {
  for (const [operation, input] of CALLS) {
    const { status, answer } = await jsonCall(hub, operation, input)
    expect({ operation, status, answer }).toMatchObject({ status: 200 })
  }
  const nulls = { Time: null, Resources: null, EventBusName: null, TraceHeader: null }
  const { answer } = await jsonCall(hub, 'PutEvents', {
    Entries: [
      { ...EVENT, ...nulls },
      { ...EVENT, Detail: null },
    ],
    EndpointId: null,
  })
  expect(answer).toMatchObject({
    FailedEntryCount: 1,
    Entries: [
      { EventId: expect.any(String) },
      { ErrorMessage: 'Parameter Detail is not valid. Reason: Detail is a required argument.' },
    ],
  })
})

it('what is required and null is said to be missing', async () => {
  expect((await jsonCall(hub, 'PutRule', { Name: null, EventPattern })).answer).toEqual({
    __type: 'ValidationException',
    message:
      "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
  })
})

it.each([
  ['milliseconds, which would be the year 58000', 1_769_904_000_000],
  ['more than a date can be', 1e15],
  ['before the year 0', -1e12],
])('a time is refused that is %s', async (_what, Time) => {
  const { status, answer } = await jsonCall(hub, 'PutEvents', { Entries: [{ ...EVENT, Time }] })
  expect({ status, answer }).toEqual({
    status: 400,
    answer: {
      __type: 'SerializationException',
      message:
        "the value at 'entries.1.member.time' must be a time of the years 0000 to 9999, in seconds since 1970-01-01",
    },
  })
})

it('a time may be the first or the last that four digits of a year can write', async () => {
  const Entries = [-62_167_219_200, 253_402_300_799.999].map((Time) => ({ ...EVENT, Time }))
  expect((await jsonCall(hub, 'PutEvents', { Entries })).answer.FailedEntryCount).toBe(0)
})

it('a list that is too long is told with what is in it', async () => {
  const target = { Id: 't', Arn: 'https://hooks.example.com/' }
  const Targets = Array.from({ length: 101 }, () => target)
  const { answer } = await jsonCall(hub, 'PutTargets', { Rule: 'nulls', Targets })
  expect(answer.message).toBe(
    `1 validation error detected: Value '[${Targets.map((one) => JSON.stringify(one)).join(', ')}]' at 'targets' failed to satisfy constraint: Member must have length less than or equal to 100`,
  )
})
