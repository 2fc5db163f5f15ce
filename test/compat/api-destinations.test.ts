import {
  CreateApiDestinationCommand,
  DeauthorizeConnectionCommand,
  DeleteApiDestinationCommand,
  DeleteConnectionCommand,
  DescribeApiDestinationCommand,
  EventBridgeClient,
  ListApiDestinationsCommand,
  UpdateApiDestinationCommand,
} from '@aws-sdk/client-eventbridge'
import type { CreateApiDestinationCommandInput } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { BASIC, connectionCalls, oauth } from '../connection-calls.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const QUOTA = 10
const NONE = {
  name: 'ResourceNotFoundException',
  message: "Failed to describe the api-destination(s). An api-destination 'none' does not exist.",
}

const folder = newDataFolder()
let hub: HubProcess
let events: EventBridgeClient
let calls: ReturnType<typeof connectionCalls>
let connectionArn: string

beforeAll(async () => {
  // Not for development, as --allow-private-targets has it.
  hub = await startHubProcess(folder, ['--quota', `api-destinations=${QUOTA}`])
  await createOrganisation(hub)
  const credentials = await hub.profile('member')
  events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
  calls = connectionCalls(events)
  connectionArn = (await calls.create('basic', BASIC)).ConnectionArn ?? ''
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

describe('an API destination', () => {
  const describeIt = (Name: string) => events.send(new DescribeApiDestinationCommand({ Name }))
  const list = (input: object) => events.send(new ListApiDestinationsCommand(input))
  const update = (Name: string, input: object) =>
    events.send(new UpdateApiDestinationCommand({ Name, ...input }))
  const remove = (Name: string) => events.send(new DeleteApiDestinationCommand({ Name }))
  const InvocationEndpoint = 'https://api.example.com/orders/*/lines?v=1'

  it('is made, described, changed and deleted', async () => {
    const Description = 'orders'
    const created = await calls.createDestination('orders', connectionArn, {
      ...{ InvocationEndpoint, Description },
    })
    expect(created).toMatchObject({ ApiDestinationState: 'ACTIVE' })
    const { ApiDestinationArn, CreationTime } = created
    expect(ApiDestinationArn).toMatch(
      new RegExp(`^arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:api-destination/orders/${UUID}$`),
    )
    const { $metadata: _, ...shown } = await describeIt('orders')
    expect(shown).toEqual({
      ...{ ApiDestinationArn, Name: 'orders', Description, ApiDestinationState: 'ACTIVE' },
      ...{ ConnectionArn: connectionArn, InvocationEndpoint, HttpMethod: 'POST' },
      ...{ InvocationRateLimitPerSecond: 300, CreationTime, LastModifiedTime: CreationTime },
    })
    expect(
      await update('orders', { HttpMethod: 'PUT', InvocationRateLimitPerSecond: 5 }),
    ).toMatchObject({ ApiDestinationArn, ApiDestinationState: 'ACTIVE' })
    expect(await describeIt('orders')).toMatchObject({
      ...{ Description, InvocationEndpoint, HttpMethod: 'PUT', InvocationRateLimitPerSecond: 5 },
    })
    await remove('orders')
    await expect(describeIt('orders')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  it('is INACTIVE while its connection is not authorised, or gone', async () => {
    const { ConnectionArn } = await calls.create('fading', BASIC)
    await calls.createDestination('fading', ConnectionArn, { InvocationEndpoint })
    await events.send(new DeauthorizeConnectionCommand({ Name: 'fading' }))
    expect((await describeIt('fading')).ApiDestinationState).toBe('INACTIVE')
    await calls.update('fading', { AuthParameters: BASIC })
    expect((await describeIt('fading')).ApiDestinationState).toBe('ACTIVE')
    await events.send(new DeleteConnectionCommand({ Name: 'fading' }))
    const again = await calls.create('fading', BASIC)
    expect((await describeIt('fading')).ApiDestinationState).toBe('INACTIVE')
    await update('fading', { ConnectionArn: again.ConnectionArn })
    expect((await describeIt('fading')).ApiDestinationState).toBe('ACTIVE')
  })

  it('is listed by name and connection, page by page', async () => {
    const { ConnectionArn } = await calls.create('listed', BASIC)
    for (const [name, connection] of [
      ['list-b', ConnectionArn],
      ['list-a', connectionArn],
      ['list-c', ConnectionArn],
    ] as const) {
      await calls.createDestination(name, connection, { InvocationEndpoint })
    }
    const names = async (input: object) =>
      (await list(input)).ApiDestinations?.map(({ Name }) => Name)
    expect(await names({ NamePrefix: 'list-' })).toEqual(['list-a', 'list-b', 'list-c'])
    const first = await list({ ConnectionArn, Limit: 1 })
    expect(first.ApiDestinations).toEqual([
      {
        ApiDestinationArn: expect.stringContaining(':api-destination/list-b/'),
        ...{ Name: 'list-b', ApiDestinationState: 'ACTIVE', ConnectionArn, InvocationEndpoint },
        ...{ HttpMethod: 'POST', InvocationRateLimitPerSecond: 300 },
        ...{ CreationTime: expect.any(Date), LastModifiedTime: expect.any(Date) },
      },
    ])
    const { NextToken } = first
    expect(await names({ ConnectionArn, NextToken })).toEqual(['list-c'])
    await expect(list({ NextToken })).rejects.toMatchObject({ name: 'InvalidTokenException' })
  })

  it('that does not exist, or exists already, or has no connection is told as AWS does', async () => {
    await expect(describeIt('none')).rejects.toMatchObject(NONE)
    await expect(update('none', {})).rejects.toMatchObject(NONE)
    await expect(remove('none')).rejects.toMatchObject(NONE)
    await calls.createDestination('twice', connectionArn, { InvocationEndpoint })
    await expect(
      calls.createDestination('twice', connectionArn, { InvocationEndpoint }),
    ).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
      message: "An api-destination 'twice' already exists.",
    })
    const missing = connectionArn.replace('/basic/', '/none/')
    for (const arn of [missing, connectionArn.replace(/.$/, 'x')]) {
      await expect(
        calls.createDestination('lonely', arn, { InvocationEndpoint }),
      ).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
        message: expect.stringMatching(
          /^Failed to describe the connection\(s\). Connection '(none|basic)' does not exist.$/,
        ),
      })
    }
  })

  const refused: (readonly [string, Partial<CreateApiDestinationCommandInput>, string])[] = [
    [
      'a name with a slash',
      { Name: 'a/b' },
      "Value 'a/b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
    ],
    [
      'an unknown method',
      { HttpMethod: 'TRACE' as 'GET' },
      "Value 'TRACE' at 'httpMethod' failed to satisfy constraint: Member must satisfy enum value set: [HEAD, POST, PATCH, DELETE, PUT, GET, OPTIONS]",
    ],
    [
      'no connection ARN',
      { ConnectionArn: 'basic' },
      "Value 'basic' at 'connectionArn' failed to satisfy constraint: Member must satisfy regular expression pattern: ^arn:aws([a-z]|\\-)*:events:([a-z]|\\d|\\-)*:([0-9]{12})?:connection\\/[\\.\\-_A-Za-z0-9]+\\/[\\-A-Za-z0-9]+$",
    ],
    [
      'a rate of 0',
      { InvocationRateLimitPerSecond: 0 },
      "Value '0' at 'invocationRateLimitPerSecond' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    [
      'an endpoint with a space',
      { InvocationEndpoint: 'https://a b' },
      "at 'invocationEndpoint' failed to satisfy constraint: Member must satisfy regular expression pattern: ^((%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@\\x26=+$,A-Za-z0-9])+)([).!';/?:,])?$",
    ],
    [
      'an endpoint of 2,049 characters',
      { InvocationEndpoint: `https://example.com/${'a'.repeat(2_029)}` },
      'Member must have length less than or equal to 2048',
    ],
    [
      'a metadata service',
      { InvocationEndpoint: 'https://169.254.169.254/latest' },
      'Parameter InvocationEndpoint is not valid. Reason: refused to connect to "169.254.169.254"',
    ],
    [
      'an endpoint without TLS',
      { InvocationEndpoint: 'http://api.example.com/' },
      'Parameter InvocationEndpoint is not valid. Reason: the endpoint must be an "https:" URL; start the hub with --allow-private-targets to allow "http:"',
    ],
    [
      'a wildcard in the host',
      { InvocationEndpoint: 'https://*.example.com/' },
      'Parameter InvocationEndpoint is not valid. Reason: a * stands for a path parameter, and only in the path.',
    ],
    [
      'a connection of another account',
      { ConnectionArn: `arn:aws:events:${REGION}:${ACCOUNTS.SECURITY}:connection/a/b` },
      `Parameter ConnectionArn is not valid. Reason: the connection must be one of account ${ACCOUNTS.MEMBER} in ${REGION}.`,
    ],
  ]

  it.each(refused)('with %s is refused', async (_what, input, message) => {
    await expect(
      events.send(
        new CreateApiDestinationCommand({
          ...{ Name: 'invalid', ConnectionArn: connectionArn, InvocationEndpoint },
          ...{ HttpMethod: 'POST', ...input },
        }),
      ),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(message),
    })
    await expect(describeIt('invalid')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  it('is one of as many as the quota has, and no more', async () => {
    const room = QUOTA - ((await list({})).ApiDestinations?.length ?? 0)
    const create = (n: number | string) =>
      calls.createDestination(`quota-${n}`, connectionArn, { InvocationEndpoint })
    for (let n = 0; n < room; n += 1) await create(n)
    await expect(create('more')).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'The requested resource exceeds the maximum number allowed.',
    })
    await remove('quota-0')
    await create('more')
    for (let n = 1; n < room; n += 1) await remove(`quota-${n}`)
  })
})

it('an authorization endpoint is asked over TLS alone', async () => {
  await expect(calls.create('plain', oauth('http://api.example.com/token'))).rejects.toMatchObject({
    name: 'ValidationException',
    message:
      'Parameter AuthParameters.OAuthParameters.AuthorizationEndpoint is not valid. Reason: the endpoint must be an "https:" URL; start the hub with --allow-private-targets to allow "http:"',
  })
})
