import { gzipSync } from 'node:zlib'
import {
  DeauthorizeConnectionCommand,
  DeleteApiDestinationCommand,
  EventBridgeClient,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import type {
  CreateApiDestinationCommandInput,
  CreateConnectionAuthRequestParameters,
  HttpParameters,
  Target,
} from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import {
  API_KEY,
  BASIC,
  OAuthServer,
  SECRET,
  SECRET_PART,
  connectionCalls,
  everythingWritten,
  oauth,
} from '../connection-calls.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Received, Receiver } from '../receiver.ts'

const ROLE = `arn:aws:iam::${ACCOUNTS.MEMBER}:role/invoke`
const DETAIL = '{"user":"ana/b","n":1.0,"tags":["x","y"],"up":".."}'

const folder = newDataFolder()
const server = new OAuthServer()
/** Statuses, with headers, that the receiver answers under a path before it answers 200. */
const answers = new Map<string, (readonly [number, Record<string, string>?])[]>()
let hub: HubProcess
let receiver: Receiver
let events: EventBridgeClient
let calls: ReturnType<typeof connectionCalls>

beforeAll(async () => {
  hub = await startHubProcess(folder, ['--allow-private-targets', '--log-level', 'trace'])
  await createOrganisation(hub)
  receiver = await startReceiver((request, response) => {
    const [path = ''] = request.path.split('?')
    if (path.startsWith('/token')) return server.answer(request, response)
    const [status, headers] = answers.get(path)?.shift() ?? [200]
    response.writeHead(status, headers)
    response.end(headers?.['content-encoding'] ? gzipSync(said(request)) : said(request))
  })
  const credentials = await hub.profile('member')
  events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
  calls = connectionCalls(events)
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)
})

/** An endpoint that repeats what it should not. */
function said({ headers, path, text }: Received): string {
  const { authorization = '' } = headers
  const basic = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()
  return `you sent ${authorization} ${basic} ${String(headers['x-api-key'])} ${path} ${text}`
}

const target = (Arn: string | undefined, more: Partial<Target> = {}): Target => ({
  ...{ Id: 't1', Arn: Arn ?? '', RoleArn: ROLE },
  ...more,
})

/** A rule whose events go to an API destination of its own name. */
async function wire(
  name: string,
  {
    auth = BASIC,
    to = {},
    http,
    more = {},
  }: {
    auth?: CreateConnectionAuthRequestParameters
    to?: Partial<CreateApiDestinationCommandInput>
    http?: HttpParameters
    more?: Partial<Target>
  } = {},
): Promise<{ arn: string }> {
  const { ConnectionArn } = await calls.create(name, auth)
  await calls.settled(name)
  const { ApiDestinationArn = '' } = await calls.createDestination(name, ConnectionArn, {
    ...{ InvocationEndpoint: `${receiver.url}/${name}` },
    ...to,
  })
  const EventPattern = JSON.stringify({ source: [name] })
  await events.send(new PutRuleCommand({ Name: name, EventPattern }))
  const Targets = [target(ApiDestinationArn, { ...(http && { HttpParameters: http }), ...more })]
  await events.send(new PutTargetsCommand({ Rule: name, Targets }))
  return { arn: ApiDestinationArn }
}

async function put(source: string, count = 1): Promise<string> {
  const entry = { Source: source, DetailType: 'd', Detail: DETAIL }
  const Entries = Array.from({ length: count }, () => entry)
  const answer = await events.send(new PutEventsCommand({ Entries }))
  return answer.Entries?.[0]?.EventId ?? ''
}
/** Requests to the endpoint of this name, whatever its path parameters. */
const requests = (name: string, count = 1) =>
  receiver.waitFor(count, ({ path }) => path.split(/[/?]/)[1] === name)

/** The delivery of an event once it has ended, as the trace tells it. */
const ended = (eventId: string) =>
  vi.waitFor(
    async () => {
      const { body } = await hub.rest('GET', `/events/${eventId}/trace`)
      const [delivery] = body.traces[0].deliveries
      expect(delivery.state).not.toBe('PENDING')
      return delivery
    },
    { timeout: 20_000, interval: 50 },
  )

describe('a target that is an API destination', () => {
  const putTarget = (given: Partial<Target>) =>
    events.send(new PutTargetsCommand({ Rule: 'put', Targets: [target(undefined, given)] }))

  it('is put with what its requests carry, and listed so', async () => {
    const http = {
      PathParameterValues: ['$.detail.user', 'fixed'],
      HeaderParameters: { 'x-n': '$.detail.n' },
      QueryStringParameters: { q: 'a b' },
    }
    await wire('put', { http })
    const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: 'put' }))
    expect(Targets).toMatchObject([{ Id: 't1', RoleArn: ROLE, HttpParameters: http }])
  })

  it('needs a role of its account, and belongs to it', async () => {
    const { arn } = await wire('roles')
    const foreign = arn.replace(ACCOUNTS.MEMBER, ACCOUNTS.SECURITY)
    const cases = [
      [{ Arn: arn, RoleArn: undefined }, `RoleArn is required for target ${arn}.`],
      [
        { Arn: arn, RoleArn: ROLE.replace(ACCOUNTS.MEMBER, ACCOUNTS.SECURITY) },
        `the role must be one of account ${ACCOUNTS.MEMBER}.`,
      ],
      [
        { Arn: foreign },
        `Parameter ${foreign} is not valid. Reason: the API destination must be one of ${ACCOUNTS.MEMBER} in ${REGION}.`,
      ],
      [
        { Arn: arn, HttpParameters: { HeaderParameters: { a: '$.detail[' } } },
        'Parameter HttpParameters for target t1 is not valid. Reason: "$.detail[" is no path such as',
      ],
      [
        { Arn: arn, HttpParameters: { HeaderParameters: { a: 'v'.repeat(513) } } },
        'Map value must satisfy constraint: [Member must satisfy regular expression pattern',
      ],
      [
        {
          Arn: `${receiver.url}/x`,
          RoleArn: undefined,
          HttpParameters: { HeaderParameters: { a: 'b' } },
        },
        `HttpParameters is not supported for target ${receiver.url}/x.`,
      ],
    ] as const
    for (const [given, message] of cases) {
      await expect(putTarget(given as Partial<Target>)).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringContaining(message),
      })
    }
  })

  it('gets the request that AWS sends', async () => {
    await wire('exact', {
      auth: {
        ...BASIC,
        InvocationHttpParameters: {
          HeaderParameters: [
            { Key: 'x-both', Value: 'connection' },
            { Key: 'User-Agent', Value: 'mine' },
          ],
          QueryStringParameters: [{ Key: 'both', Value: 'con&nection', IsValueSecret: true }],
          BodyParameters: [
            { Key: 'tenant', Value: 't "1"' },
            { Key: 'n', Value: 'replaced' },
          ],
        },
      },
      to: {
        HttpMethod: 'PATCH',
        InvocationEndpoint: `${receiver.url}/exact/*/lines/*?own=1&both=endpoint`,
      },
      http: {
        PathParameterValues: ['$.detail.user', '$.detail.n'],
        HeaderParameters: {
          'x-both': 'target',
          'X-Tags': '$.detail.tags[*]',
          'x-none': '$.detail.none',
          $name: 'literal',
          'If-Match': 'x',
          Host: 'evil.example.com',
        },
        QueryStringParameters: { both: 'target', who: '$.detail.user' },
      },
      more: { InputPath: '$.detail' },
    })
    await put('exact')
    const [request] = await requests('exact')
    const { headers, ...rest } = request as Received
    expect(rest).toMatchObject({
      method: 'PATCH',
      path: '/exact/ana%2Fb/lines/1.0?own=1&both=con%26nection&who=ana%2Fb',
      text: '{"user":"ana/b","tags":["x","y"],"up":"..","tenant":"t \\"1\\"","n":"replaced"}',
    })
    expect(headers).toEqual({
      host: new URL(receiver.url).host,
      connection: 'close',
      'content-length': String(Buffer.byteLength(rest.text)),
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Amazon/EventBridge/ApiDestinations',
      range: 'bytes=0-1048575',
      'accept-encoding': 'gzip,deflate',
      authorization: `Basic ${Buffer.from(`ana:${SECRET}`).toString('base64')}`,
      'x-both': 'connection',
      'x-tags': '["x","y"]',
      $name: 'literal',
    })
  })

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'] as const)(
    'may be asked by %s',
    async (method) => {
      const name = `by-${method}`
      await wire(name, { auth: API_KEY, to: { HttpMethod: method } })
      const id = await put(name)
      const [request] = await requests(name)
      expect(request).toMatchObject({ method, headers: { 'x-api-key': 'key-secret' } })
      expect(request?.body.id).toBe(id)
    },
  )

  const undeliverable: (readonly [string, Parameters<typeof wire>[1], string, string])[] = [
    [
      'too few path parameters',
      {
        to: { InvocationEndpoint: 'https://example.com/*/*' },
        http: { PathParameterValues: ['a'] },
      },
      'INVALID_PARAMETER',
      'the endpoint has 2 path parameters and the target gives 1',
    ],
    [
      'a path parameter that the event has not',
      {
        to: { InvocationEndpoint: 'https://example.com/*' },
        http: { PathParameterValues: ['$.detail.none'] },
      },
      'INVALID_PARAMETER',
      'the event has no value for a path parameter',
    ],
    [
      'a path parameter that leads elsewhere',
      {
        to: { InvocationEndpoint: 'https://example.com/a/*/b' },
        http: { PathParameterValues: ['$.detail.up'] },
      },
      'INVALID_PARAMETER',
      'a path parameter may not lead out of its place in the path',
    ],
    [
      'body parameters for no object',
      {
        auth: {
          ...BASIC,
          InvocationHttpParameters: { BodyParameters: [{ Key: 'a', Value: 'b' }] },
        },
        more: { InputPath: '$.detail.tags' },
      },
      'INVALID_JSON',
      "the connection's body parameters need a body that is a JSON object",
    ],
  ]

  it.each(undeliverable)(
    'with %s leaves a dead letter at once',
    async (what, given, code, message) => {
      const name = `dead-${what.replaceAll(' ', '-')}`
      await wire(name, given)
      const delivery = await ended(await put(name))
      expect(delivery).toMatchObject({
        state: 'DEAD',
        attempts: [{ outcome: 'dead', errorCode: code, errorMessage: message }],
      })
    },
  )

  it('that is gone, or whose connection is deauthorised, leaves a dead letter', async () => {
    await wire('gone')
    await events.send(new DeleteApiDestinationCommand({ Name: 'gone' }))
    expect(await ended(await put('gone'))).toMatchObject({
      ...{ state: 'DEAD', attempts: [{ errorCode: 'NO_RESOURCE' }] },
    })
    await wire('denied')
    await events.send(new DeauthorizeConnectionCommand({ Name: 'denied' }))
    expect(await ended(await put('denied'))).toMatchObject({
      ...{ state: 'DEAD', attempts: [{ errorCode: 'NO_PERMISSIONS' }] },
    })
    expect(receiver.received.filter(({ path }) => /gone|denied/.test(path))).toEqual([])
  })

  it('is asked again after a 429, as late as it says, and not after a redirect', async () => {
    answers.set('/busy', [[429, { 'retry-after': '2' }], [503]])
    await wire('busy')
    const delivery = await ended(await put('busy'))
    const { attempts } = delivery
    expect(attempts.map(({ outcome, status }: any) => [outcome, status])).toEqual([
      ...[
        ['retry', 429],
        ['retry', 503],
        ['delivered', 200],
      ],
    ])
    const [first, second] = await requests('busy', 2)
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(1_900)
    answers.set('/moved', [[302, { location: `${receiver.url}/elsewhere` }]])
    await wire('moved')
    expect(await ended(await put('moved'))).toMatchObject({
      ...{ state: 'DEAD', attempts: [{ status: 302, errorCode: 'ERROR_FROM_TARGET' }] },
    })
    expect(receiver.received.filter(({ path }) => path === '/elsewhere')).toEqual([])
  })

  it('is left alone for good after a negative Retry-After', async () => {
    answers.set('/unwanted', [[503, { 'retry-after': '-1' }]])
    await wire('unwanted')
    const { attempts, state } = await ended(await put('unwanted'))
    expect([state, attempts.length]).toEqual(['DEAD', 1])
  })

  it('gets no more requests in a second than it takes, and each of them once', async () => {
    await wire('slow', { to: { InvocationRateLimitPerSecond: 5 } })
    await wire('beside')
    const first = await put('slow', 10)
    await put('slow', 2)
    await put('beside')
    await requests('beside')
    expect(receiver.received.filter(({ path }) => path === '/slow').length).toBeLessThan(12)
    const all = await requests('slow', 12)
    expect(new Set(all.map(({ body }) => body.id)).size).toBe(12)
    // Three seconds see twelve turns of five; the first and the last are two of them apart.
    const times = all.map(({ at }) => at)
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(1_500)
    const { attempts } = await ended(first)
    expect(attempts).toHaveLength(1)
  })
})

describe('an OAuth token', () => {
  const tokens = (name: string) => receiver.received.filter(({ path }) => path === `/token-${name}`)
  const authorizations = async (name: string, count: number) =>
    (await requests(name, count)).map(({ headers }) => headers.authorization)
  const wireOAuth = (name: string) =>
    wire(name, {
      auth: oauth(`${receiver.url}/token-${name}`),
      to: { InvocationEndpoint: `${receiver.url}/${name}` },
    })

  it('is fetched once for many requests', async () => {
    await wireOAuth('kept')
    await put('kept', 5)
    const used = await authorizations('kept', 5)
    expect(new Set(used)).toEqual(new Set([`Bearer ${server.latest}`]))
    expect(tokens('kept')).toHaveLength(1)
  })

  it.each([401, 407])(
    'that is refused with %i is fetched anew for the next attempt',
    async (status) => {
      const name = `refused-${status}`
      await wireOAuth(name)
      const old = server.latest
      answers.set(`/${name}`, [[status]])
      const { attempts } = await ended(await put(name))
      expect(attempts.map(({ outcome }: any) => outcome)).toEqual(['retry', 'delivered'])
      expect(await authorizations(name, 2)).toEqual([`Bearer ${old}`, `Bearer ${server.latest}`])
      expect(server.latest).not.toBe(old)
      expect(tokens(name)).toHaveLength(2)
    },
  )

  it('that has ended is fetched anew before the request', async () => {
    server.expiresIn = 0
    await wireOAuth('short')
    server.expiresIn = '3600'
    await put('short')
    await put('short')
    expect(await authorizations('short', 2)).toEqual([
      `Bearer ${server.latest}`,
      `Bearer ${server.latest}`,
    ])
    expect(tokens('short')).toHaveLength(2)
  })

  it('that cannot be had leaves the event waiting until it can', async () => {
    server.expiresIn = 0
    await wireOAuth('away')
    server.expiresIn = 3600
    server.refusals.push(500)
    const { attempts } = await ended(await put('away'))
    expect(attempts).toMatchObject([
      {
        ...{ outcome: 'retry', errorCode: 'ERROR_FROM_TARGET' },
        errorMessage: 'no access token: the authorization endpoint answered 500',
      },
      { outcome: 'delivered' },
    ])
    expect(await authorizations('away', 1)).toEqual([`Bearer ${server.latest}`])
  })

  it('of credentials that were changed is used no more', async () => {
    await wireOAuth('changed')
    const old = server.latest
    await calls.update('changed', {
      AuthParameters: { OAuthParameters: { ClientParameters: { ClientSecret: 'new-secret' } } },
    })
    await calls.settled('changed')
    await put('changed')
    const [used] = await authorizations('changed', 1)
    expect(used).toBe(`Bearer ${server.latest}`)
    expect(used).not.toBe(`Bearer ${old}`)
    expect(tokens('changed').at(-1)?.text).toContain('client_id=client-1&client_secret=new-secret')
  })
})

describe('what an endpoint answers', () => {
  it('is kept without the secrets that it repeats, also where it is compressed', async () => {
    const parameters = {
      QueryStringParameters: [{ Key: 'k', Value: 'query secret', IsValueSecret: true }],
    }
    await wire('echo', { auth: { ...BASIC, InvocationHttpParameters: parameters } })
    answers.set('/echo-zipped', [[200, { 'content-encoding': 'gzip' }]])
    await wire('echo-zipped', { auth: API_KEY })
    await wire('echo-token', { auth: oauth(`${receiver.url}/token`) })
    const answered = await Promise.all(
      ['echo', 'echo-zipped', 'echo-token'].map(async (name) => {
        const { attempts } = await ended(await put(name))
        return attempts[0].answer as string
      }),
    )
    expect(answered[0]).toContain('you sent Basic [secret] ana:[secret] undefined /echo?k=[secret]')
    expect(answered[1]).toContain('[secret] /echo-zipped')
    expect(answered[2]).toContain('you sent Bearer [secret] ')
    const told = answered.join() + hub.errors()
    for (const secret of [SECRET, 'key-secret', 'client-secret', 'token-', 'query%20secret']) {
      expect(told).not.toContain(secret)
    }
  })
})

it('no secret is in the data folder or in the log after all these deliveries', () => {
  const everything = everythingWritten(hub)
  expect(everything).toContain('you sent Basic [secret] ana:[secret]')
  const secrets = ['key-secret', 'client-secret', 'new-secret', 'query secret', 'query%20secret']
  for (const secret of [SECRET_PART, ...secrets]) expect(everything).not.toContain(secret)
  expect(everything).not.toMatch(/token-[0-9]/)
})
