import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import { createAwsServices } from '#src/adapters/aws/aws-services.ts'
import { createS3Client, createS3ObjectStore } from '#src/adapters/aws/s3-object-store.ts'
import { createOpenIdProviders } from '#src/adapters/oidc/openid-providers.ts'
import { createOutbound } from '#src/adapters/outbound/undici-outbound.ts'
import { parseAwsResource } from '#src/model/aws-resource.ts'
import type { AwsResource } from '#src/model/aws-resource.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import {
  ROLE,
  delivered,
  doorOf,
  fired,
  giveSchedules,
  giveTargets,
  must,
  newConnection,
  newRule,
  putTarget,
} from './giving-urls.ts'
import type { Verdict } from './giving-urls.ts'
import { hostileUrls } from './hostile-urls.ts'
import type { HostileUrl } from './hostile-urls.ts'
import { CONNECTION } from './url-places.ts'
import { inParallel, openSurroundings, startWorld } from './world.ts'
import type { Surroundings, World } from './world.ts'

/**
 * A server that the hub may ask sends it on to each hostile URL, by every status that stands for
 * it. Nobody is to follow, also where private targets are allowed: the canary stays silent.
 */
const STATUSES = [300, 301, 302, 303, 305, 307, 308]

let surroundings: Surroundings
let world: World
let server: Server
let origin: string
let urls: readonly HostileUrl[]
let before: number

beforeAll(async () => {
  surroundings = await openSurroundings()
  urls = hostileUrls({ scheme: 'http', port: surroundings.canary.port, of: 'use1' })
  server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (data) => {
      // The last number in the path says which; the answer has it as it is, whatever that does.
      const path = /^\w+ (\S+)/.exec(data.toString('latin1'))?.[1] ?? ''
      const index = Number(/\/(\d+)(?:\/\D*)?$/.exec(path)?.[1] ?? 0)
      const { url } = urls[index] as HostileUrl
      const places = ['Location', 'Content-Location', 'x-amz-bucket-region'].map(
        (name) => `${name}: ${url}\r\n`,
      )
      const body = `<Error><Code>PermanentRedirect</Code><Endpoint>${url}</Endpoint></Error>`
      socket.end(
        `HTTP/1.1 ${STATUSES[index % STATUSES.length]} Elsewhere\r\n${places.join('')}Refresh: 0; url=${url}\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  world = await startWorld(surroundings, ['--allow-private-targets'])
})
afterAll(async () => {
  await world.close()
  server.close()
  await surroundings.close()
})
beforeEach(async () => {
  before = (await surroundings.canary.heard()).length
})

const redirecting = (what: string) => urls.map((_url, index) => `${origin}/${what}/${index}`)

/** What some URLs do to an answer makes no HTTP of it. */
async function expectUnfollowed(verdicts: readonly Verdict[], told: RegExp): Promise<void> {
  expect((await surroundings.canary.heard()).slice(before)).toEqual([])
  expect(verdicts).toHaveLength(urls.length)
  const answered = verdicts.filter(({ message }) => told.test(message))
  expect(answered.length).toBeGreaterThanOrEqual(500)
  const others = verdicts.filter((one) => !answered.includes(one))
  for (const { message } of others) expect(message).toMatch(/HTTPParserError|HEADERS_OVERFLOW/)
  process.stdout.write(`  ${answered.length} redirects, 0 followed\n`)
}
const NOT_FOLLOWED = /the target answered 30\d; redirects are not followed/

it('a client that follows redirects reaches the canary by them', async () => {
  const here = urls.flatMap(({ allowed, leads }, index) =>
    allowed === true && leads === 'here' && urls[index]?.resolved === false ? [index] : [],
  )
  await inParallel(here, 8, async (index) =>
    fetch(`${origin}/plain/${index}`).catch(() => undefined),
  )
  const followed = here.filter((index) => ![300, 305].includes(STATUSES[index % 7] ?? 0))
  const heard = (await surroundings.canary.heard()).slice(before)
  expect(heard.length).toBe(followed.length)
  expect(heard.length).toBeGreaterThan(20)
})

it('the target of a rule follows none', { timeout: 60_000 }, async () => {
  const rule = await newRule(world)
  const given = await giveTargets(world, rule, redirecting('target'))
  await expectUnfollowed(await delivered(world, rule, given), NOT_FOLLOWED)
})

it('an API destination follows none', { timeout: 60_000 }, async () => {
  const rule = await newRule(world)
  const { ApiDestinationArn: Arn } = must(
    await world.events('CreateApiDestination', {
      ...{ Name: 'redirecting', HttpMethod: 'GET', InvocationEndpoint: `${origin}/api/*` },
      ConnectionArn: await newConnection(world),
    }),
  )
  const given = await inParallel(redirecting('api'), 8, async (url, index) => {
    const HttpParameters = { PathParameterValues: [String(index)] }
    const target = { Id: `t${index}`, Arn, RoleArn: ROLE, HttpParameters }
    return doorOf(url, await putTarget(world, rule, target))
  })
  await expectUnfollowed(await delivered(world, rule, given), NOT_FOLLOWED)
})

it('a schedule follows none', { timeout: 60_000 }, async () => {
  const verdicts = await fired(world, await giveSchedules(world, redirecting('schedule')))
  await expectUnfollowed(verdicts, NOT_FOLLOWED)
})

it('a connection that asks for a token follows none', { timeout: 120_000 }, async () => {
  const verdicts = await CONNECTION.use(world, redirecting('token'))
  await expectUnfollowed(verdicts, /the authorization endpoint answered 30\d/)
})

/** Parts of the hub that run in the test itself, with the hub's own way out. */
async function inHere(
  what: string,
  visit: (endpoint: string) => Promise<string>,
): Promise<readonly Verdict[]> {
  return inParallel(redirecting(what), 4, async (url) => ({
    ...{ url, message: await visit(url).catch(allOf) },
  }))
}
/** With what it came of. */
function allOf(
  error: Error & { readonly $metadata?: { readonly httpStatusCode?: number } },
): string {
  const cause = error.cause instanceof Error ? allOf(error.cause) : ''
  return `${error.message} ${error.$metadata?.httpStatusCode ?? ''} ${cause}`
}

it('clients of AWS and of OpenID providers follow none', { timeout: 120_000 }, async () => {
  const outbound = createOutbound({ allowPrivateTargets: true })
  const credentials = async () => ({ accessKeyId: 'AKIAHUB', secretAccessKey: 'SECRET' })
  const to = parseAwsResource('arn:aws:sqs:eu-west-1:111111111111:orders') as AwsResource
  const access = { account: '111111111111' }
  const sent = await inHere('aws', async (endpoint) => {
    const services = createAwsServices({ outbound, clock, credentials, endpoint })
    return JSON.stringify(await services.send({ service: 'sqs', to, text: '{}' }, access))
  })
  await expectUnfollowed(sent, /30\d/)
  const stored = await inHere('s3', async (endpoint) => {
    const region = 'us-east-1'
    const client = createS3Client({ outbound, credentials, region, endpoint, pathStyle: true })
    const bucket = { bucket: 'trail', prefix: '', makeBucket: false }
    await createS3ObjectStore(client, bucket).put('a', Buffer.from('a'))
    return 'stored'
  })
  await expectUnfollowed(stored, /PermanentRedirect|30\d/)
  const providers = createOpenIdProviders(outbound, clock)
  const check = { redirectUri: 'https://a.example/', state: 's', nonce: 'n' }
  const asked = await inHere('openid', async (issuer) =>
    providers.authorizationUrl(
      { issuer, clientId: 'belfry' },
      { ...check, codeVerifier: 'v'.repeat(43), scopes: ['openid'] },
    ),
  )
  await expectUnfollowed(asked, /unexpected|30\d/i)
  await outbound.close()
})
