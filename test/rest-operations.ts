import type { HubProcess } from './hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from './organisation.ts'
import { tenancyOperations } from './tenancy-operations.ts'

/** Who may do something: roles as people and API tokens have them. */
export const ROLES = ['readonly', 'costadmin', 'user', 'operations', 'admin'] as const
export type Role = (typeof ROLES)[number]

const EVERYONE: readonly Role[] = [...ROLES]
const PUTTERS: readonly Role[] = ['user', 'operations', 'admin']
const OPERATORS: readonly Role[] = ['operations', 'admin']
const ADMINS: readonly Role[] = ['admin']

export type RestCall = readonly [method: string, path: string, body?: unknown]

/** An operation of the REST API, and a call of it that somebody who may make it succeeds with. */
export interface RestOperation {
  /** As in the OpenAPI document. */
  readonly name: string
  readonly roles: readonly Role[]
  /** What who may make it is answered. */
  readonly status: number
  /** Makes what the call needs, such as something to delete. */
  readonly call: (world: World) => Promise<RestCall>
  /** An API token for one account may make it. */
  readonly withinAccounts?: true
}

/** What the calls are about. */
export interface World {
  readonly hub: HubProcess
  readonly organisationId: string
  readonly customerId: string
  /** By role. */
  readonly accountIds: Readonly<Record<string, string>>
  /** A number that was not used before. */
  readonly next: () => number
  /** Makes something as the operator. @throws Error where the hub refuses it */
  readonly made: (path: string, body: object) => Promise<any>
}

export async function createWorld(hub: HubProcess): Promise<World> {
  const { organisationId, accountIds } = await createOrganisation(hub)
  const { customerId } = (await hub.rest('GET', `/organisations/${organisationId}`)).body
  let serial = 0
  return {
    ...{ hub, organisationId, customerId, accountIds },
    next: () => (serial += 1),
    made: async (path, body) => {
      const answer = await hub.rest('POST', path, body)
      if (answer.status === 201) return answer.body
      throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    },
  }
}

export const newUser = ({ organisationId, next }: World, more: object = {}) => ({
  ...{ organisationId, email: `user${next()}@example.com`, firstName: 'Ada', lastName: 'L' },
  ...{ role: 'customer_readonly', ...more },
})
const newToken = ({ organisationId, next }: World, more: object = {}) => ({
  ...{ organisationId, name: `token-${next()}`, role: 'api_user' },
  ...more,
})
const newIngestKey = ({ organisationId, next }: World) => ({
  ...{ organisationId, name: `key-${next()}` },
})
const newEventSource = ({ next }: World) => ({
  ...{ awsAccountId: ACCOUNTS.MEMBER, label: `source-${next()}` },
})

const read = (name: string, call: RestOperation['call']): RestOperation => ({
  ...{ name: `GET ${name}`, roles: EVERYONE, status: 200, call },
})
const list = (name: string): RestOperation => read(name, async () => ['GET', name])
const tokenPath = async (world: World) =>
  `/api-tokens/${(await world.made('/api-tokens', newToken(world))).accessKeyId}`
const sourcePath = async (world: World) =>
  `/event-sources/${(await world.made('/event-sources', newEventSource(world))).id}`

const ORGANISATIONS: readonly RestOperation[] = [
  list('/organisations'),
  read('/organisations/{id}', async ({ organisationId }) => [
    'GET',
    `/organisations/${organisationId}`,
  ]),
  {
    ...{ name: 'PATCH /organisations/{id}', roles: ADMINS, status: 200 },
    call: async ({ organisationId, next }) => [
      'PATCH',
      `/organisations/${organisationId}`,
      { name: `Org ${next()}` },
    ],
  },
]

const USERS: readonly RestOperation[] = [
  list('/users'),
  read('/users/{id}', async (world) => [
    'GET',
    `/users/${(await world.made('/users', newUser(world))).id}`,
  ]),
  {
    ...{ name: 'POST /users', roles: ADMINS, status: 201 },
    call: async (world) => ['POST', '/users', newUser(world)],
  },
  {
    ...{ name: 'PATCH /users/{id}', roles: ADMINS, status: 200 },
    call: async (world) => [
      'PATCH',
      `/users/${(await world.made('/users', newUser(world))).id}`,
      { role: 'customer_admin' },
    ],
  },
]

const SIGN_IN: readonly RestOperation[] = [
  ...(
    [
      ['DELETE', '', 204],
      ['POST', '/unlock', 204],
      ['DELETE', '/sessions', 204],
      ['DELETE', '/second-factor', 409],
    ] as const
  ).map(([method, path, status]) => ({
    ...{ name: `${method} /users/{id}${path}`, roles: ADMINS, status },
    call: async (world: World) => {
      const { id } = await world.made('/users', newUser(world))
      return [method, `/users/${id}${path}`] as const
    },
  })),
  read('/organisations/{id}/sign-in', async ({ organisationId }) => [
    'GET',
    `/organisations/${organisationId}/sign-in`,
  ]),
  {
    ...{ name: 'PUT /organisations/{id}/sign-in', roles: ADMINS, status: 200 },
    call: async ({ organisationId }) => [
      'PUT',
      `/organisations/${organisationId}/sign-in`,
      { LOCAL: { Enable: true }, MFA: { Required: false }, OIDC: null },
    ],
  },
]

const API_TOKENS: readonly RestOperation[] = [
  list('/api-tokens'),
  read('/api-tokens/{id}', async (world) => ['GET', await tokenPath(world)]),
  {
    ...{ name: 'POST /api-tokens', roles: ADMINS, status: 201 },
    call: async (world) => ['POST', '/api-tokens', newToken(world, { role: 'api_admin' })],
  },
  {
    ...{ name: 'PATCH /api-tokens/{id}', roles: ADMINS, status: 200 },
    call: async (world) => ['PATCH', await tokenPath(world), { role: 'api_admin' }],
  },
  {
    ...{ name: 'POST /api-tokens/{id}/rotate', roles: ADMINS, status: 200 },
    call: async (world) => ['POST', `${await tokenPath(world)}/rotate`, {}],
  },
  {
    ...{ name: 'DELETE /api-tokens/{id}', roles: ADMINS, status: 204 },
    call: async (world) => ['DELETE', await tokenPath(world)],
  },
]

const INGEST_KEYS: readonly RestOperation[] = [
  list('/ingest-keys'),
  {
    ...{ name: 'POST /ingest-keys', roles: ADMINS, status: 201 },
    call: async (world) => ['POST', '/ingest-keys', newIngestKey(world)],
  },
  {
    ...{ name: 'DELETE /ingest-keys/{id}', roles: ADMINS, status: 204 },
    call: async (world) => {
      const { id } = await world.made('/ingest-keys', newIngestKey(world))
      return ['DELETE', `/ingest-keys/${id}`]
    },
  },
]

const EVENT_SOURCES: readonly RestOperation[] = [
  { ...list('/event-sources'), withinAccounts: true as const },
  ...(
    [
      ['GET', '/event-sources/{id}', EVERYONE, 200],
      ['PATCH', '/event-sources/{id}', OPERATORS, 200],
      ['DELETE', '/event-sources/{id}', OPERATORS, 204],
    ] as const
  ).map(([method, url, roles, status]) => ({
    ...{ name: `${method} ${url}`, roles, status },
    ...(method === 'GET' && { withinAccounts: true as const }),
    call: async (world: World) => {
      const path = await sourcePath(world)
      const change = { eventPattern: '{"source":["other"]}' }
      return method === 'PATCH' ? ([method, path, change] as const) : ([method, path] as const)
    },
  })),
  {
    ...{ name: 'POST /event-sources', roles: OPERATORS, status: 201 },
    call: async (world) => ['POST', '/event-sources', newEventSource(world)],
  },
]

const EVENTS: readonly RestOperation[] = [
  { ...list('/dead-letters'), withinAccounts: true },
  {
    ...read('/dead-letters/{id}', async () => ['GET', '/dead-letters/999999']),
    ...{ status: 404, withinAccounts: true },
  },
  {
    ...{ name: 'POST /dead-letters/redrive', roles: OPERATORS, status: 200, withinAccounts: true },
    call: async () => ['POST', '/dead-letters/redrive', { eventId: 'none' }],
  },
  { ...list('/events'), withinAccounts: true },
  ...['/events/{id}', '/events/{id}/trace', '/events/{id}/why?rule=none'].map((path) => ({
    ...read(path.replace(/\?.*/, ''), async () => ['GET', path.replace('{id}', 'none')]),
    ...({ status: 404, withinAccounts: true } as const),
  })),
]

const TARGETS: readonly RestOperation[] = [
  {
    ...{ name: 'POST /targets/preview', roles: EVERYONE, status: 404, withinAccounts: true },
    call: async () => ['POST', '/targets/preview', { target: { Input: '{}' }, eventId: 'none' }],
  },
]

const CATALOGUE: readonly RestOperation[] = [
  { ...list('/roles'), withinAccounts: true },
  ...['/catalogue', '/catalogue/types.ts', '/catalogue/{name}'].map((path) => ({
    ...read(path, async () => ['GET', path.replace('{name}', 'VpcCreateEvent')]),
    withinAccounts: true as const,
  })),
  {
    ...{ name: 'POST /tenancy-events', roles: OPERATORS, status: 200, withinAccounts: true },
    call: async ({ organisationId }) => {
      const aws = { accountId: ACCOUNTS.MEMBER, region: REGION }
      const fields = { resourceId: '0194f0e2-5a3c-7b11-9d0e-8b9c0d1e2f3a', status: 'SUCCESS' }
      const event = { name: 'VpcCreateEvent', organisationId, aws, fields }
      return ['POST', '/tenancy-events', { events: [event] }]
    },
  },
]

const TRAIL: readonly RestOperation[] = [
  list('/trail'),
  read('/trail/events', async ({ organisationId }) => [
    'GET',
    `/trail/events?organisationId=${organisationId}&day=2026-01-31`,
  ]),
  {
    ...{ name: 'POST /trail/verify', roles: EVERYONE, status: 200 },
    call: async ({ organisationId }) => ['POST', '/trail/verify', { organisationId }],
  },
]

/** Every operation that needs a permission of the caller's role. */
export function operationsOf(world: World): readonly RestOperation[] {
  const ofThings = tenancyOperations({
    organisationId: () => world.organisationId,
    accountId: (role) => world.accountIds[role] as string,
    made: world.made,
    newUser: () => newUser(world),
    versionOf: async (service) => {
      const path = `/services/${service}?organisationId=${world.organisationId}`
      return (await world.hub.rest('GET', path)).body.version
    },
  })
  return [
    ...ofThings.map(({ least, ...operation }) => ({
      ...operation,
      roles: least === 'api_admin' ? ADMINS : EVERYONE,
      ...(operation.name === 'GET /accounts/{id}' && { withinAccounts: true as const }),
    })),
    ...ORGANISATIONS,
    { ...list('/accounts'), withinAccounts: true },
    ...USERS,
    ...SIGN_IN,
    ...API_TOKENS,
    ...INGEST_KEYS,
    ...EVENT_SOURCES,
    ...EVENTS,
    ...TARGETS,
    ...CATALOGUE,
    ...TRAIL,
  ]
}

/** What people do with what is their own; API tokens have nothing of the kind. */
export const OWN_OPERATIONS: readonly RestCall[] = [
  ['GET', '/sessions'],
  ['DELETE', '/sessions'],
  ['DELETE', '/sessions/current'],
  ['PUT', '/password', { password: 'x'.repeat(12), newPassword: 'y'.repeat(12) }],
  ['POST', '/second-factor'],
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

/** EventBridge's, each with an input that succeeds in the member account. */
export const EVENTBRIDGE_OPERATIONS: readonly (readonly [
  operation: string,
  roles: readonly Role[],
  input: object,
])[] = [
  ['PutEvents', PUTTERS, { Entries: [{ Source: 'test', DetailType: 'd', Detail: '{}' }] }],
  ['TestEventPattern', EVERYONE, { EventPattern: '{"source":["a"]}', Event: testEvent() }],
  ['CreateEventBus', OPERATORS, { Name: 'bus' }],
  ['DescribeEventBus', EVERYONE, { Name: 'default' }],
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
  ['RemoveTargets', OPERATORS, { Rule: 'kept', Ids: ['t'] }],
  ['DeleteRule', OPERATORS, { Name: 'rule' }],
  ['DeleteEventBus', OPERATORS, { Name: 'bus' }],
]

function testEvent(): string {
  const event = { id: '1', 'detail-type': 'd', source: 'a', account: ACCOUNTS.MEMBER }
  return JSON.stringify({ ...event, time: '2026-01-31T08:15:00Z', region: REGION, resources: [] })
}
