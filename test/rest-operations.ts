import { ACCOUNTS, REGION } from './organisation.ts'
import { ALERT_OPERATIONS } from './rest-alert-operations.ts'
import {
  EVERYONE,
  OPERATORS,
  PUTTERS,
  conflict,
  get,
  list,
  of,
  operation,
  pathOf,
  within,
  write,
} from './rest-operation.ts'
import type { RestCall, RestOperation, Role } from './rest-operation.ts'
import {
  KEYS,
  named,
  newAccount,
  newEventSource,
  newToken,
  newUser,
  newWebhookSecret,
} from './rest-world.ts'
import type { World } from './rest-world.ts'

const user = (world: World) => pathOf(world, '/users', newUser(world))
const token = (world: World) => pathOf(world, '/api-tokens', newToken(world))
const source = (world: World) => pathOf(world, '/event-sources', newEventSource(world))
const account = (world: World) => pathOf(world, '/accounts', newAccount(world))
const own = ({ organisationId }: World) => `/organisations/${organisationId}`
const webhookSecret = (world: World) => pathOf(world, '/webhook-secrets', newWebhookSecret(world))
const member = async (world: World) => {
  const { id } = await world.made('/users', newUser(world))
  return `${await pathOf(world, '/groups')}/members/${id}`
}

const GUARDDUTY = {
  FindingPublishingFrequency: 'ONE_HOUR',
  Features: {
    EBS_MALWARE_PROTECTION: { Enable: false },
    EKS_AUDIT_LOGS: { Enable: true },
    EKS_RUNTIME_MONITORING: { Enable: false },
    LAMBDA_NETWORK_LOGS: { Enable: false },
    RDS_LOGIN_EVENTS: { Enable: false },
    S3_DATA_EVENTS: { Enable: true },
  },
}
const SIGN_IN = { LOCAL: { Enable: true }, MFA: { Required: false }, OIDC: null }
const AWS_ORGANIZATION = { enabled: false, region: 'us-east-1', credentials: KEYS }

/** Every operation that needs a permission of the caller's role. */
export const OPERATIONS: readonly RestOperation[] = [
  list('/customers'),
  get('/customers/{id}', ({ customerId }) => `/customers/${customerId}`),
  write('PATCH /customers/{id}', 200, ({ customerId, next }) => [
    `/customers/${customerId}`,
    { name: `Customer ${next()}` },
  ]),

  list('/organisations'),
  get('/organisations/{id}', own),
  write('PATCH /organisations/{id}', 200, (world) => [own(world), { name: `Org ${world.next()}` }]),
  get('/organisations/{id}/sign-in', (world) => `${own(world)}/sign-in`),
  write('PUT /organisations/{id}/sign-in', 200, (world) => [`${own(world)}/sign-in`, SIGN_IN]),
  get('/organisations/{id}/aws-organization', (world) => `${own(world)}/aws-organization`),
  write('PUT /organisations/{id}/aws-organization', 200, (world) => [
    `${own(world)}/aws-organization`,
    AWS_ORGANIZATION,
  ]),

  ...(['/organisational-units', '/account-types', '/groups'] as const).flatMap((things) => [
    list(things),
    get(`${things}/{id}`, (world) => pathOf(world, things)),
    write(`POST ${things}`, 201, (world) => [things, named(world)]),
    write(`PATCH ${things}/{id}`, 200, async (world) => [
      await pathOf(world, things),
      things === '/account-types' ? { status: 'DISABLED' } : { name: `renamed-${world.next()}` },
    ]),
    write(`DELETE ${things}/{id}`, 204, async (world) => [await pathOf(world, things)]),
  ]),
  get('/groups/{id}/members', async (world) => `${await pathOf(world, '/groups')}/members`),
  write('PUT /groups/{id}/members/{userId}', 204, async (world) => [await member(world)]),
  write('DELETE /groups/{id}/members/{userId}', 204, async (world) => [await member(world)]),

  ...within(
    list('/accounts'),
    get('/accounts/{id}', ({ accountIds }) => `/accounts/${accountIds['MEMBER']}`),
  ),
  write('POST /accounts', 201, (world) => ['/accounts', newAccount(world)]),
  write('PATCH /accounts/{id}', 200, async (world) => [
    await account(world),
    { tags: { stage: `s${world.next()}` } },
  ]),
  conflict('POST /accounts/{id}/onboard', 'account.not-discovered', async (world) => [
    `${await account(world)}/onboard`,
    {},
  ]),
  write('POST /accounts/{id}/close', 202, async (world) => [`${await account(world)}/close`]),
  conflict('POST /accounts/discovery', 'aws-organization.not-enabled', ({ organisationId }) => [
    '/accounts/discovery',
    { organisationId },
  ]),

  list('/users'),
  get('/users/{id}', user),
  write('POST /users', 201, (world) => ['/users', newUser(world)]),
  write('PATCH /users/{id}', 200, async (world) => [await user(world), { role: 'customer_admin' }]),
  write('DELETE /users/{id}', 204, async (world) => [await user(world)]),
  write('POST /users/{id}/unlock', 204, async (world) => [`${await user(world)}/unlock`]),
  write('DELETE /users/{id}/sessions', 204, async (world) => [`${await user(world)}/sessions`]),
  conflict('DELETE /users/{id}/second-factor', 'second-factor.none', async (world) => [
    `${await user(world)}/second-factor`,
  ]),

  list('/api-tokens'),
  get('/api-tokens/{id}', token),
  write('POST /api-tokens', 201, (world) => [
    '/api-tokens',
    newToken(world, { role: 'api_admin' }),
  ]),
  write('PATCH /api-tokens/{id}', 200, async (world) => [
    await token(world),
    { role: 'api_admin' },
  ]),
  write('POST /api-tokens/{id}/rotate', 200, async (world) => [`${await token(world)}/rotate`, {}]),
  write('DELETE /api-tokens/{id}', 204, async (world) => [await token(world)]),

  list('/ingest-keys'),
  write('POST /ingest-keys', 201, (world) => ['/ingest-keys', named(world)]),
  write('DELETE /ingest-keys/{id}', 204, async (world) => [await pathOf(world, '/ingest-keys')]),

  get('/services', (world) => `/services?${of(world)}`),
  get('/services/{service}', (world) => `/services/sso?${of(world)}`),
  get('/services/{service}/history', (world) => `/services/regions/history?${of(world)}`),
  write('PUT /services/{service}/configuration', 202, (world) => [
    `/services/guardduty/configuration?${of(world)}`,
    GUARDDUTY,
  ]),
  write('PUT /services/{service}/state', 200, async (world) => {
    const { version } = (await world.hub.rest('GET', `/services/guardduty?${of(world)}`)).body
    return [`/services/guardduty/state?${of(world)}`, { state: 'ACTIVE', version }]
  }),

  list('/tasks'),
  get('/tasks/{id}', ({ taskId }) => `/tasks/${taskId}`),

  operation('POST /event-sources', OPERATORS, 201, (world) => [
    '/event-sources',
    newEventSource(world),
  ]),
  operation('PATCH /event-sources/{id}', OPERATORS, 200, async (world) => [
    await source(world),
    { eventPattern: '{"source":["other"]}' },
  ]),
  operation('DELETE /event-sources/{id}', OPERATORS, 204, async (world) => [await source(world)]),
  ...ALERT_OPERATIONS,
  ...within(
    list('/findings'),
    list('/compliance/scores'),
    get('/findings/{id}', ({ findingId }) => `/findings/${findingId}`),
    list('/event-sources'),
    get('/event-sources/{id}', source),
    list('/webhook-secrets'),
    get('/webhook-secrets/{id}', webhookSecret),
    operation('POST /webhook-secrets', OPERATORS, 201, (world) => [
      '/webhook-secrets',
      newWebhookSecret(world),
    ]),
    operation('POST /webhook-secrets/{id}/rotate', OPERATORS, 200, async (world) => [
      `${await webhookSecret(world)}/rotate`,
      {},
    ]),
    operation('DELETE /webhook-secrets/{id}/previous', OPERATORS, 204, async (world) => {
      const path = await webhookSecret(world)
      await world.hub.rest('POST', `${path}/rotate`, {})
      return [`${path}/previous`]
    }),
    operation('DELETE /webhook-secrets/{id}', OPERATORS, 204, async (world) => [
      await webhookSecret(world),
    ]),
    list('/dead-letters'),
    get('/dead-letters/{id}', async (world) => `/dead-letters/${await world.deadLetterId()}`),
    operation('POST /dead-letters/redrive', OPERATORS, 200, async (world) => [
      '/dead-letters/redrive',
      { ids: [await world.deadLetterId()] },
    ]),
    list('/events'),
    list('/volume'),
    get('/events/{id}', ({ eventId }) => `/events/${eventId}`),
    get('/events/{id}/trace', ({ eventId }) => `/events/${eventId}/trace`),
    get('/events/{id}/why', ({ eventId }) => `/events/${eventId}/why?rule=undeliverable`),
    operation('POST /targets/preview', EVERYONE, 200, ({ eventId }) => [
      '/targets/preview',
      { target: { Input: '{}' }, eventId },
    ]),
    operation('POST /rules/backtest', EVERYONE, 200, () => [
      '/rules/backtest',
      { pattern: '{"source":["undeliverable"]}' },
    ]),

    list('/roles'),
    list('/catalogue'),
    list('/catalogue/types.ts'),
    get('/catalogue/{name}', () => '/catalogue/VpcCreateEvent'),
    operation('POST /tenancy-events', OPERATORS, 200, ({ organisationId }) => {
      const aws = { accountId: ACCOUNTS.MEMBER, region: REGION }
      const fields = { resourceId: '0194f0e2-5a3c-7b11-9d0e-8b9c0d1e2f3a', status: 'SUCCESS' }
      const event = { name: 'VpcCreateEvent', organisationId, aws, fields }
      return ['/tenancy-events', { events: [event] }]
    }),
  ),

  list('/trail'),
  get('/trail/events', (world) => `/trail/events?${of(world)}&day=2026-01-31`),
  operation('POST /trail/verify', EVERYONE, 200, ({ organisationId }) => [
    '/trail/verify',
    { organisationId },
  ]),
]

/** What people do with what is their own; API tokens have nothing of the kind. */
export const OWN_OPERATIONS: readonly RestCall[] = [
  ['GET', '/sessions'],
  ['DELETE', '/sessions'],
  ['DELETE', '/sessions/current'],
  ['PUT', '/password', { password: 'x'.repeat(12), newPassword: 'y'.repeat(12) }],
  ['POST', '/second-factor', { password: 'x'.repeat(12) }],
  ['POST', '/second-factor/confirm', { code: '123456' }],
  ['DELETE', '/second-factor', { code: '123456' }],
]

/** Those that need no permission, or are tested apart, such as what only the operator does. */
export const OTHER_OPERATIONS: readonly string[] = [
  'GET /caller',
  'POST /organisations',
  'POST /sessions',
  'POST /sessions/refresh',
  'POST /sessions/claim',
  'GET /events/stream',
]

const ARN_START = `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}`
const DEFAULT_BUS_ARN = `${ARN_START}:event-bus/default`
const SOURCE = 'aws.partner/example.com/one'
/** Offered to the member account, which has made its bus. */
export const KEPT_SOURCE = 'aws.partner/example.com/kept'
const KEPT_RULE = `${ARN_START}:rule/kept`

/** Stands for the ARN of a connection, which nobody knows before it is made. */
export const KEPT_CONNECTION = 'arn of the kept connection'

/** EventBridge's, each with an input that succeeds in the member account, or fails as it says. */
export const EVENTBRIDGE_OPERATIONS: readonly (readonly [
  operation: string,
  roles: readonly Role[],
  input: object,
  fault?: string,
])[] = [
  ['PutEvents', PUTTERS, { Entries: [{ Source: 'test', DetailType: 'd', Detail: '{}' }] }],
  ['TestEventPattern', EVERYONE, { EventPattern: '{"source":["a"]}', Event: testEvent() }],
  ['CreateEventBus', OPERATORS, { Name: 'bus' }],
  ['DescribeEventBus', EVERYONE, { Name: 'default' }],
  ['UpdateEventBus', OPERATORS, { Name: 'bus', Description: 'd' }],
  [
    'PutPermission',
    OPERATORS,
    { Action: 'events:PutEvents', Principal: ACCOUNTS.SECURITY, StatementId: 's' },
  ],
  ['RemovePermission', OPERATORS, { StatementId: 's' }],
  ['CreatePartnerEventSource', OPERATORS, { Name: SOURCE, Account: ACCOUNTS.MEMBER }],
  ['DescribePartnerEventSource', EVERYONE, { Name: KEPT_SOURCE }],
  ['ListPartnerEventSources', EVERYONE, { NamePrefix: 'aws.partner/example.com/' }],
  ['ListPartnerEventSourceAccounts', EVERYONE, { EventSourceName: KEPT_SOURCE }],
  ['PutPartnerEvents', PUTTERS, { Entries: [{ Source: KEPT_SOURCE }] }],
  ['DescribeEventSource', EVERYONE, { Name: KEPT_SOURCE }],
  ['ListEventSources', EVERYONE, {}],
  ['DeactivateEventSource', OPERATORS, { Name: KEPT_SOURCE }],
  ['ActivateEventSource', OPERATORS, { Name: KEPT_SOURCE }],
  ['DeletePartnerEventSource', OPERATORS, { Name: SOURCE, Account: ACCOUNTS.MEMBER }],
  ['ListEventBuses', EVERYONE, {}],
  ['PutRule', OPERATORS, { Name: 'rule', EventPattern: '{"source":["a"]}' }],
  ['DescribeRule', EVERYONE, { Name: 'kept' }],
  ['ListRules', EVERYONE, {}],
  ['DisableRule', OPERATORS, { Name: 'kept' }],
  ['EnableRule', OPERATORS, { Name: 'kept' }],
  [
    'PutTargets',
    OPERATORS,
    { Rule: 'kept', Targets: [{ Id: 't', Arn: 'https://hooks.example.com/' }] },
  ],
  ['ListTargetsByRule', EVERYONE, { Rule: 'kept' }],
  ['ListRuleNamesByTarget', EVERYONE, { TargetArn: 'https://hooks.example.com/' }],
  ['TagResource', OPERATORS, { ResourceARN: KEPT_RULE, Tags: [{ Key: 'k', Value: 'v' }] }],
  ['ListTagsForResource', EVERYONE, { ResourceARN: KEPT_RULE }],
  ['UntagResource', OPERATORS, { ResourceARN: KEPT_RULE, TagKeys: ['k'] }],
  ['RemoveTargets', OPERATORS, { Rule: 'kept', Ids: ['t'] }],
  [
    'CreateConnection',
    OPERATORS,
    {
      ...{ Name: 'connection', AuthorizationType: 'BASIC' },
      AuthParameters: { BasicAuthParameters: { Username: 'u', Password: 'p' } },
    },
  ],
  ['DescribeConnection', EVERYONE, { Name: 'kept' }],
  ['ListConnections', EVERYONE, {}],
  ['UpdateConnection', OPERATORS, { Name: 'kept', Description: 'd' }],
  ['DeauthorizeConnection', OPERATORS, { Name: 'connection' }],
  ['DeleteConnection', OPERATORS, { Name: 'connection' }],
  [
    'CreateApiDestination',
    OPERATORS,
    {
      ...{ Name: 'destination', ConnectionArn: KEPT_CONNECTION, HttpMethod: 'POST' },
      InvocationEndpoint: 'https://api.example.com/',
    },
  ],
  ['DeleteApiDestination', OPERATORS, { Name: 'destination' }],
  ['DescribeApiDestination', EVERYONE, { Name: 'kept' }],
  ['ListApiDestinations', EVERYONE, {}],
  ['UpdateApiDestination', OPERATORS, { Name: 'kept', Description: 'd' }],
  ['DeleteRule', OPERATORS, { Name: 'rule' }],
  ['CreateArchive', OPERATORS, { ArchiveName: 'archive', EventSourceArn: DEFAULT_BUS_ARN }],
  ['DescribeArchive', EVERYONE, { ArchiveName: 'none' }, 'ResourceNotFoundException'],
  ['UpdateArchive', OPERATORS, { ArchiveName: 'archive', RetentionDays: 1 }],
  ['ListArchives', EVERYONE, {}],
  ['DeleteArchive', OPERATORS, { ArchiveName: 'archive' }],
  [
    'StartReplay',
    OPERATORS,
    {
      ...{ ReplayName: 'replay', EventSourceArn: `${ARN_START}:archive/none` },
      ...{ EventStartTime: 0, EventEndTime: 1, Destination: { Arn: DEFAULT_BUS_ARN } },
    },
    'ValidationException',
  ],
  ['DescribeReplay', EVERYONE, { ReplayName: 'none' }, 'ResourceNotFoundException'],
  ['CancelReplay', OPERATORS, { ReplayName: 'none' }, 'ResourceNotFoundException'],
  ['ListReplays', EVERYONE, {}],
  ['DeleteEventBus', OPERATORS, { Name: 'bus' }],
]

function testEvent(): string {
  const event = { id: '1', 'detail-type': 'd', source: 'a', account: ACCOUNTS.MEMBER }
  return JSON.stringify({ ...event, time: '2026-01-31T08:15:00Z', region: REGION, resources: [] })
}
