import { Compile } from 'typebox/compile'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

import { CATALOGUE, eventSchema, faultOf } from '#src/model/catalogue/catalogue.ts'
import { signedHeaders } from '#src/model/sigv4.ts'
import { follow } from '../event-follower.ts'
import type { EventFollower } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION } from '../organisation.ts'
import { restAs } from '../rest-caller.ts'
import type { Caller } from '../rest-caller.ts'
import {
  EVENTBRIDGE_OPERATIONS,
  KEPT_CONNECTION,
  KEPT_SOURCE,
  OPERATIONS,
  OTHER_OPERATIONS,
  OWN_OPERATIONS,
} from '../rest-operations.ts'
import { ROLES } from '../rest-operation.ts'
import type { RestCall, RestOperation, Role } from '../rest-operation.ts'
import { createWorld, newUser } from '../rest-world.ts'
import type { World } from '../rest-world.ts'
import { ended } from '../tenancy-calls.ts'

const PASSWORD = 'a password of some length'
const TOKEN_ROLES = ROLES.filter((role) => role !== 'costadmin')

const folder = newDataFolder()
let hub: HubProcess
let world: World
let follower: EventFollower
const sessions = {} as Record<Role, Caller>
const tokens = {} as Record<Role, { accessKeyId: string; secretAccessKey: string }>
let bound: Caller
let foreignAdmin: Caller

beforeAll(async () => {
  hub = await startHubProcess(folder, [
    '--allow-private-targets',
    '--cost-folder',
    `${folder}/bills`,
  ])
  world = await createWorld(hub)
  const { organisationId, made } = world
  for (const role of ROLES) {
    const user = newUser(world, { role: `customer_${role}`, password: PASSWORD })
    await made('/users', user)
    const login = { email: user.email, password: PASSWORD }
    sessions[role] = (await restAs(hub, undefined, ['POST', '/sessions', login])).body
  }
  const token = (name: string, more: object) =>
    made('/api-tokens', { organisationId, name, awsAccountId: ACCOUNTS.MEMBER, ...more })
  for (const role of TOKEN_ROLES) tokens[role] = await token(role, { role: `api_${role}` })
  bound = await token('bound', { role: 'api_admin', onlyAccounts: [ACCOUNTS.MEMBER] })
  const regions = { installationRegion: REGION, regions: [REGION] }
  const other = await made('/organisations', { name: 'Other', alias: 'other', ...regions })
  foreignAdmin = await made('/api-tokens', {
    ...{ organisationId: other.id, name: 'foreign', role: 'api_admin' },
  })
  follower = await follow(hub, await hub.profile('operator'))
})
// An organisation may have few imports that have not ended, and each test leaves some.
afterEach(async () => {
  const { items } = (await hub.rest('GET', '/cost-imports?limit=1000')).body
  for (const { id, endedAt } of items) {
    if (endedAt === undefined) await hub.rest('DELETE', `/cost-imports/${id}`)
  }
})
afterAll(async () => {
  follower.close()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

/** All lists that the API has, as the operator sees them. */
async function everything(): Promise<Record<string, unknown>> {
  // How far the trail has come changes by itself, and how budgets stand, and what was heard with each call, and what was
  // told of it; sums are of one organisation.
  const lists = OPERATIONS.filter(({ name }) =>
    /^GET \/(?!trail$|budget-statuses$|events$|volume$|cost-sums$|incidents$|notification-ledger$)[a-z-]+$/.test(
      name,
    ),
  )
  const whole = ['GET /roles', 'GET /catalogue', 'GET /services']
  const seen: Record<string, unknown> = {}
  for (const { name, call } of lists) {
    const [method, path] = await call(world)
    const { status, body } = await hub.rest(
      method,
      whole.includes(name) ? path : `${path}?limit=1000`,
    )
    expect([name, status]).toEqual([name, 200])
    seen[name] = body.items.map(({ lastUsedAt: _, ...item }: any) => item)
  }
  return seen
}

/** What the tenancy's events tell, but that somebody proved who they are. */
const told = () =>
  follower.events
    .map(({ data }) => data.event['detail-type'] as string)
    .filter((type) => !type.endsWith('AuthenticationEvent')).length
/** Waits until all that happened before has been told. */
async function everythingTold(): Promise<number> {
  const { organisationId, made, next } = world
  const { id } = await made('/ingest-keys', { organisationId, name: `marker-${next()}` })
  await follower.waitFor(1, ({ data }) => data.event.detail.ingestKeyId === id)
  return told()
}

/** Costs are imported in their own time, and the end of each is told. */
async function importsEnded(): Promise<void> {
  const listed = async (path: string) => (await hub.rest('GET', `${path}?limit=1000`)).body.items
  const allEnded = async () => {
    const imports = await listed('/cost-imports')
    const sources = await listed('/cost-sources')
    const open = ({ status, endedAt }: any) => status !== 'uploading' && endedAt === undefined
    expect(imports.filter(open)).toEqual([])
    expect(sources.filter(({ last }: any) => last?.endedAt === undefined)).toEqual([])
  }
  await vi.waitFor(allEnded, { timeout: 20_000, interval: 50 })
}

/** Calls that are to be refused: they change nothing, make no event, and are answered no more than why. */
async function expectRefused(
  caller: Caller,
  calls: readonly (readonly [name: string, call: RestCall])[],
  refusal: { readonly status: number; readonly code: string | RegExp },
): Promise<void> {
  await importsEnded()
  const events = await everythingTold()
  const before = await everything()
  for (const [name, call] of calls) {
    const { status, body } = await restAs(hub, caller, call)
    expect([name, status]).toEqual([name, refusal.status])
    expect(`${name}: ${body.code}`).toMatch(refusal.code)
    expect(Object.keys(body).toSorted()).toEqual(['code', 'message', 'requestId'])
  }
  expect(await everything()).toEqual(before)
  // The marker itself is one.
  expect(await everythingTold()).toBe(events + 1)
}

/** A call that somebody who may make it succeeds with, and all that comes of it. */
async function expectDone(
  caller: Caller,
  { name, status, conflict, call }: RestOperation,
): Promise<void> {
  const answer = await restAs(hub, caller, await call(world))
  expect([name, answer.status, answer.body?.code]).toEqual([name, status, conflict])
  if (answer.body?.taskId !== undefined) await ended(hub, answer.body.taskId)
}

const prepared = (chosen: readonly RestOperation[]) =>
  Promise.all(
    chosen.map(async (operation) => [operation.name, await operation.call(world)] as const),
  )
const forbidden = { status: 403, code: 'caller.forbidden' }

describe('the operations of the REST API', () => {
  it('are those of the OpenAPI document, each in the table of permissions', async () => {
    const document = await (await fetch(`${hub.url}/api/v1/openapi.json`)).json()
    const { openapi, paths } = document as { openapi: string; paths: Record<string, object> }
    const listed = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(
        (method) => `${method.toUpperCase()} ${path.replace('/api/v1', '')}`,
      ),
    )
    const own = OWN_OPERATIONS.map(([method, path]) => `${method} ${path}`)
    const expected = [...OPERATIONS.map(({ name }) => name), ...own, ...OTHER_OPERATIONS]
    expect(openapi).toMatch(/^3\.1/)
    expect(listed.toSorted()).toEqual(expected.toSorted())
  })

  it('are for nobody without proof of who they are', async () => {
    const own = OWN_OPERATIONS.map((call) => [call.join(' '), call] as const)
    const calls = [...(await prepared(OPERATIONS)), ...own]
    const unknown = { status: 401, code: 'caller.unknown' }
    await expectRefused(undefined, calls, unknown)
    await expectRefused({ sessionToken: 'x'.repeat(43) }, calls, unknown)
    await expectRefused({ ...tokens.admin, secretAccessKey: 'x'.repeat(32) }, calls, unknown)
  })

  const callers: (readonly [string, Role, () => Caller])[] = [
    ...ROLES.map((role) => [`a user of role ${role}`, role, () => sessions[role]] as const),
    ...TOKEN_ROLES.map(
      (role) => [`an API token of role ${role}`, role, () => tokens[role]] as const,
    ),
  ]
  const denied = (role: Role) => OPERATIONS.filter(({ roles }) => !roles.includes(role))
  const lesser = callers.filter(([, role]) => denied(role).length > 0)
  it.each(lesser)('refuse %s what the role does not include', async (_who, role, caller) => {
    await expectRefused(caller(), await prepared(denied(role)), forbidden)
  })
  it.each(callers)('let %s do what the role includes', async (_who, role, caller) => {
    for (const operation of OPERATIONS) {
      if (operation.roles.includes(role)) await expectDone(caller(), operation)
    }
  })

  it('let an API token for one account do what is within it, and nothing to the organisation', async () => {
    const whole = OPERATIONS.filter(({ withinAccounts }) => withinAccounts !== true)
    await expectRefused(bound, await prepared(whole), forbidden)
    for (const operation of OPERATIONS) {
      if (operation.withinAccounts === true) await expectDone(bound, operation)
    }
  })

  it('that concern people themselves are not for API tokens', async () => {
    const own = OWN_OPERATIONS.map((call) => [call.join(' '), call] as const)
    await expectRefused(tokens.admin, own, {
      status: 403,
      code: /session.none|not-a-user|caller.forbidden$/,
    })
  })

  it('show and change nothing of another organisation', async () => {
    const toAll = /^GET \/(compliance\/)?[a-z-]+$|redrive|backtest|catalogue|tenancy-events/
    const calls = await prepared(OPERATIONS.filter(({ name }) => !toAll.test(name)))
    await expectRefused(foreignAdmin, calls, { status: 404, code: /\.not-found$/ })
    const emit = OPERATIONS.find(({ name }) => name === 'POST /tenancy-events')
    const events = await everythingTold()
    const call = (await emit?.call(world)) as RestCall
    expect((await restAs(hub, foreignAdmin, call)).status).toBe(422)
    expect(await everythingTold()).toBe(events + 1)
    const redrive = { ids: [await world.deadLetterId()] }
    const redriven = await restAs(hub, foreignAdmin, ['POST', '/dead-letters/redrive', redrive])
    expect(redriven).toEqual({ status: 200, body: { redriven: [], more: false } })
  })
})

describe('the events of all these operations', () => {
  it('fit their schemas in the catalogue', async () => {
    await everythingTold()
    const namespace = { prefix: 'stax', partner: 'stax.io' }
    const validators = new Map(
      CATALOGUE.map((type) => [type.name, Compile(eventSchema(type, namespace))]),
    )
    const events = follower.events
      .map(({ data }) => data.event)
      .filter(({ source }) => source.startsWith('aws.partner/stax.io/'))
    const faults = events.map((event) => {
      const validator = validators.get(event.detail.staxEventName)
      return validator === undefined ? 'unknown' : faultOf(validator, event)
    })
    expect(new Set(events.map(({ detail }) => detail.staxEventName)).size).toBeGreaterThan(25)
    expect(faults.filter((fault) => fault !== undefined)).toEqual([])
  })
})

describe('the operations of EventBridge', () => {
  let keptConnection = ''
  const put = async (caller: Caller, operation: string, input: object) => {
    const { accessKeyId, secretAccessKey } = caller as {
      accessKeyId: string
      secretAccessKey: string
    }
    const body = JSON.stringify(input).replace(KEPT_CONNECTION, keptConnection)
    const headers = signedHeaders(
      {
        ...{ method: 'POST', url: '/', body },
        headers: {
          host: new URL(hub.url).host,
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': `AWSEvents.${operation}`,
        },
      },
      { accessKeyId, secretAccessKey, region: REGION, service: 'events', now: Date.now() },
    )
    const response = await fetch(hub.url, { method: 'POST', headers, body })
    return { status: response.status, body: JSON.parse(await response.text()) }
  }
  const configured = async () => {
    const rules = (await put(tokens.admin, 'ListRules', {})).body
    const buses = (await put(tokens.admin, 'ListEventBuses', {})).body
    const targets = (await put(tokens.admin, 'ListTargetsByRule', { Rule: 'kept' })).body
    const archives = (await put(tokens.admin, 'ListArchives', {})).body
    const replays = (await put(tokens.admin, 'ListReplays', {})).body
    const connections = (await put(tokens.admin, 'ListConnections', {})).body
    const destinations = (await put(tokens.admin, 'ListApiDestinations', {})).body
    return { rules, buses, targets, archives, replays, connections, destinations }
  }

  beforeAll(async () => {
    const kept = { Name: 'kept', EventPattern: '{"source":["kept"]}' }
    await put(tokens.admin, 'PutRule', kept)
    const offered = { Name: KEPT_SOURCE, Account: ACCOUNTS.MEMBER }
    await put(tokens.admin, 'CreatePartnerEventSource', offered)
    const bus = { Name: KEPT_SOURCE, EventSourceName: KEPT_SOURCE }
    await put(tokens.admin, 'CreateEventBus', bus)
    const connection = await put(tokens.admin, 'CreateConnection', {
      ...{ Name: 'kept', AuthorizationType: 'BASIC' },
      AuthParameters: { BasicAuthParameters: { Username: 'u', Password: 'p' } },
    })
    keptConnection = connection.body.ConnectionArn
    const endpoint = { InvocationEndpoint: 'https://api.example.com/', HttpMethod: 'POST' }
    const destination = { Name: 'kept', ConnectionArn: keptConnection, ...endpoint }
    await put(tokens.admin, 'CreateApiDestination', destination)
  })

  it.each(TOKEN_ROLES)('are for the role %s as far as it includes them', async (role) => {
    for (const [operation, roles, input, fault] of EVENTBRIDGE_OPERATIONS) {
      const allowed = roles.includes(role)
      const before = allowed ? undefined : await configured()
      const { status, body } = await put(tokens[role], operation, input)
      expect([operation, status, body.__type]).toEqual([
        operation,
        allowed && fault === undefined ? 200 : 400,
        allowed ? fault : 'AccessDeniedException',
      ])
      if (allowed) continue
      expect(Object.keys(body)).toEqual(['__type', 'message'])
      expect(await configured()).toEqual(before)
    }
  })
})
