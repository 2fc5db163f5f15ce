import { expect } from 'vitest'

import { ACCOUNTS, REGION } from '../../organisation.ts'
import { ANY, arnOf, as, awaited, call, refused } from './call.ts'
import type { CliSubject } from './call.ts'

const events = (resource: string) => arnOf('events', resource)
const PATTERN = '{"source":["shop"]}'
const TAGS = 'Key=team,Value=shop'

const BUS = { name: 'orders' }
const BUS_ARN = events('event-bus/orders')
const EVENT_BUSES = [
  call(
    'events create-event-bus',
    { ...BUS, description: 'Orders', tags: TAGS },
    { EventBusArn: BUS_ARN, Description: 'Orders' },
  ),
  refused(
    'events create-event-bus',
    BUS,
    'ResourceAlreadyExistsException',
    'Event bus orders already exists.',
  ),
  call(
    'events update-event-bus',
    { ...BUS, description: 'All' },
    { Arn: BUS_ARN, Name: 'orders', Description: 'All' },
  ),
  call('events put-permission', {
    'event-bus-name': 'orders',
    action: 'events:PutEvents',
    principal: ACCOUNTS.SECURITY,
    'statement-id': 'security',
  }),
  call('events describe-event-bus', BUS, {
    ...{ Name: 'orders', Arn: BUS_ARN, Description: 'All', CreationTime: ANY },
    ...{ LastModifiedTime: ANY, Policy: expect.stringContaining(ACCOUNTS.SECURITY) },
  }),
  call('events remove-permission', { 'event-bus-name': 'orders', 'statement-id': 'security' }),
  refused(
    'events remove-permission',
    { 'event-bus-name': 'orders', 'statement-id': 'security' },
    'ResourceNotFoundException',
    'Statement with the provided id does not exist.',
  ),
  call('events tag-resource', { 'resource-arn': BUS_ARN, tags: 'Key=env,Value=a/b' }),
  call('events untag-resource', { 'resource-arn': BUS_ARN, 'tag-keys': 'team' }),
  call(
    'events list-tags-for-resource',
    { 'resource-arn': BUS_ARN },
    { Tags: [{ Key: 'env', Value: 'a/b' }] },
  ),
  call(
    'events list-event-buses',
    { 'name-prefix': 'ord', limit: '1' },
    { EventBuses: [expect.objectContaining({ Arn: BUS_ARN })] },
  ),
  call('events delete-event-bus', BUS),
  refused(
    'events describe-event-bus',
    BUS,
    'ResourceNotFoundException',
    'Event bus orders does not exist.',
  ),
]

const RULE = { name: 'sales' }
const TARGET_ARN = 'https://hooks.example.com/sales'
const SALES = { Name: 'sales', EventPattern: PATTERN, EventBusName: 'default' }
const RULES = [
  call('events put-rule', { ...RULE, 'event-pattern': PATTERN }, { RuleArn: events('rule/sales') }),
  refused(
    'events put-rule',
    { name: 'odd', 'schedule-expression': 'rate(1 minutes)' },
    'ValidationException',
    'Parameter ScheduleExpression is not valid.',
  ),
  call('events disable-rule', RULE),
  call(
    'events describe-rule',
    RULE,
    expect.objectContaining({ ...SALES, State: 'DISABLED', CreatedBy: ACCOUNTS.MEMBER }),
  ),
  call('events enable-rule', RULE),
  call(
    'events list-rules',
    { 'name-prefix': 'sales', 'page-size': '1' },
    { Rules: [expect.objectContaining({ ...SALES, State: 'ENABLED' })] },
  ),
  call(
    'events put-targets',
    { rule: 'sales', targets: `Id=1,Arn=${TARGET_ARN},RetryPolicy={MaximumRetryAttempts=2}` },
    { FailedEntryCount: 0, FailedEntries: [] },
  ),
  call(
    'events put-targets',
    { rule: 'sales', targets: [{ Id: '2', Arn: TARGET_ARN, Input: '{"a":1}' }] },
    { FailedEntryCount: 0, FailedEntries: [] },
  ),
  call(
    'events list-targets-by-rule',
    { rule: 'sales', 'page-size': '1' },
    {
      Targets: [
        expect.objectContaining({ Id: '1', Arn: TARGET_ARN }),
        { Id: '2', Arn: TARGET_ARN, Input: '{"a":1}' },
      ],
    },
  ),
  call(
    'events list-targets-by-rule',
    { rule: 'sales', 'max-items': '1' },
    { Targets: [expect.objectContaining({ Id: '1' })], NextToken: ANY },
  ),
  call(
    'events list-targets-by-rule',
    ({ NextToken }) => ({ rule: 'sales', 'starting-token': NextToken }),
    { Targets: [expect.objectContaining({ Id: '2' })] },
  ),
  call('events list-rule-names-by-target', { 'target-arn': TARGET_ARN }, { RuleNames: ['sales'] }),
  refused(
    'events delete-rule',
    RULE,
    'ValidationException',
    "Rule can't be deleted since it has targets.",
  ),
  call(
    'events remove-targets',
    { rule: 'sales', ids: ['1', '2'] },
    { FailedEntryCount: 0, FailedEntries: [] },
  ),
  call('events delete-rule', RULE),
  refused(
    'events describe-rule',
    RULE,
    'ResourceNotFoundException',
    'Rule sales does not exist on EventBus default.',
  ),
]

const ARCHIVE = { 'archive-name': 'kept' }
const ARCHIVE_ARN = events('archive/kept')
const KEPT_BUS_ARN = events('event-bus/kept')
const REPLAY = { 'replay-name': 'again' }
const REPLAY_ARN = events('replay/again')
const ARCHIVES = [
  call('events create-event-bus', { name: 'kept' }, ANY),
  call(
    'events create-archive',
    { ...ARCHIVE, 'event-source-arn': KEPT_BUS_ARN, 'retention-days': '30' },
    { ArchiveArn: ARCHIVE_ARN, State: 'ENABLED', CreationTime: ANY },
  ),
  call(
    'events update-archive',
    { ...ARCHIVE, description: 'd' },
    { ArchiveArn: ARCHIVE_ARN, State: 'ENABLED', CreationTime: ANY },
  ),
  call(
    'events describe-archive',
    ARCHIVE,
    expect.objectContaining({ ArchiveName: 'kept', Description: 'd', RetentionDays: 30 }),
  ),
  call(
    'events list-archives',
    { 'event-source-arn': KEPT_BUS_ARN },
    { Archives: [expect.objectContaining({ ArchiveName: 'kept', State: 'ENABLED' })] },
  ),
  call(
    'events start-replay',
    {
      ...REPLAY,
      'event-source-arn': ARCHIVE_ARN,
      'event-start-time': '2020-01-01T00:00:00Z',
      'event-end-time': '2190-01-01T00:00:00Z',
      destination: `Arn=${KEPT_BUS_ARN}`,
    },
    { ReplayArn: REPLAY_ARN, State: 'STARTING', ReplayStartTime: ANY },
  ),
  awaited(
    'events describe-replay',
    REPLAY,
    expect.objectContaining({ ReplayArn: REPLAY_ARN, State: 'COMPLETED', ReplayEndTime: ANY }),
  ),
  refused(
    'events cancel-replay',
    REPLAY,
    'IllegalStatusException',
    'Replay again is not in a valid state for this operation.',
  ),
  call(
    'events list-replays',
    { 'name-prefix': 'ag' },
    { Replays: [expect.objectContaining({ ReplayName: 'again', EventSourceArn: ARCHIVE_ARN })] },
  ),
  call('events delete-archive', ARCHIVE),
  refused(
    'events describe-archive',
    ARCHIVE,
    'ResourceNotFoundException',
    'Archive kept does not exist.',
  ),
]

const CONNECTION = { name: 'shop' }
const DESTINATION = { name: 'orders' }
const connectionIs = (state: string) => expect.objectContaining({ ConnectionState: state })
const CONNECTIONS = [
  call(
    'events create-connection',
    {
      ...CONNECTION,
      'authorization-type': 'BASIC',
      'auth-parameters': 'BasicAuthParameters={Username=ana,Password=secret}',
    },
    connectionIs('AUTHORIZED'),
  ),
  call(
    'events update-connection',
    {
      ...CONNECTION,
      'authorization-type': 'API_KEY',
      'auth-parameters': { ApiKeyAuthParameters: { ApiKeyName: 'X-Key', ApiKeyValue: 'secret' } },
    },
    connectionIs('AUTHORIZED'),
  ),
  call(
    'events describe-connection',
    CONNECTION,
    expect.objectContaining({
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'X-Key' } },
    }),
  ),
  call(
    'events create-api-destination',
    ({ ConnectionArn }) => ({
      ...DESTINATION,
      'connection-arn': ConnectionArn,
      'invocation-endpoint': 'https://api.example.com/orders',
      'http-method': 'POST',
    }),
    expect.objectContaining({ ApiDestinationState: 'ACTIVE' }),
  ),
  call(
    'events update-api-destination',
    { ...DESTINATION, 'invocation-rate-limit-per-second': '5' },
    expect.objectContaining({ ApiDestinationState: 'ACTIVE' }),
  ),
  call('events deauthorize-connection', CONNECTION, connectionIs('DEAUTHORIZED')),
  call(
    'events describe-api-destination',
    DESTINATION,
    expect.objectContaining({
      ...{ Name: 'orders', ApiDestinationState: 'INACTIVE', InvocationRateLimitPerSecond: 5 },
    }),
  ),
  call(
    'events list-connections',
    { 'connection-state': 'DEAUTHORIZED' },
    { Connections: [expect.objectContaining({ Name: 'shop' })] },
  ),
  call(
    'events list-api-destinations',
    ({ ConnectionArn }) => ({ 'connection-arn': ConnectionArn }),
    { ApiDestinations: [expect.objectContaining({ Name: 'orders', HttpMethod: 'POST' })] },
  ),
  refused(
    'events put-targets',
    ({ ApiDestinationArn }) => ({ rule: 'none', targets: `Id=t,Arn=${ApiDestinationArn}` }),
    'ResourceNotFoundException',
    'Rule none does not exist on EventBus default.',
  ),
  call('events delete-api-destination', DESTINATION),
  refused(
    'events describe-api-destination',
    DESTINATION,
    'ResourceNotFoundException',
    "Failed to describe the api-destination(s). An api-destination 'orders' does not exist.",
  ),
  call('events delete-connection', CONNECTION, connectionIs('DELETING')),
  refused(
    'events describe-connection',
    CONNECTION,
    'ResourceNotFoundException',
    "Failed to describe the connection(s). Connection 'shop' does not exist.",
  ),
]

const EVENT = { source: 'shop', 'detail-type': 'Sale', detail: { total: 1 } }
const EVENTS = [
  call(
    'events put-events',
    { entries: 'Source=shop,DetailType=Sale,Detail="{}",Time=2026-01-02T03:04:05Z' },
    { FailedEntryCount: 0, Entries: [{ EventId: expect.stringMatching(/^[-0-9a-f]{36}$/) }] },
  ),
  call(
    'events put-events',
    { entries: [{ Source: 'shop', DetailType: 'Sale', Detail: '[' }] },
    {
      FailedEntryCount: 1,
      Entries: [{ ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' }],
    },
  ),
  refused(
    'events test-event-pattern',
    { 'event-pattern': '[]', event: '{}' },
    'InvalidEventPatternException',
    'Event pattern is not valid. Reason: Filter is not an object',
  ),
  refused(
    'events test-event-pattern',
    { 'event-pattern': PATTERN, event: EVENT },
    'ValidationException',
    'Parameter Event is not valid.',
  ),
  refused(
    'events list-endpoints',
    {},
    'UnknownOperationException',
    'the operation "AWSEvents.ListEndpoints" is not supported',
  ),
]

const SOURCE = { name: 'aws.partner/example.com/orders/cli' }
const OFFER = { ...SOURCE, account: ACCOUNTS.MEMBER }
const SOURCE_ARN = `arn:aws:events:${REGION}::event-source/${SOURCE.name}`
const sourceIs = (State: string) => expect.objectContaining({ Arn: SOURCE_ARN, State })
const PARTNER_SOURCES = [
  ...as(
    'security',
    call('events create-partner-event-source', OFFER, { EventSourceArn: SOURCE_ARN }),
    call('events describe-partner-event-source', SOURCE, { Arn: SOURCE_ARN, Name: SOURCE.name }),
    call(
      'events list-partner-event-sources',
      { 'name-prefix': 'aws.partner/example.com/orders/c' },
      { PartnerEventSources: [{ Arn: SOURCE_ARN, Name: SOURCE.name }] },
    ),
  ),
  call('events describe-event-source', SOURCE, sourceIs('PENDING')),
  call('events create-event-bus', { ...SOURCE, 'event-source-name': SOURCE.name }, ANY),
  call('events deactivate-event-source', SOURCE),
  call(
    'events list-event-sources',
    { 'name-prefix': SOURCE.name },
    { EventSources: [sourceIs('PENDING')] },
  ),
  call('events activate-event-source', SOURCE),
  ...as(
    'security',
    call(
      'events list-partner-event-source-accounts',
      { 'event-source-name': SOURCE.name },
      {
        PartnerEventSourceAccounts: [
          expect.objectContaining({ Account: ACCOUNTS.MEMBER, State: 'ACTIVE' }),
        ],
      },
    ),
    call(
      'events put-partner-events',
      { entries: `Source=${SOURCE.name},DetailType=Sale,Detail="{}"` },
      { FailedEntryCount: 0, Entries: [{ EventId: ANY }] },
    ),
    call('events delete-partner-event-source', OFFER),
  ),
  call('events describe-event-source', SOURCE, sourceIs('DELETED')),
]

/** Every operation of EventBridge that the hub has. */
export const EVENT_BRIDGE_CALLS: readonly CliSubject[] = [
  { subject: 'event buses', calls: EVENT_BUSES },
  { subject: 'rules and targets', calls: RULES },
  { subject: 'events', calls: EVENTS },
  { subject: 'archives and replays', calls: ARCHIVES },
  { subject: 'connections and API destinations', calls: CONNECTIONS },
  { subject: 'partner event sources', calls: PARTNER_SOURCES },
]
