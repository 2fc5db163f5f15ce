import { setTimeout as sleep } from 'node:timers/promises'

import { importFiles } from './cost-calls.ts'
import { ACCOUNTS, REGION } from './organisation.ts'
import {
  KEYS,
  named,
  newAccount,
  newCostImport,
  newCostSource,
  newEventSource,
  newToken,
  newUser,
  newWebhookSecret,
} from './rest-world.ts'
import type { World } from './rest-world.ts'

/** Who may do something: roles as people and API tokens have them. */
export const ROLES = ['readonly', 'costadmin', 'user', 'operations', 'admin'] as const
export type Role = (typeof ROLES)[number]

const EVERYONE: readonly Role[] = [...ROLES]
const PUTTERS: readonly Role[] = ['user', 'operations', 'admin']
const OPERATORS: readonly Role[] = ['operations', 'admin']
const ADMINS: readonly Role[] = ['admin']
const COST_ADMINS: readonly Role[] = ['costadmin', 'admin']

export type RestCall = readonly [method: string, path: string, body?: unknown]

/** An operation of the REST API, and a call of it about something that there is. */
export interface RestOperation {
  /** As in the OpenAPI document. */
  readonly name: string
  readonly roles: readonly Role[]
  /** What who may make it is answered; never 404, which a call that reaches nothing is answered too. */
  readonly status: 200 | 201 | 202 | 204 | 409
  /** Why the state of things forbids it, where that is what shows that it was reached. */
  readonly conflict?: string
  /** Makes what the call needs, such as something to delete. */
  readonly call: (world: World) => Promise<RestCall>
  /** An API token for one account may make it. */
  readonly withinAccounts?: true
}

type Request = readonly [path: string, body?: unknown]

function operation(
  name: string,
  roles: readonly Role[],
  status: RestOperation['status'],
  request: (world: World) => Request | Promise<Request>,
): RestOperation {
  const [method = ''] = name.split(' ')
  return { name, roles, status, call: async (world) => [method, ...(await request(world))] }
}
const get = (path: string, request: (world: World) => string | Promise<string>) =>
  operation(`GET ${path}`, EVERYONE, 200, async (world) => [await request(world)])
const list = (path: string) => get(path, () => path)
const write = (
  name: string,
  status: RestOperation['status'],
  request: Parameters<typeof operation>[3],
) => operation(name, ADMINS, status, request)
/** A write that the state of things forbids. */
const conflict = (name: string, code: string, request: Parameters<typeof operation>[3]) => ({
  ...write(name, 409, request),
  conflict: code,
})
const within = (...operations: readonly RestOperation[]) =>
  operations.map((one) => ({ ...one, withinAccounts: true as const }))

const pathOf = async (world: World, things: string, body: object = named(world)) => {
  const { id, accessKeyId } = await world.made(things, body)
  return `${things}/${accessKeyId ?? id}`
}
const user = (world: World) => pathOf(world, '/users', newUser(world))
const token = (world: World) => pathOf(world, '/api-tokens', newToken(world))
const source = (world: World) => pathOf(world, '/event-sources', newEventSource(world))
const account = (world: World) => pathOf(world, '/accounts', newAccount(world))
const own = ({ organisationId }: World) => `/organisations/${organisationId}`
const of = ({ organisationId }: World) => `organisationId=${organisationId}`
const webhookSecret = (world: World) => pathOf(world, '/webhook-secrets', newWebhookSecret(world))
const costImport = (world: World) => pathOf(world, '/cost-imports', newCostImport(world))
const costSource = (world: World) => pathOf(world, '/cost-sources', newCostSource(world))
/** Whose first read has ended. */
const readSource = async (world: World) => {
  const path = await costSource(world)
  for (;;) {
    const { last } = (await world.hub.rest('GET', path)).body
    if (last?.endedAt !== undefined) return path
    await sleep(20)
  }
}
const failedImport = async (world: World) => {
  const path = await costImport(world)
  await world.hub.rest('DELETE', path)
  return path
}
const FOCUS_CSV = `BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory,BillingAccountId,ServiceName,ProviderName
1,1,USD,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,Usage,1,EC2,AWS
`
const costPeriod = async (world: World) => {
  const { organisationId, exportName } = newCostImport(world)
  const files = { 'a.csv': Buffer.from(FOCUS_CSV) }
  await importFiles(world.hub, { organisationId, exportName }, files)
  return `/cost-periods/2026-01?${of(world)}&exportName=${exportName}`
}
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
  list('/cost-imports'),
  get('/cost-imports/{id}', costImport),
  operation('POST /cost-imports', COST_ADMINS, 201, (world) => [
    '/cost-imports',
    newCostImport(world),
  ]),
  operation('DELETE /cost-imports/{id}', COST_ADMINS, 204, async (world) => [
    await costImport(world),
  ]),
  {
    ...operation('PUT /cost-imports/{id}/files/{name}', COST_ADMINS, 409, async (world) => [
      `${await failedImport(world)}/files/a.csv?offset=0`,
      {},
    ]),
    conflict: 'cost-import.not-uploading',
  },
  {
    ...operation('POST /cost-imports/{id}/start', COST_ADMINS, 409, async (world) => [
      `${await costImport(world)}/start`,
    ]),
    conflict: 'cost-import.empty',
  },
  list('/cost-sources'),
  get('/cost-sources/{id}', costSource),
  operation('POST /cost-sources', COST_ADMINS, 201, (world) => [
    '/cost-sources',
    newCostSource(world),
  ]),
  operation('PATCH /cost-sources/{id}', COST_ADMINS, 200, async (world) => [
    await costSource(world),
    { readEveryHours: 12 },
  ]),
  operation('DELETE /cost-sources/{id}', COST_ADMINS, 204, async (world) => [
    await costSource(world),
  ]),
  operation('POST /cost-sources/{id}/read', COST_ADMINS, 202, async (world) => [
    `${await readSource(world)}/read`,
  ]),
  list('/cost-periods'),
  operation('DELETE /cost-periods/{month}', COST_ADMINS, 204, async (world) => [
    await costPeriod(world),
  ]),
  get('/cost-sums', (world) => `/cost-sums?${of(world)}&from=2026-01-01&to=2026-01-31`),
  operation('DELETE /event-sources/{id}', OPERATORS, 204, async (world) => [await source(world)]),
  ...within(
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
