import { SPAN } from '../../archive-world.ts'
import { ACCOUNTS, OTHER_REGION, REGION } from '../../organisation.ts'
import { arnOf, busArn, call, refused } from './sdk-call.ts'
import type { SdkCall } from './sdk-call.ts'

const EventPattern = '{"source":["shop"]}'
const Arn = 'https://hooks.example.com/'
const GROUP = `arn:aws:logs:${REGION}:${ACCOUNTS.MEMBER}:log-group:/aws/events/all`
const ROLE = `arn:aws:iam::${ACCOUNTS.MEMBER}:role/events`
const grant = { StatementId: 's', Action: 'events:PutEvents', Principal: ACCOUNTS.SECURITY }
const Policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      ...{ Sid: 'all', Effect: 'Allow', Principal: { AWS: ACCOUNTS.SECURITY } },
      Action: ['events:PutRule', 'events:PutTargets'],
      Resource: arnOf('rule/shared/*'),
    },
  ],
})
const replay = (archive: string, more: object = {}) => ({
  ...{ ReplayName: 'again', EventSourceArn: arnOf(`archive/${archive}`), ...SPAN },
  ...{ Destination: { Arn: busArn('shared') }, ...more },
})

/** What there must be so that it can be in the way. */
export const BEFORE_REFUSALS: readonly SdkCall[] = [
  call('CreateEventBus', { Name: 'shared' }),
  call('PutPermission', { EventBusName: 'shared', Policy }),
  call('PutRule', { Name: 'full', EventPattern }),
  call('PutTargets', {
    Rule: 'full',
    Targets: ['1', '2', '3', '4', '5'].map((Id) => ({ Id, Arn })),
  }),
  call('PutRule', { Name: 'shared', EventBusName: 'shared', EventPattern }),
  call('CreateArchive', { ArchiveName: 'there', EventSourceArn: busArn('shared') }),
  call('StartReplay', { ...replay('there'), ReplayName: 'there' }),
]

interface Refusal {
  readonly situation: string
  readonly call: SdkCall
}

const missing = (operation: string, input: object, message: string) =>
  refused(operation, input, 'ResourceNotFoundException', message)
const there = (operation: string, input: object, message: string) =>
  refused(operation, input, 'ResourceAlreadyExistsException', message)
const invalid = (operation: string, input: object, message: unknown) =>
  refused(operation, input, 'ValidationException', message)
const target = (more: object, message: string) =>
  invalid('PutTargets', { Rule: 'full', Targets: [{ Id: '1', Arn, ...more }] }, message)
const permission = (input: object, message: string) => invalid('PutPermission', input, message)
const unsupported = (parameter: string) =>
  `Provided value in parameter '${parameter}' is not supported.`
const oneFilter = (operation: string) =>
  invalid(
    operation,
    { NamePrefix: 'a', State: operation === 'ListReplays' ? 'COMPLETED' : 'ENABLED' },
    `At most one filter is allowed for ${operation}. Use either : State, EventSourceArn, or NamePrefix.`,
  )

const CALLS: Readonly<Record<string, SdkCall>> = {
  'a missing bus': missing('DescribeEventBus', { Name: 'x' }, 'Event bus x does not exist.'),
  'a missing bus of a new rule': missing(
    'PutRule',
    { Name: 'r', EventBusName: 'x', EventPattern },
    'Event bus x does not exist.',
  ),
  'a bus of another region': invalid(
    'PutRule',
    { Name: 'r', EventBusName: busArn('shared').replace(REGION, OTHER_REGION), EventPattern },
    'Cross-region API call is not allowed.',
  ),
  'a bus that is there': there(
    'CreateEventBus',
    { Name: 'shared' },
    'Event bus shared already exists.',
  ),
  'a bus that is named like a partner’s': invalid(
    'CreateEventBus',
    { Name: 'aws.shared' },
    "EventBus name starting with 'aws.' is not valid.",
  ),
  'a bus with rules, deleted': invalid(
    'DeleteEventBus',
    { Name: 'shared' },
    "EventBus can't be deleted since it has rules.",
  ),
  'the default bus, deleted': invalid(
    'DeleteEventBus',
    { Name: 'default' },
    'Cannot delete event bus default.',
  ),
  'a missing rule': missing(
    'DescribeRule',
    { Name: 'x' },
    'Rule x does not exist on EventBus default.',
  ),
  'a rule with targets, deleted': invalid(
    'DeleteRule',
    { Name: 'full' },
    "Rule can't be deleted since it has targets.",
  ),
  'a target too many': refused(
    'PutTargets',
    { Rule: 'full', Targets: [{ Id: '6', Arn }] },
    'LimitExceededException',
    'The requested resource exceeds the maximum number allowed.',
  ),
  'an unknown statement': missing(
    'RemovePermission',
    { EventBusName: 'shared', StatementId: 'x' },
    'Statement with the provided id does not exist.',
  ),
  'two input modes': target(
    { Input: '{}', InputPath: '$.detail' },
    'Only one of Input, InputPath, or InputTransformer must be provided for target 1.',
  ),
  'an unknown placeholder': target(
    { InputTransformer: { InputPathsMap: { a: '$.detail.a' }, InputTemplate: '{"b": <b>}' } },
    'InputTemplate for target 1 contains invalid placeholder b.',
  ),
  'a schedule on a custom bus': invalid(
    'PutRule',
    { Name: 'r', EventBusName: 'shared', ScheduleExpression: 'rate(1 hour)' },
    'ScheduleExpression is supported only on the default event bus.',
  ),
  'a bad schedule': invalid(
    'PutRule',
    { Name: 'r', ScheduleExpression: 'rate(1 hours)' },
    'Parameter ScheduleExpression is not valid.',
  ),
  'neither pattern nor schedule': invalid(
    'PutRule',
    { Name: 'r' },
    'Parameter(s) EventPattern or ScheduleExpression must be specified.',
  ),
  'a missing archive': missing(
    'DescribeArchive',
    { ArchiveName: 'x' },
    'Archive x does not exist.',
  ),
  'archives of a missing bus': missing(
    'ListArchives',
    { EventSourceArn: busArn('x') },
    'Event bus x does not exist.',
  ),
  'an archive that is there': there(
    'CreateArchive',
    { ArchiveName: 'there', EventSourceArn: busArn('shared') },
    'Archive there already exists.',
  ),
  'an update of an archive of nothing': invalid(
    'UpdateArchive',
    { ArchiveName: 'there' },
    'At least one of EventPattern, RetentionDays or Description must be provided.',
  ),
  'a missing replay': missing('DescribeReplay', { ReplayName: 'x' }, 'Replay x does not exist.'),
  'a replay that is there': there(
    'StartReplay',
    { ...replay('there'), ReplayName: 'there' },
    'Replay there already exists.',
  ),
  'a replay of a missing archive': invalid(
    'StartReplay',
    replay('x'),
    'Parameter EventSourceArn is not valid. Reason: Archive x does not exist.',
  ),
  'a replay to another bus': invalid(
    'StartReplay',
    replay('there', { Destination: { Arn: busArn('default') } }),
    'Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.',
  ),
  'a replay that ends before it starts': invalid(
    'StartReplay',
    replay('there', { EventEndTime: SPAN.EventStartTime }),
    'Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.',
  ),
  'archives listed by two filters': oneFilter('ListArchives'),
  'replays listed by two filters': oneFilter('ListReplays'),
  'a missing connection': missing(
    'DescribeConnection',
    { Name: 'x' },
    "Failed to describe the connection(s). Connection 'x' does not exist.",
  ),
  'a missing API destination': missing(
    'DescribeApiDestination',
    { Name: 'x' },
    "Failed to describe the api-destination(s). An api-destination 'x' does not exist.",
  ),
  'a policy and a grant in one': permission(
    { ...grant, Policy },
    'Action, Principal, StatementId and Condition could not be combined with Policy parameter.',
  ),
  'half a grant': permission(
    { Action: grant.Action },
    'Parameter(s) Action, Principal and StatementId must be specified.',
  ),
  'a grant of another action': permission(
    { ...grant, Action: 'events:PutRule' },
    unsupported('action'),
  ),
  'a grant on another type of condition': permission(
    { ...grant, Condition: { Type: 'X', Key: 'aws:PrincipalOrgID', Value: 'o-1234567890' } },
    unsupported('condition.type'),
  ),
  'a grant on another key': permission(
    { ...grant, Condition: { Type: 'StringEquals', Key: 'aws:x', Value: 'o-1234567890' } },
    unsupported('condition.key'),
  ),
  'a policy too long': refused(
    'PutPermission',
    { Policy: Policy.replace('"all"', `"${'a'.repeat(10_240)}"`) },
    'PolicyLengthExceededException',
    'Policy size would be larger than the maximum allowed.',
  ),
  'one statement and all of them, removed': invalid(
    'RemovePermission',
    { StatementId: 's', RemoveAllPermissions: true },
    'StatementId could not be combined with All parameter.',
  ),
  'no statement, removed': invalid(
    'RemovePermission',
    {},
    'Parameter(s) StatementId must be specified.',
  ),
  "a URL on another account's rule": {
    ...invalid(
      'PutTargets',
      { Rule: 'shared', EventBusName: busArn('shared'), Targets: [{ Id: '1', Arn }] },
      'Only EventBus targets are allowed on cross-account PutTargets calls.',
    ),
    profile: 'security',
  },
  'a bus elsewhere without a role': target(
    { Arn: busArn('default').replace(REGION, OTHER_REGION) },
    `RoleArn is required for target ${busArn('default').replace(REGION, OTHER_REGION)}.`,
  ),
  'the input of a bus': target(
    { Arn: busArn('shared'), Input: '{}' },
    'Modifying the input for target 1 is not supported',
  ),
  'the role of a log group': target(
    { Arn: GROUP, RoleArn: ROLE },
    `RoleArn is not supported for target ${GROUP}.`,
  ),
  'the input of a log group': target(
    { Arn: GROUP, Input: '{}' },
    'Input and InputPath are not valid forms of input for target 1. The only valid form of input is InputTransformer.',
  ),
}

/** What AWS says in each situation, word for word. */
export const REFUSALS: readonly Refusal[] = Object.entries(CALLS).map(([situation, one]) => ({
  situation,
  call: one,
}))
