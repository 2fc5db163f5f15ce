import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createAwsServices } from '#src/adapters/aws/aws-services.ts'
import { createS3Client, createS3ObjectStore } from '#src/adapters/aws/s3-object-store.ts'
import { CLIENT_ID, startForgingProvider } from '#src/adapters/oidc/forging-provider.fixture.ts'
import type { ForgingProvider } from '#src/adapters/oidc/forging-provider.fixture.ts'
import { createOpenIdProviders } from '#src/adapters/oidc/openid-providers.ts'
import { createOutbound } from '#src/adapters/outbound/undici-outbound.ts'
import { parseAwsResource } from '#src/model/aws-resource.ts'
import type { AwsResource } from '#src/model/aws-resource.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import type { AwsRequest } from '#src/ports/aws-services.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../../hub-process.ts'
import { hostileUrls } from './hostile-urls.ts'
import type { HostileUrl } from './hostile-urls.ts'
import { inParallel, openSurroundings, resolveInZone } from './world.ts'
import type { Surroundings } from './world.ts'

/**
 * Hostile URLs that no user gives the hub: foreign servers name them in their answers, and the
 * operator in flags. The same canary must stay silent, and hear of them where it may.
 */
let surroundings: Surroundings
let cautious: Outbound
let trusting: Outbound

beforeAll(async () => {
  surroundings = await openSurroundings()
  cautious = createOutbound({ allowPrivateTargets: false, resolve: resolveInZone })
  trusting = createOutbound({ allowPrivateTargets: true, resolve: resolveInZone })
})
afterAll(async () => {
  await cautious.close()
  await trusting.close()
  await surroundings.close()
})

let uses = 0
const urlsFor = () =>
  hostileUrls({ scheme: 'http', port: surroundings.canary.port, of: `use${(uses += 1)}` })
const isHere = ({ allowed, leads }: HostileUrl) => allowed === true && leads === 'here'
const connectionsDuring = async (work: () => Promise<unknown>) => {
  const before = (await surroundings.canary.heard()).length
  await work()
  return (await surroundings.canary.heard()).length - before
}

/** @param visit one URL; rejects or not */
async function expectSilence(visit: (outbound: Outbound, url: string) => Promise<unknown>) {
  const settle = async (outbound: Outbound, url: string) => {
    await visit(outbound, url).catch(() => undefined)
  }
  const urls = urlsFor()
  expect(urls.length).toBeGreaterThanOrEqual(300)
  const refused = () => inParallel(urls, 1, async ({ url }) => settle(cautious, url))
  expect(await connectionsDuring(refused)).toBe(0)
  const allowed = urlsFor().filter(isHere)
  const arrived = await connectionsDuring(() =>
    inParallel(allowed, 1, async ({ url }) => settle(trusting, url)),
  )
  expect(arrived).toBeGreaterThanOrEqual(allowed.length)
  process.stdout.write(`  ${urls.length} URLs, 0 connections; ${allowed.length} where allowed\n`)
}

describe('what an OpenID provider says of itself', () => {
  const CHECK = { redirectUri: 'https://belfry.example.com/', state: 's'.repeat(9), nonce: 'n' }
  let provider: ForgingProvider
  beforeAll(async () => {
    provider = await startForgingProvider()
  })
  afterAll(() => provider.close())

  /** The provider itself is here, and only what it names goes by the policy. */
  const towards = (outbound: Outbound): Outbound => ({
    ...outbound,
    request: (request) =>
      (request.url.startsWith(provider.issuer) ? trusting : outbound).request(request),
  })

  it.each(['token_endpoint', 'jwks_uri', 'userinfo_endpoint'])(
    'leads to nothing forbidden by its %s',
    { timeout: 60_000 },
    async (endpoint) => {
      const client = { issuer: provider.issuer, clientId: CLIENT_ID }
      await expectSilence(async (outbound, url) => {
        provider.endpoints = { [endpoint]: url }
        provider.forge(CHECK.nonce)
        const providers = createOpenIdProviders(towards(outbound), clock)
        const check = { ...CHECK, codeVerifier: 'v'.repeat(43) }
        await providers.claims(client, check, `code=any&state=${CHECK.state}`)
      })
    },
  )
})

describe('the endpoint that the operator names', () => {
  const credentials = async () => ({ accessKeyId: 'AKIAHUB', secretAccessKey: 'SECRET' })
  const QUEUE = parseAwsResource('arn:aws:sqs:eu-west-1:111111111111:orders') as AwsResource
  const LAMBDA = parseAwsResource('arn:aws:lambda:eu-west-1:111111111111:function:f') as AwsResource

  it('for targets in AWS leads to nothing forbidden', { timeout: 60_000 }, async () => {
    await expectSilence(async (outbound, endpoint) => {
      const services = createAwsServices({ outbound, clock, credentials, endpoint })
      await services.send({ service: 'sqs', to: QUEUE, text: '{}' }, { account: '111111111111' })
    })
  })

  it('for targets in AWS leads roles to nothing forbidden', { timeout: 60_000 }, async () => {
    const as = { account: '111111111111', roleArn: 'arn:aws:iam::111111111111:role/r' }
    await expectSilence(async (outbound, endpoint) => {
      const services = createAwsServices({ outbound, clock, credentials, endpoint })
      await services.send({ service: 'lambda', to: LAMBDA, text: '{}' }, as)
    })
  })

  it('for the trail in S3 leads to nothing forbidden', { timeout: 60_000 }, async () => {
    await expectSilence(async (outbound, endpoint) => {
      const region = 'us-east-1'
      const client = createS3Client({ outbound, credentials, region, endpoint, pathStyle: true })
      const bucket = { bucket: 'trail', prefix: '', makeBucket: true }
      await createS3ObjectStore(client, bucket).put('a', Buffer.from('a'))
    })
  })

  it.each([
    ['--aws-targets', 'on', '--aws-endpoint', 'http://127.0.0.1:4566'],
    ['--aws-targets', 'on', '--aws-endpoint', 'http://169.254.169.254'],
    ['--trail', 's3://', '--trail-s3-endpoint', 'http://127.0.0.1:9000'],
    ['--trail', 's3://', '--trail-s3-endpoint', 'http://[fd00:ec2::254]'],
  ])('is refused when the hub starts with %s %s %s %s', async (...flags) => {
    const folder = newDataFolder()
    await expect(startHubProcess(folder, flags)).rejects.toThrow(/refused to connect to/)
    removeDataFolder(folder)
  })
})

/** Hosts of AWS are made of an ARN's parts. */
describe('what an ARN says', () => {
  const PARTS = [
    ...['127.0.0.1', 'evil.example.com', '169.254.169.254', 'localhost', '[::1]', '2130706433'],
    ...['us-east-1.evil.example.com', 'us-east-1@127.0.0.1', 'us-east-1/', 'us-east-1/../..'],
    ...['us-east-1#', 'us-east-1?', 'us-east-1:80', 'us-east-1%2e', 'us-east-1\\', 'us-east-1。x'],
    ...['x-y-z.', 'a-b-c@d', 'a-b-\r\nX: 1', 'us-east-1\u0000', 'a-b-_', 'a-b-c-d-e-f', 'a-b-ß'],
  ]
  const arns = [
    ...PARTS.map((part) => `arn:aws:sqs:${part}:111111111111:orders`),
    ...PARTS.map((part) => `arn:aws:sqs:us-east-1:${part}:orders`),
    ...PARTS.map((part) => `arn:aws:sqs:us-east-1:111111111111:${part}`),
    ...PARTS.map((part) => `arn:aws-${part}:sqs:us-east-1:111111111111:orders`),
    ...PARTS.map((part) => `arn:aws:lambda:us-east-1:111111111111:function:${part}`),
    ...PARTS.map((part) => `arn:aws:logs:us-east-1:111111111111:log-group:${part}`),
    ...PARTS.map((part) => `arn:aws:events:us-east-1:111111111111:event-bus/${part}`),
    ...PARTS.map((part) => `arn:aws:kinesis:us-east-1:111111111111:stream/${part}`),
    ...PARTS.map((part) => `arn:aws:sns:${part}:111111111111:topic`),
  ]

  it('leads to AWS, or is refused', async () => {
    const hosts: string[] = []
    const outbound: Outbound = {
      ...cautious,
      request: async ({ url }) => {
        hosts.push(new URL(url).hostname)
        return { kind: 'refused', message: 'only looked at' }
      },
    }
    const credentials = async () => ({ accessKeyId: 'AKIAHUB', secretAccessKey: 'SECRET' })
    const services = createAwsServices({ outbound, clock, credentials })
    const parsed = arns.flatMap((arn) => parseAwsResource(arn) ?? [])
    const about = { text: '{}', partitionKey: 'p', stream: 's', timestamp: 0, message: '{}' }
    const event = { source: 's', detailType: 'd', detail: '{}', resources: [], time: 0 }
    for (const to of parsed) {
      const request = { service: to.service, to, ...about, ...event } as unknown as AwsRequest
      await services.send(request, { account: to.account })
    }
    expect(parsed.length).toBeGreaterThan(20)
    expect(hosts.length).toBeGreaterThanOrEqual(parsed.length)
    expect(hosts.filter((host) => !/\.amazonaws\.com(?:\.cn)?$/.test(host))).toEqual([])
  })
})
