import { expect } from 'vitest'

import { ACCOUNTS, REGION } from '../../organisation.ts'
import { SPAN } from '../../archive-world.ts'
import { arnOf, as, awaited, busArn, call, refused } from './sdk-call.ts'
import type { SdkCall } from './sdk-call.ts'

const EventPattern = '{"source":["shop"]}'

const BUS = { Name: 'orders', Description: 'Orders' }
const OF_BUS = { EventBusName: 'orders' }
const BUS_ARN = { ResourceARN: busArn('orders') }
const EVENT_BUSES = [
  call(
    'CreateEventBus',
    { ...BUS, Tags: [{ Key: 'team', Value: 'shop' }] },
    { EventBusArn: busArn('orders'), Description: 'Orders' },
  ),
  call(
    'UpdateEventBus',
    { ...BUS, Description: 'All' },
    { Arn: busArn('orders'), Name: 'orders', Description: 'All' },
  ),
  call('PutPermission', {
    ...{ ...OF_BUS, StatementId: 'security', Action: 'events:PutEvents' },
    Principal: ACCOUNTS.SECURITY,
  }),
  call(
    'DescribeEventBus',
    { Name: 'orders' },
    { Description: 'All', Policy: expect.stringContaining(ACCOUNTS.SECURITY) },
  ),
  call('RemovePermission', { ...OF_BUS, StatementId: 'security' }),
  call('TagResource', { ...BUS_ARN, Tags: [{ Key: 'env', Value: 'a' }] }),
  call('UntagResource', { ...BUS_ARN, TagKeys: ['team'] }),
  call('ListTagsForResource', BUS_ARN, { Tags: [{ Key: 'env', Value: 'a' }] }),
  call('ListEventBuses', { NamePrefix: 'ord' }, { EventBuses: [{ Arn: busArn('orders') }] }),
  call('DeleteEventBus', { Name: 'orders' }),
  call('ListEventBuses', { NamePrefix: 'ord' }, { EventBuses: [] }),
]

const RULE = { Name: 'sales' }
const TARGET = { Id: '1', Arn: 'https://hooks.example.com/sales' }
const NONE_FAILED = { FailedEntryCount: 0, FailedEntries: [] }
const RULES = [
  call('PutRule', { ...RULE, EventPattern }, { RuleArn: arnOf('rule/sales') }),
  call('DisableRule', RULE),
  call('DescribeRule', RULE, { State: 'DISABLED', EventPattern, CreatedBy: ACCOUNTS.MEMBER }),
  call('EnableRule', RULE),
  call('ListRules', { NamePrefix: 'sales' }, { Rules: [{ ...RULE, State: 'ENABLED' }] }),
  call('PutTargets', { Rule: 'sales', Targets: [TARGET] }, NONE_FAILED),
  call('ListTargetsByRule', { Rule: 'sales' }, { Targets: [TARGET] }),
  call('ListRuleNamesByTarget', { TargetArn: TARGET.Arn }, { RuleNames: ['sales'] }),
  call('RemoveTargets', { Rule: 'sales', Ids: ['1'] }, NONE_FAILED),
  call('DeleteRule', RULE),
  call('ListRules', { NamePrefix: 'sales' }, { Rules: [] }),
]

const EVENT = {
  ...{ id: '1', source: 'shop', 'detail-type': 'Sale', account: ACCOUNTS.MEMBER, region: REGION },
  ...{ time: '2026-01-02T03:04:05Z', resources: [], detail: {} },
}
const EVENTS = [
  call(
    'PutEvents',
    { Entries: [{ Source: 'shop', DetailType: 'Sale', Detail: '{}' }, { Source: 'shop' }] },
    {
      FailedEntryCount: 1,
      Entries: [
        { EventId: expect.stringMatching(/^[-0-9a-f]{36}$/) },
        { ErrorCode: 'InvalidArgument' },
      ],
    },
  ),
  call('TestEventPattern', { EventPattern, Event: JSON.stringify(EVENT) }, { Result: true }),
]

const ARCHIVE = { ArchiveName: 'kept' }
const REPLAY = { ReplayName: 'again' }
const ARCHIVES = [
  call('CreateEventBus', { Name: 'kept' }),
  call(
    'CreateArchive',
    { ...ARCHIVE, EventSourceArn: busArn('kept'), RetentionDays: 30 },
    { ArchiveArn: arnOf('archive/kept'), State: 'ENABLED' },
  ),
  call('UpdateArchive', { ...ARCHIVE, Description: 'd' }, { State: 'ENABLED' }),
  call('DescribeArchive', ARCHIVE, { ...ARCHIVE, Description: 'd', RetentionDays: 30 }),
  call('ListArchives', { NamePrefix: 'ke' }, { Archives: [{ ArchiveName: 'kept' }] }),
  call(
    'StartReplay',
    {
      ...{ ...REPLAY, ...SPAN, EventSourceArn: arnOf('archive/kept') },
      Destination: { Arn: busArn('kept') },
    },
    { ReplayArn: arnOf('replay/again'), State: 'STARTING' },
  ),
  awaited('DescribeReplay', REPLAY, { ...REPLAY, State: 'COMPLETED' }),
  call('ListReplays', { State: 'COMPLETED' }, { Replays: [REPLAY] }),
  refused(
    'CancelReplay',
    REPLAY,
    'IllegalStatusException',
    'Replay again is not in a valid state for this operation.',
  ),
  call('DeleteArchive', ARCHIVE),
  call('ListArchives', {}, { Archives: [] }),
]

const NAMED = { Name: 'shop' }
const InvocationEndpoint = 'https://api.example.com/orders'
const CONNECTIONS = [
  call(
    'CreateConnection',
    {
      ...{ ...NAMED, AuthorizationType: 'BASIC' },
      AuthParameters: { BasicAuthParameters: { Username: 'ana', Password: 'secret' } },
    },
    { ConnectionState: 'AUTHORIZED' },
  ),
  call('UpdateConnection', { ...NAMED, Description: 'd' }, { ConnectionState: 'AUTHORIZED' }),
  call('DescribeConnection', NAMED, {
    ...{ ...NAMED, Description: 'd' },
    AuthParameters: { BasicAuthParameters: { Username: 'ana' } },
  }),
  call('ListConnections', {}, { Connections: [NAMED] }),
  call(
    'CreateApiDestination',
    ({ ConnectionArn }) => ({ ...NAMED, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' }),
    { ApiDestinationState: 'ACTIVE' },
  ),
  call('UpdateApiDestination', { ...NAMED, InvocationRateLimitPerSecond: 5 }),
  call('DescribeApiDestination', NAMED, { InvocationEndpoint, InvocationRateLimitPerSecond: 5 }),
  call('ListApiDestinations', {}, { ApiDestinations: [{ ...NAMED, HttpMethod: 'POST' }] }),
  call('DeleteApiDestination', NAMED),
  call('ListApiDestinations', {}, { ApiDestinations: [] }),
  call('DeauthorizeConnection', NAMED, { ConnectionState: 'DEAUTHORIZED' }),
  call('DeleteConnection', NAMED, { ConnectionState: 'DELETING' }),
  call('ListConnections', {}, { Connections: [] }),
]

const SOURCE = { Name: 'aws.partner/example.com/orders/sdk' }
const OFFER = { ...SOURCE, Account: ACCOUNTS.MEMBER }
const SOURCE_ARN = `arn:aws:events:${REGION}::event-source/${SOURCE.Name}`
const PARTNER_SOURCES = [
  ...as(
    'security',
    call('CreatePartnerEventSource', OFFER, { EventSourceArn: SOURCE_ARN }),
    call('DescribePartnerEventSource', SOURCE, { ...SOURCE, Arn: SOURCE_ARN }),
    call(
      'ListPartnerEventSources',
      { NamePrefix: 'aws.partner/example.com/orders/s' },
      { PartnerEventSources: [SOURCE] },
    ),
  ),
  call('CreateEventBus', { ...SOURCE, EventSourceName: SOURCE.Name }),
  call('DescribeEventSource', SOURCE, { ...SOURCE, State: 'ACTIVE' }),
  call('DeactivateEventSource', SOURCE),
  call('ListEventSources', { NamePrefix: SOURCE.Name }, { EventSources: [{ State: 'PENDING' }] }),
  call('ActivateEventSource', SOURCE),
  ...as(
    'security',
    call(
      'ListPartnerEventSourceAccounts',
      { EventSourceName: SOURCE.Name },
      { PartnerEventSourceAccounts: [{ Account: ACCOUNTS.MEMBER, State: 'ACTIVE' }] },
    ),
    call(
      'PutPartnerEvents',
      { Entries: [{ Source: SOURCE.Name, DetailType: 'Sale', Detail: '{}' }] },
      { FailedEntryCount: 0 },
    ),
    call('DeletePartnerEventSource', OFFER),
  ),
  call('DescribeEventSource', SOURCE, { State: 'DELETED' }),
]

const unknown = (operation: string, input: object) =>
  refused(
    operation,
    input,
    'UnknownOperationException',
    `the operation "AWSEvents.${operation}" is not supported`,
  )
const ENDPOINT = { Name: 'two-regions' }
const ROUTING = {
  ...{ ...ENDPOINT, EventBuses: [{ EventBusArn: busArn('a') }, { EventBusArn: busArn('b') }] },
  RoutingConfig: {
    FailoverConfig: {
      Primary: { HealthCheck: 'arn:aws:route53:::healthcheck/1' },
      Secondary: { Route: 'us-east-1' },
    },
  },
}
/** They route between regions of AWS by health checks of Route 53; a hub has neither. */
const GLOBAL_ENDPOINTS = [
  unknown('CreateEndpoint', ROUTING),
  unknown('DescribeEndpoint', ENDPOINT),
  unknown('UpdateEndpoint', ROUTING),
  unknown('ListEndpoints', {}),
  unknown('DeleteEndpoint', ENDPOINT),
]

/** Calls about each subject, in order: every operation that AWS's client knows is among them. */
export const OPERATION_CALLS: readonly {
  readonly subject: string
  readonly calls: readonly SdkCall[]
}[] = [
  { subject: 'event buses, their policies and tags', calls: EVENT_BUSES },
  { subject: 'rules and targets', calls: RULES },
  { subject: 'events', calls: EVENTS },
  { subject: 'archives and replays', calls: ARCHIVES },
  { subject: 'connections and API destinations', calls: CONNECTIONS },
  { subject: 'partner event sources', calls: PARTNER_SOURCES },
  { subject: 'global endpoints, which it refuses', calls: GLOBAL_ENDPOINTS },
]
