import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import {
  ROLE,
  authorized,
  delivered,
  doorOf,
  fresh,
  giveTargets,
  must,
  newConnection,
  newRule,
  putTarget,
} from './giving-urls.ts'
import type { Verdict } from './giving-urls.ts'
import { inParallel, openSurroundings, startWorld } from './world.ts'
import type { Surroundings, World } from './world.ts'

/**
 * Texts that break a header or a request line in two, wherever a user's or an event's text becomes
 * a part of a request. What arrives, if it does, is one request of the hub's own making.
 */
const BREAKS = [
  ...['\r\n', '\n', '\r', '\u0000', '\u000b', '\u0085', '\u2028', '%0d%0a', '\\r\\n', '\r\n '],
  // Their last bytes are line breaks, which some clients send alone.
  ...['\u010d\u010a', '\u560d\u560a', '\ud83d\ude0d\ud83d\ude0a'],
]
const TEXTS = BREAKS.flatMap((line) => [
  `a${line}X-Smuggled: 1`,
  `${line}Host: smuggled${line}Transfer-Encoding: chunked${line}Content-Length: 0`,
  // Without a colon, which names of users may not have.
  `a HTTP/1.1${line}${line}GET /smuggled HTTP/1.1${line}${line}`,
])

let surroundings: Surroundings
let world: World
let server: Server
let origin: string
/** What came over each connection. */
const streams: string[] = []
const paths = new Set<string>()

beforeAll(async () => {
  surroundings = await openSurroundings()
  server = createServer((socket) => {
    const at = streams.push('') - 1
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      streams[at] += data.toString('latin1')
      const stream = streams[at] ?? ''
      if (remainderOf(stream) === undefined) return
      const path = /^\w+ (\/[^/? ]*)/.exec(stream)?.[1]
      if (path !== undefined) paths.add(`${path}/`)
      const body = '{"access_token":"t","token_type":"Bearer"}'
      socket.end(
        `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const started = await startWorld(surroundings, ['--allow-private-targets'])
  world = { ...started, canary: { ...started.canary, was: (path) => paths.has(pathnameOf(path)) } }
})
afterAll(async () => {
  await world.close()
  server.close()
  await surroundings.close()
})

const pathnameOf = (path: string) => path.replace(/\?.*$/, '')

/** What follows the first request of a stream; undefined while that is not complete. */
function remainderOf(stream: string): string | undefined {
  const end = stream.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(stream.slice(0, end))?.[1] ?? 0)
  const rest = stream.slice(end + 4)
  return rest.length < length ? undefined : rest.slice(length)
}

/** What a server, also one that takes any line break, would find that the hub did not mean. */
function smuggledIn(stream: string): readonly string[] {
  const lines = stream.slice(0, stream.indexOf('\r\n\r\n')).split(/[\r\n\0]+/)
  const hosts = lines.filter((line) => /^\s*host\s*:/i.test(line))
  return [
    ...lines.filter((line) => /^\s*(?:x-smuggled|transfer-encoding)\s*:/i.test(line)),
    ...lines.slice(1).filter((line) => /^\s*(?:GET|POST)\b/.test(line)),
    ...(hosts.length === 1 && `http://${hosts[0]?.slice(6)}` === origin ? [] : hosts),
    ...(remainderOf(stream) === '' ? [] : ['more than one request']),
    ...(lines.filter((line) => /^content-length:/i.test(line)).length > 1 ? ['two lengths'] : []),
  ]
}

it('a header that is broken in two would be found', () => {
  const head = `GET / HTTP/1.1\r\nHost: ${origin.slice(7)}\r\n`
  expect(smuggledIn(`${head}\r\n`)).toEqual([])
  const broken = BREAKS.slice(0, 4).map((line) => `${head}A: a${line}X-Smuggled: 1\r\n\r\n`)
  for (const stream of broken) expect(smuggledIn(stream)).not.toEqual([])
  expect(smuggledIn(`${head}Host: smuggled\r\n\r\n`)).not.toEqual([])
  expect(smuggledIn(`${head}\r\nGET /smuggled HTTP/1.1\r\n\r\n`)).not.toEqual([])
})

/** Checks all that has come since, and that each text was refused or went out whole. */
async function expectWhole(what: string, work: () => Promise<readonly Verdict[]>): Promise<void> {
  const from = streams.length
  const verdicts = await work()
  // A connection may have been opened for what was not sent then.
  const came = streams.slice(from).filter((stream) => stream !== '')
  expect(came.flatMap((stream) => smuggledIn(stream).map((found) => ({ found, stream })))).toEqual(
    [],
  )
  const refused = verdicts.filter(
    ({ refusedBy, message }) => refusedBy ?? message.startsWith('INVALID_'),
  )
  expect(came.length + refused.length).toBeGreaterThanOrEqual(verdicts.length)
  process.stdout.write(
    `  ${what}: ${verdicts.length} texts, ${refused.length} refused, ${came.length} requests, 0 broken\n`,
  )
}

const apiKey = (name: string, value: string, more: object = {}) => ({
  AuthorizationType: 'API_KEY',
  AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: name, ApiKeyValue: value }, ...more },
})
const invocation = (parameters: object) =>
  apiKey('X-Key', 'k', { InvocationHttpParameters: parameters })
const oauth = (index: number, client: object, parameters: object = {}) => ({
  AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
  AuthParameters: {
    OAuthParameters: {
      ...{ AuthorizationEndpoint: `${origin}/token${index}/`, HttpMethod: 'POST' },
      ClientParameters: { ClientID: 'c', ClientSecret: 's', ...client },
      OAuthHttpParameters: parameters,
    },
  },
})
const pair = (Key: string, Value: string) => [{ Key, Value, IsValueSecret: false }]

/** A connection of each text; the second argument makes URLs differ. */
const CONNECTIONS: Readonly<Record<string, (text: string, index: number) => object>> = {
  "an API key's name": (text) => apiKey(text, 'k'),
  "an API key's value": (text) => apiKey('X-Key', text),
  'a user name': (text) => ({
    AuthorizationType: 'BASIC',
    AuthParameters: { BasicAuthParameters: { Username: text, Password: text } },
  }),
  "a header's name": (text) => invocation({ HeaderParameters: pair(text, 'v') }),
  "a header's value": (text) => invocation({ HeaderParameters: pair('X-Own', text) }),
  'a query': (text) => invocation({ QueryStringParameters: pair(text, text) }),
  'a body': (text) => invocation({ BodyParameters: pair(text, text) }),
  "an OAuth client's id": (text, index) => oauth(index, { ClientID: text, ClientSecret: text }),
  "an OAuth header's name": (text, index) =>
    oauth(index, {}, { HeaderParameters: pair(text, 'v') }),
  "an OAuth header's value": (text, index) =>
    oauth(index, {}, { HeaderParameters: pair('X-Own', text) }),
  'an OAuth query': (text, index) => oauth(index, {}, { QueryStringParameters: pair(text, text) }),
  'an OAuth body': (text, index) => oauth(index, {}, { BodyParameters: pair(text, text) }),
}

describe('what a connection adds to a request', () => {
  it.each(Object.entries(CONNECTIONS))(
    'does not break it in two by %s',
    { timeout: 60_000 },
    async (what, connection) => {
      await expectWhole(what, async () => {
        const rule = await newRule(world)
        const given = await inParallel(TEXTS, 8, async (text, index) => {
          const url = `${origin}/${fresh('connection')}/`
          const Name = fresh('c')
          const made = await world.events('CreateConnection', { Name, ...connection(text, index) })
          if (!made.ok) return doorOf(url, made)
          const state = await authorized(world, Name, url)
          if (/DEAUTHORIZED|no access token/.test(state.message))
            return { ...state, refusedBy: 'policy' } as const
          const Arn = await newApiDestination(url, made.body.ConnectionArn)
          return doorOf(url, await putTarget(world, rule, { Id: `t${index}`, Arn, RoleArn: ROLE }))
        })
        return delivered(world, rule, given)
      })
    },
  )
})

async function newApiDestination(url: string, ConnectionArn: string): Promise<string> {
  const input = { Name: fresh('d'), ConnectionArn, InvocationEndpoint: url, HttpMethod: 'POST' }
  return must(await world.events('CreateApiDestination', input)).ApiDestinationArn
}

const PARAMETERS: Readonly<Record<string, (text: string) => object>> = {
  'a path': (text) => ({ PathParameterValues: [text] }),
  "a header's name": (text) => ({ HeaderParameters: { [text]: 'v' } }),
  "a header's value": (text) => ({ HeaderParameters: { 'X-Own': text } }),
  'a query': (text) => ({ QueryStringParameters: { [text]: text } }),
}

describe('what a target adds to the request of an API destination', () => {
  it.each(Object.entries(PARAMETERS))(
    'does not break it in two by %s of its own',
    { timeout: 60_000 },
    async (what, parameters) => {
      const ConnectionArn = await newConnection(world)
      await expectWhole(what, async () => {
        const rule = await newRule(world)
        const given = await inParallel(TEXTS, 8, async (text, index) => {
          const url = `${origin}/${fresh('target')}/`
          const HttpParameters = parameters(text)
          const path = 'PathParameterValues' in HttpParameters ? '*' : ''
          const Arn = await newApiDestination(url + path, ConnectionArn)
          const target = { Id: `t${index}`, Arn, RoleArn: ROLE, HttpParameters }
          return doorOf(url, await putTarget(world, rule, target))
        })
        return delivered(world, rule, given)
      })
    },
  )

  it.each(Object.entries(PARAMETERS).filter(([what]) => !what.includes('name')))(
    'does not break it in two by %s that is a text of the event',
    { timeout: 60_000 },
    async (what, parameters) => {
      const ConnectionArn = await newConnection(world)
      const HttpParameters = parameters('$.detail.text')
      if ('QueryStringParameters' in HttpParameters) {
        HttpParameters.QueryStringParameters = { own: '$.detail.text' }
      }
      await expectWhole(what, async () =>
        inParallel(TEXTS, 4, async (text) => {
          const rule = await newRule(world)
          const url = `${origin}/${fresh('event')}/`
          const path = 'PathParameterValues' in HttpParameters ? '*' : ''
          const Arn = await newApiDestination(url + path, ConnectionArn)
          const target = { Id: 't0', Arn, RoleArn: ROLE, HttpParameters }
          const given = doorOf(url, await putTarget(world, rule, target))
          const [verdict] = await delivered(world, rule, [given], {
            Detail: JSON.stringify({ text }),
          })
          return verdict as Verdict
        }),
      )
    },
  )
})

it('a trace header that is none breaks no request in two, and holds up no event', async () => {
  const from = streams.length
  await expectWhole('a trace header', async () =>
    inParallel(TEXTS, 4, async (TraceHeader) => {
      const rule = await newRule(world)
      const given = await giveTargets(world, rule, [`${origin}/${fresh('trace')}/`])
      const [verdict] = await delivered(world, rule, given, {
        TraceHeader,
        DetailType: TraceHeader,
      })
      return verdict as Verdict
    }),
  )
  expect(streams.slice(from).filter((stream) => stream !== '')).toHaveLength(TEXTS.length)
})
