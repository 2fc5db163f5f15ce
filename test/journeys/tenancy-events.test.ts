import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { follow } from '../event-follower.ts'
import type { EventFollower, StreamedEvent } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, OTHER_REGION, REGION } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'
import { restAs } from '../rest-caller.ts'

const SOURCE = `aws.partner/stax.io/${ACCOUNTS.LOGGING}/default`
const BUS = `arn:aws:events:${REGION}:${ACCOUNTS.LOGGING}:event-bus/${SOURCE}`
const PASSWORD = 'a password of some length'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/

const folder = newDataFolder()
let hub: HubProcess
let receiver: Receiver
let follower: EventFollower
let organisation: { id: string; customerId: string }

const made = async (on: HubProcess, path: string, body: object): Promise<any> => {
  const answer = await on.rest('POST', path, body)
  if (answer.status !== 201) throw new Error(JSON.stringify(answer))
  return answer.body
}
const newOrganisation = (on: HubProcess) =>
  made(on, '/organisations', {
    ...{ name: 'Test', alias: 'test', customerName: 'Test Customer' },
    ...{ installationRegion: REGION, regions: [REGION, OTHER_REGION] },
  })
const newAccount = (on: HubProcess, organisationId: string, role: keyof typeof ACCOUNTS) =>
  made(on, '/accounts', {
    ...{ organisationId, awsAccountId: ACCOUNTS[role], accountRole: role },
    name: `${role.toLowerCase()}-account`,
  })
let serial = 0
const newUser = (role = 'customer_operations') =>
  made(hub, '/users', {
    ...{ organisationId: organisation.id, email: `user${(serial += 1)}@example.com` },
    ...{ firstName: 'Ada', lastName: 'Lovelace', role, password: PASSWORD },
  })
const logIn = (email: string, password: string) =>
  restAs(hub, undefined, ['POST', '/sessions', { email, password }])

const about = (name: string, value: string) => (event: StreamedEvent) =>
  event.data.event.detail[name] === value
/** The one event with this field, on the stream and at a target of the partner event bus. */
async function eventWith(name: string, value: string, detailType: string): Promise<any> {
  const accept = (event: StreamedEvent) =>
    about(name, value)(event) && event.data.event['detail-type'] === detailType
  const [event] = await follower.waitFor(1, accept)
  expect(event?.data.bus).toBe(BUS)
  await receiver.waitFor(1, ({ body }) => body.id === event?.data.event.id)
  const delivered = receiver.received.filter(({ body }) => body.id === event?.data.event.id)
  expect(delivered.map(({ body }) => body)).toEqual([event?.data.event])
  expect(follower.events.filter(accept)).toHaveLength(1)
  return event?.data.event
}

/** What every tenancy event says. */
function envelope(type: string, name: string, component: string) {
  return {
    version: '0',
    id: expect.stringMatching(UUID),
    'detail-type': `${type}: ${name}`,
    source: SOURCE,
    account: ACCOUNTS.LOGGING,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    region: REGION,
    resources: [],
    detail: {
      meta: {
        customer: { id: organisation.customerId, name: 'Test Customer' },
        organization: { id: organisation.id, name: 'Test', alias: 'test' },
        timings: {
          eventPublishTime: expect.stringMatching(INSTANT),
          processorReceiveTime: expect.stringMatching(INSTANT),
          processorDispatchTime: expect.stringMatching(INSTANT),
        },
      },
      staxEventVersion: '1',
      staxEventID: expect.stringMatching(UUID),
      staxEventTime: expect.stringMatching(INSTANT),
      staxEventSource: `stax.${component}`,
      staxEventType: type,
      staxEventName: name,
    },
  }
}

/** The operator's API token, which acts where nobody has signed in. */
const byOperator = async () => {
  const { accessKeyId } = await hub.profile('operator')
  return { apiToken: { accessKeyId, tokenName: 'operator' } }
}

/** The envelope with an event's own fields, and what its `meta` has besides. */
function tenancyEvent(
  kind: readonly [type: string, name: string, component: string],
  fields: object,
  meta: object = {},
) {
  const whole = envelope(...kind)
  const { detail } = whole
  return { ...whole, detail: { ...detail, ...fields, meta: { ...detail.meta, ...meta } } }
}

let early: { management: any; token: any; seenBefore: readonly StreamedEvent[] }

beforeAll(async () => {
  hub = await startHubProcess(folder)
  receiver = await startReceiver()
  follower = await follow(hub, await hub.profile('operator'), { source: 'stax.io' })
  organisation = await newOrganisation(hub)
  const management = await newAccount(hub, organisation.id, 'MANAGEMENT')
  const token = await made(hub, '/api-tokens', {
    ...{ organisationId: organisation.id, name: 'early', role: 'api_user' },
  })
  await new Promise((resolve) => setTimeout(resolve, 150))
  early = { management, token, seenBefore: [...follower.events] }
  await newAccount(hub, organisation.id, 'LOGGING')
  const credentials = await hub.profile('logging')
  const events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
  const rule = { Name: 'tenancy', EventBusName: SOURCE }
  const EventPattern = `{"source":["${SOURCE}"]}`
  await events.send(new PutRuleCommand({ ...rule, EventPattern }))
  const Targets = [{ Id: 't', Arn: `${receiver.url}/tenancy` }]
  await events.send(new PutTargetsCommand({ Rule: rule.Name, EventBusName: SOURCE, Targets }))
  await newAccount(hub, organisation.id, 'SECURITY')
})
afterAll(async () => {
  follower.close()
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)
})

describe('tenancy events of accounts', () => {
  const created = ['AccountManagement', 'AccountCreateEvent', 'account'] as const
  const updated = ['AccountManagement', 'AccountUpdateEvent', 'account'] as const

  it('tell of an account that was created', async () => {
    const account = await newAccount(hub, organisation.id, 'MEMBER')
    const event = await eventWith('accountId', account.id, 'AccountManagement: AccountCreateEvent')
    expect(event).toEqual(
      tenancyEvent(
        created,
        {
          ...{ accountId: account.id, awsAccountId: ACCOUNTS.MEMBER, status: 'SUCCESS' },
          ...{ accountName: 'member-account', accountType: 'workload' },
        },
        await byOperator(),
      ),
    )
    expect(event.detail.meta.timings.eventPublishTime).toBe(event.detail.staxEventTime)
    expect(event.time).toBe(`${event.detail.staxEventTime.slice(0, 19)}Z`)
  })

  it('tell of a change, and of the user who made it', async () => {
    const user = await newUser('customer_admin')
    const { sessionToken } = (await logIn(user.email, PASSWORD)).body
    const awsAccountId = '555555555555'
    const given = { organisationId: organisation.id, awsAccountId, name: 'to be renamed' }
    const { id } = await made(hub, '/accounts', given)
    await made(hub, '/account-types', { organisationId: organisation.id, name: 'landing-zone' })
    const change = { name: 'renamed', accountType: 'landing-zone' }
    const answer = await restAs(hub, { sessionToken }, ['PATCH', `/accounts/${id}`, change])
    expect(answer.status).toBe(200)
    const event = await eventWith('accountId', id, 'AccountManagement: AccountUpdateEvent')
    expect(event).toEqual(
      tenancyEvent(
        updated,
        {
          ...{ accountId: id, awsAccountId, status: 'SUCCESS' },
          ...{ accountName: 'renamed', accountType: 'landing-zone' },
          changed: ['name', 'accountType'],
        },
        { user: { id: user.id, username: user.email, email: user.email } },
      ),
    )
  })

  it('tell of an action that failed, and why', async () => {
    const again = { ...early.management, organisationId: organisation.id }
    const { awsAccountId, organisationId } = again
    const refused = { awsAccountId, organisationId, name: 'again' }
    expect((await hub.rest('POST', '/accounts', refused)).status).toBe(409)
    const [event] = await follower.waitFor(1, about('accountName', 'again'))
    expect(event?.data.event.detail).toMatchObject({
      ...{ staxEventName: 'AccountCreateEvent', awsAccountId, status: 'FAILED' },
      ...{ errorCode: 'account.exists', message: expect.stringContaining('already managed') },
    })
  })
})

describe('tenancy events of security', () => {
  const authentication = ['Security', 'UserAuthenticationEvent', 'auth'] as const
  const signIn = (user: any, fields: object) =>
    tenancyEvent(
      authentication,
      {
        ...{ userID: user.id, username: user.email, email: user.email, role: user.role },
        ...{ firstName: 'Ada', lastName: 'Lovelace', authMethod: 'Login', loginType: 'Stax' },
        sourceIp: '127.0.0.1',
        ...fields,
      },
      {
        user: { id: user.id, username: user.email, email: user.email },
        aws: { accountId: ACCOUNTS.SECURITY, accountName: 'security-account', region: REGION },
      },
    )

  it('tell of a user who signed in', async () => {
    const user = await newUser()
    expect((await logIn(user.email, PASSWORD)).status).toBe(201)
    const event = await eventWith('userID', user.id, 'Security: UserAuthenticationEvent')
    expect(event).toEqual(signIn(user, { status: 'SUCCESS' }))
  })

  it('tell of a user whose password was wrong, without the password', async () => {
    const user = await newUser()
    expect((await logIn(user.email, 'not the password')).status).toBe(401)
    const event = await eventWith('userID', user.id, 'Security: UserAuthenticationEvent')
    expect(event).toEqual(
      signIn(user, { status: 'FAILED', message: expect.stringContaining('password') }),
    )
    expect(JSON.stringify(event)).not.toContain('not the password')
  })

  it('tell of an API token, without its secret', async () => {
    const token = await made(hub, '/api-tokens', {
      ...{ organisationId: organisation.id, name: 'deploy', role: 'api_operations' },
    })
    const { accessKeyId } = token
    const event = await eventWith('accessKeyId', accessKeyId, 'Security: APITokenCreateEvent')
    expect(event).toEqual(
      tenancyEvent(
        ['Security', 'APITokenCreateEvent', 'auth'],
        { accessKeyId, tokenName: 'deploy', role: 'api_operations', status: 'SUCCESS' },
        await byOperator(),
      ),
    )
    expect(JSON.stringify(event)).not.toContain(token.secretAccessKey)
  })
})

describe('tenancy events', () => {
  it('of the time before there was a logging account come once there is one', async () => {
    expect(early.seenBefore).toEqual([])
    const { id } = early.management
    const { accessKeyId } = early.token
    const both = await Promise.all([
      follower.waitFor(1, about('accountId', id)),
      follower.waitFor(1, about('accessKeyId', accessKeyId)),
    ])
    const [[account], [token]] = both
    expect(account?.data).toMatchObject({
      bus: BUS,
      event: { detail: { staxEventName: 'AccountCreateEvent', status: 'SUCCESS' } },
    })
    expect(token?.data).toMatchObject({ bus: BUS, event: { detail: { tokenName: 'early' } } })
    const creations = follower.events.filter(
      (event) =>
        about('accountId', id)(event) && about('staxEventName', 'AccountCreateEvent')(event),
    )
    expect(creations).toHaveLength(1)
  })

  it('have two ids of their own each, also after a restart of the hub', async () => {
    const before = follower.events.length
    follower.close()
    await hub.kill('SIGTERM')
    hub = await startHubProcess(folder)
    follower = await follow(hub, await hub.profile('operator'), {
      since: 'start',
      source: 'stax.io',
    })
    const { accessKeyId } = await made(hub, '/api-tokens', {
      ...{ organisationId: organisation.id, name: 'last', role: 'api_user' },
    })
    await follower.waitFor(1, about('accessKeyId', accessKeyId))
    const ids = follower.events.flatMap(({ data }) => {
      const { id: envelopeId, detail } = data.event
      return [envelopeId as string, detail.staxEventID as string]
    })
    expect(follower.events).toHaveLength(before + 1)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('are named as the hub is told to name them', async () => {
    const named = newDataFolder()
    const flags = ['--event-namespace', 'acme', '--partner', 'acme.example']
    const other = await startHubProcess(named, flags)
    try {
      const listener = await follow(other, await other.profile('operator'))
      const { id } = await newOrganisation(other)
      const account = await newAccount(other, id, 'LOGGING')
      const [event] = await listener.waitFor(1, about('accountId', account.id))
      listener.close()
      const source = `aws.partner/acme.example/${ACCOUNTS.LOGGING}/default`
      expect(event?.data.bus).toBe(
        `arn:aws:events:${REGION}:${ACCOUNTS.LOGGING}:event-bus/${source}`,
      )
      expect(event?.data.event.source).toBe(source)
      expect(event?.data.event.detail).toMatchObject({
        ...{ acmeEventVersion: '1', acmeEventSource: 'acme.account' },
        ...{ acmeEventType: 'AccountManagement', acmeEventName: 'AccountCreateEvent' },
        ...{ acmeEventID: expect.stringMatching(UUID) },
      })
      expect(JSON.stringify(event?.data)).not.toContain('stax')
    } finally {
      await other.kill('SIGTERM')
      removeDataFolder(named)
    }
  })
})
