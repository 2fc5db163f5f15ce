import {
  CreateConnectionCommand,
  DeauthorizeConnectionCommand,
  DeleteConnectionCommand,
  EventBridgeClient,
  ListConnectionsCommand,
} from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import {
  API_KEY,
  BASIC,
  OAuthServer,
  SECRET_PART,
  connectionCalls,
  everythingWritten,
  oauth,
} from '../connection-calls.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

const FLAGS = ['--allow-private-targets', '--log-level', 'trace', '--quota', 'connections=40']
const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const NONE = {
  name: 'ResourceNotFoundException',
  message: "Failed to describe the connection(s). Connection 'none' does not exist.",
}

const folder = newDataFolder()
const server = new OAuthServer()
let hub: HubProcess
let receiver: Receiver
let events: EventBridgeClient
let calls: ReturnType<typeof connectionCalls>

beforeAll(async () => {
  hub = await startHubProcess(folder, FLAGS)
  await createOrganisation(hub)
  receiver = await startReceiver((request, response) => server.answer(request, response))
  const credentials = await hub.profile('member')
  events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
  calls = connectionCalls(events)
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)
})

const remove = (Name: string) => events.send(new DeleteConnectionCommand({ Name }))
const deauthorize = (Name: string) => events.send(new DeauthorizeConnectionCommand({ Name }))

describe('a connection', () => {
  it('with BASIC authorization is AUTHORIZED at once, and shown without its password', async () => {
    const created = await calls.create('basic', {
      ...BASIC,
      InvocationHttpParameters: {
        HeaderParameters: [
          { Key: 'x-team', Value: 'blue' },
          { Key: 'x-hidden', Value: 'header-secret', IsValueSecret: true },
        ],
        BodyParameters: [{ Key: 'tenant', Value: 't1', IsValueSecret: false }],
      },
    })
    expect(created).toMatchObject({ ConnectionState: 'AUTHORIZED' })
    expect(created.ConnectionArn).toMatch(
      new RegExp(`^arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:connection/basic/${UUID}$`),
    )
    const { $metadata: _, SecretArn, ...shown } = await calls.describe('basic')
    expect(shown).toEqual({
      ConnectionArn: created.ConnectionArn,
      Name: 'basic',
      ConnectionState: 'AUTHORIZED',
      AuthorizationType: 'BASIC',
      AuthParameters: {
        BasicAuthParameters: { Username: 'ana' },
        InvocationHttpParameters: {
          HeaderParameters: [
            { Key: 'x-team', Value: 'blue', IsValueSecret: false },
            { Key: 'x-hidden', IsValueSecret: true },
          ],
          BodyParameters: [{ Key: 'tenant', Value: 't1', IsValueSecret: false }],
        },
      },
      CreationTime: created.CreationTime,
      LastModifiedTime: created.CreationTime,
      LastAuthorizedTime: created.CreationTime,
    })
    expect(SecretArn).toMatch(
      new RegExp(
        `^arn:aws:secretsmanager:${REGION}:${ACCOUNTS.MEMBER}:secret:events!connection/basic/${UUID}-\\w{6}$`,
      ),
    )
  })

  it('with an API key is shown by the name of its header', async () => {
    await calls.create('key', API_KEY)
    expect(await calls.describe('key')).toMatchObject({
      ConnectionState: 'AUTHORIZED',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'X-Api-Key' } },
    })
  })

  it('with OAuth is AUTHORIZED once it has got a token', async () => {
    const endpoint = `${receiver.url}/token?tenant=1`
    const created = await calls.create(
      'oauth',
      oauth(endpoint, {
        OAuthHttpParameters: {
          HeaderParameters: [{ Key: 'x-from', Value: 'hub' }],
          QueryStringParameters: [{ Key: 'audience', Value: 'a b' }],
          BodyParameters: [{ Key: 'scope', Value: 'write+read', IsValueSecret: true }],
        },
      }),
    )
    expect(created.ConnectionState).toBe('AUTHORIZING')
    expect(created).not.toHaveProperty('LastAuthorizedTime')
    expect(await calls.settled('oauth')).toMatchObject({
      ConnectionState: 'AUTHORIZED',
      LastAuthorizedTime: expect.any(Date),
      AuthParameters: {
        OAuthParameters: {
          ClientParameters: { ClientID: 'client-1' },
          AuthorizationEndpoint: endpoint,
          HttpMethod: 'POST',
          OAuthHttpParameters: {
            BodyParameters: [{ Key: 'scope', IsValueSecret: true }],
            HeaderParameters: [{ Key: 'x-from', Value: 'hub', IsValueSecret: false }],
            QueryStringParameters: [{ Key: 'audience', Value: 'a b', IsValueSecret: false }],
          },
        },
      },
    })
    expect(receiver.received.at(-1)).toMatchObject({
      ...{ method: 'POST', path: '/token?tenant=1&audience=a%20b' },
      text: 'grant_type=client_credentials&client_id=client-1&client_secret=client-secret&scope=write%2Bread',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-from': 'hub' },
    })
  })

  it('asks for a token by GET or with JSON where it is to', async () => {
    await calls.create('by-get', oauth(`${receiver.url}/get`, { HttpMethod: 'GET' }))
    expect((await calls.settled('by-get')).ConnectionState).toBe('AUTHORIZED')
    expect(receiver.received.at(-1)).toMatchObject({
      method: 'GET',
      path: '/get?grant_type=client_credentials&client_id=client-1&client_secret=client-secret',
      text: '',
    })
    const HeaderParameters = [{ Key: 'Content-Type', Value: 'application/json' }]
    const OAuthHttpParameters = { HeaderParameters }
    await calls.create(
      'by-put',
      oauth(`${receiver.url}/put`, { HttpMethod: 'PUT', OAuthHttpParameters }),
    )
    expect((await calls.settled('by-put')).ConnectionState).toBe('AUTHORIZED')
    expect(receiver.received.at(-1)).toMatchObject({
      method: 'PUT',
      body: {
        grant_type: 'client_credentials',
        client_id: 'client-1',
        client_secret: 'client-secret',
      },
    })
  })

  it('that gets no token is DEAUTHORIZED with the reason, until an update gets one', async () => {
    server.refusals.push(401)
    await calls.create('refused', oauth(`${receiver.url}/token`))
    expect(await calls.settled('refused')).toMatchObject({
      ConnectionState: 'DEAUTHORIZED',
      StateReason: 'no access token: the authorization endpoint answered 401',
    })
    expect(await calls.update('refused', { Description: 'again' })).toMatchObject({
      ConnectionState: 'AUTHORIZING',
    })
    const connection = await calls.settled('refused')
    expect(connection).toMatchObject({ ConnectionState: 'AUTHORIZED', Description: 'again' })
    expect(connection).not.toHaveProperty('StateReason')
  })

  it('tries again where the authorization endpoint is only busy', async () => {
    server.refusals.push(503, 429)
    await calls.create('busy', oauth(`${receiver.url}/token`))
    expect((await calls.settled('busy')).ConnectionState).toBe('AUTHORIZED')
  })

  it('that was AUTHORIZING when the hub was killed is authorised after the next start', async () => {
    server.refusals.push(503)
    const before = receiver.received.length
    await calls.create('interrupted', oauth(`${receiver.url}/interrupted`))
    await receiver.waitFor(1, (request) => receiver.received.indexOf(request) >= before)
    await hub.kill('SIGKILL')
    hub = await startHubProcess(folder, FLAGS)
    const credentials = await hub.profile('member')
    events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
    calls = connectionCalls(events)
    expect((await calls.settled('interrupted')).ConnectionState).toBe('AUTHORIZED')
  })

  it('keeps what an update leaves out, and changes its type where all is given', async () => {
    await calls.create('changing', BASIC)
    const { ConnectionArn } = await calls.update('changing', {
      AuthParameters: { BasicAuthParameters: { Password: 'another' } },
    })
    expect(await calls.describe('changing')).toMatchObject({
      ConnectionArn,
      AuthParameters: { BasicAuthParameters: { Username: 'ana' } },
    })
    await expect(
      calls.update('changing', {
        AuthorizationType: 'API_KEY',
        AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-key' } },
      }),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Parameter(s) AuthParameters.ApiKeyAuthParameters.ApiKeyValue must be specified.',
    })
    await calls.update('changing', { AuthorizationType: 'API_KEY', AuthParameters: API_KEY })
    expect(await calls.describe('changing')).toMatchObject({
      ConnectionArn,
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'X-Api-Key' } },
    })
  })

  it('that is deauthorised has no parameters any more, until it is given new ones', async () => {
    await calls.create('revoked', BASIC)
    expect(await deauthorize('revoked')).toMatchObject({ ConnectionState: 'DEAUTHORIZED' })
    const connection = await calls.describe('revoked')
    expect(connection).toMatchObject({
      AuthorizationType: 'BASIC',
      ConnectionState: 'DEAUTHORIZED',
    })
    expect(connection).not.toHaveProperty('AuthParameters')
    await calls.update('revoked', { Description: 'still' })
    expect((await calls.describe('revoked')).ConnectionState).toBe('DEAUTHORIZED')
    await expect(
      calls.update('revoked', { AuthParameters: { BasicAuthParameters: { Password: 'p' } } }),
    ).rejects.toMatchObject({
      message: 'Parameter(s) AuthParameters.BasicAuthParameters.Username must be specified.',
    })
    await calls.update('revoked', { AuthParameters: BASIC })
    expect((await calls.describe('revoked')).ConnectionState).toBe('AUTHORIZED')
  })

  it('that is deleted is gone, and is another one when it is made again', async () => {
    const { ConnectionArn } = await calls.create('short', BASIC)
    expect(await remove('short')).toMatchObject({ ConnectionArn, ConnectionState: 'DELETING' })
    await expect(calls.describe('short')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
    expect((await calls.create('short', BASIC)).ConnectionArn).not.toBe(ConnectionArn)
  })

  it('is listed by name and state, page by page', async () => {
    await Promise.all(['list-c', 'list-a', 'list-b'].map((name) => calls.create(name, BASIC)))
    await deauthorize('list-b')
    const list = (input: object) => events.send(new ListConnectionsCommand(input))
    const names = async (input: object) =>
      (await list(input)).Connections?.map(({ Name }) => Name) ?? []
    expect(await names({ NamePrefix: 'list-' })).toEqual(['list-a', 'list-b', 'list-c'])
    const first = await list({ NamePrefix: 'list-', ConnectionState: 'AUTHORIZED', Limit: 1 })
    expect(first.Connections).toEqual([
      {
        ConnectionArn: expect.stringContaining(':connection/list-a/'),
        ...{ Name: 'list-a', ConnectionState: 'AUTHORIZED', AuthorizationType: 'BASIC' },
        CreationTime: expect.any(Date),
        LastModifiedTime: expect.any(Date),
        LastAuthorizedTime: expect.any(Date),
      },
    ])
    const { NextToken } = first
    const rest = { NamePrefix: 'list-', ConnectionState: 'AUTHORIZED', NextToken }
    expect(await names(rest)).toEqual(['list-c'])
    await expect(list({ NamePrefix: 'list-', NextToken })).rejects.toMatchObject({
      name: 'InvalidTokenException',
    })
  })

  it('belongs to its account and region', async () => {
    const credentials = await hub.profile('member')
    const elsewhere = { endpoint: hub.url, region: 'us-east-1', credentials }
    const there = connectionCalls(new EventBridgeClient(elsewhere))
    await expect(there.describe('basic')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
  })
})

describe('a call about connections', () => {
  const create = (input: object) =>
    events.send(
      new CreateConnectionCommand({
        ...{ Name: 'invalid', AuthorizationType: 'BASIC', AuthParameters: BASIC },
        ...input,
      }),
    )

  it('says of one that does not exist what AWS says', async () => {
    await expect(calls.describe('none')).rejects.toMatchObject(NONE)
    await expect(calls.update('none', {})).rejects.toMatchObject(NONE)
    await expect(deauthorize('none')).rejects.toMatchObject(NONE)
    await expect(remove('none')).rejects.toMatchObject(NONE)
  })

  it('does not make one twice', async () => {
    await calls.create('twice', BASIC)
    await expect(calls.create('twice', API_KEY)).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
      message: 'Connection twice already exists.',
    })
  })

  const parameters = (name: string, Key: string, Value: string) => ({
    AuthParameters: { ...BASIC, InvocationHttpParameters: { [name]: [{ Key, Value }] } },
  })
  const many = (count: number) => ({
    AuthParameters: {
      ...BASIC,
      InvocationHttpParameters: {
        BodyParameters: Array.from({ length: count }, (_, n) => ({ Key: `k${n}`, Value: 'v' })),
      },
    },
  })
  const basic = (Username: string, Password: string) => ({
    AuthParameters: { BasicAuthParameters: { Username, Password } },
  })
  const refused: (readonly [string, object, string])[] = [
    [
      'a name with a slash',
      { Name: 'a/b' },
      "Value 'a/b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
    ],
    [
      'a name of 65 characters',
      { Name: 'n'.repeat(65) },
      'Member must have length less than or equal to 64',
    ],
    [
      'an unknown type',
      { AuthorizationType: 'NONE' },
      "Value 'NONE' at 'authorizationType' failed to satisfy constraint: Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]",
    ],
    [
      'no parameters',
      { AuthParameters: undefined },
      "Value null at 'authParameters' failed to satisfy constraint: Member must not be null",
    ],
    [
      'no password',
      { AuthParameters: { BasicAuthParameters: { Username: 'a' } } },
      "Value null at 'authParameters.basicAuthParameters.password' failed to satisfy constraint: Member must not be null",
    ],
    [
      'parameters of another type',
      { AuthParameters: API_KEY },
      'Parameter AuthParameters is not valid. Reason: parameters for API_KEY authorization were given, but the AuthorizationType is BASIC.',
    ],
    [
      'no parameters of its type',
      { AuthParameters: {} },
      'Parameter(s) AuthParameters.BasicAuthParameters.Username must be specified.',
    ],
    [
      'a colon in a user name',
      basic('a:b', 'p'),
      "at 'authParameters.basicAuthParameters.username' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[ \\t]*[^\\x00-\\x1F:\\x7F]+([ \\t]+[^\\x00-\\x1F:\\x7F]+)*[ \\t]*$",
    ],
    [
      'a password of 513 characters, which it does not repeat',
      basic('a', 's'.repeat(513)),
      "1 validation error detected: Value at 'authParameters.basicAuthParameters.password' failed to satisfy constraint: Member must have length less than or equal to 512",
    ],
    [
      '101 parameters',
      many(101),
      "at 'authParameters.invocationHttpParameters.bodyParameters' failed to satisfy constraint: Member must have length less than or equal to 100",
    ],
    [
      'a header name with a space',
      parameters('HeaderParameters', 'a b', 'v'),
      'headerParameters.1.member.key',
    ],
    [
      'a header value with a line break',
      parameters('HeaderParameters', 'a', 'v\nw'),
      "Value at 'authParameters.invocationHttpParameters.headerParameters.1.member.value' failed to satisfy constraint",
    ],
    [
      'a key in a header that is the hub’s own',
      {
        AuthorizationType: 'API_KEY',
        AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'Host', ApiKeyValue: 'v' } },
      },
      'Parameter AuthParameters.ApiKeyAuthParameters.ApiKeyName is not valid. Reason: Host is not the name of a header that can be set.',
    ],
    [
      'a key of the customer',
      { KmsKeyIdentifier: 'alias/a' },
      'Parameter KmsKeyIdentifier is not supported by Belfry.',
    ],
    [
      'a private endpoint',
      {
        InvocationConnectivityParameters: { ResourceParameters: { ResourceConfigurationArn: 'a' } },
      },
      'Parameter InvocationConnectivityParameters is not supported by Belfry.',
    ],
    [
      'a private authorization endpoint',
      {
        AuthParameters: {
          ...BASIC,
          ConnectivityParameters: { ResourceParameters: { ResourceConfigurationArn: 'a' } },
        },
      },
      'Parameter ConnectivityParameters is not supported by Belfry.',
    ],
    [
      'an authorization endpoint that is a metadata service',
      {
        AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
        AuthParameters: oauth('https://169.254.169.254/token'),
      },
      'Parameter AuthParameters.OAuthParameters.AuthorizationEndpoint is not valid. Reason: refused to connect to "169.254.169.254"',
    ],
  ]

  it.each(refused)('refuses %s', async (_what, input, message) => {
    await expect(create(input)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(message),
    })
    await expect(calls.describe('invalid')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
  })

  it('takes what is just allowed', async () => {
    await create({ Name: 'n'.repeat(64), ...basic('u'.repeat(512), 'p'.repeat(512)) })
    await create({ Name: 'hundred', ...many(100) })
    await expect(calls.describe('n'.repeat(64))).resolves.toMatchObject({
      ConnectionState: 'AUTHORIZED',
    })
  })

  it('makes as many as the quota has, and no more', async () => {
    const list = await events.send(new ListConnectionsCommand({}))
    const room = 40 - (list.Connections?.length ?? 0)
    for (let n = 0; n < room; n += 1) await calls.create(`many-${n}`, BASIC)
    await expect(calls.create('more', BASIC)).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'The requested resource exceeds the maximum number allowed.',
    })
    await remove('many-0')
    await calls.create('more', BASIC)
  })
})

it('no secret is in the data folder or in the log', async () => {
  const everything = everythingWritten(hub)
  expect(everything).toContain('client-1')
  const secrets = ['key-secret', 'header-secret', 'client-secret', 'write+read', server.latest]
  for (const secret of [SECRET_PART, ...secrets]) expect(everything).not.toContain(secret)
})
