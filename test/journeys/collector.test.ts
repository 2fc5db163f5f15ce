import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { follow } from '../event-follower.ts'
import type { EventFollower } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, OTHER_REGION, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

const folder = newDataFolder()
let hub: HubProcess
let receiver: Receiver
let follower: EventFollower
let ingestKey: string
let organisationId: string
/** What came to a target on the account's own bus, byte for byte. */
const rawBodies: string[] = []
const rawReceiver = createServer((request, response) => {
  void keepRaw(request, response)
})
async function keepRaw(request: IncomingMessage, response: ServerResponse): Promise<void> {
  rawBodies.push(await text(request))
  response.end()
}

beforeAll(async () => {
  hub = await startHubProcess(folder)
  receiver = await startReceiver()
  ;({ ingestKey, organisationId } = await createOrganisation(hub))
  follower = await follow(hub, await hub.profile('operator'))
  await new Promise<void>((resolve) => rawReceiver.listen(0, '127.0.0.1', resolve))
  const { port } = rawReceiver.address() as AddressInfo
  await rule('member', `${receiver.url}/member`, `http://127.0.0.1:${port}/`)
  await rule('security', `${receiver.url}/security`)
})
afterAll(async () => {
  follower.close()
  await hub.kill('SIGTERM')
  await receiver.close()
  rawReceiver.close()
  removeDataFolder(folder)
})

/** A rule on an account's default bus that takes every AWS event to targets. */
async function rule(profile: string, ...urls: readonly string[]): Promise<void> {
  const credentials = await hub.profile(profile)
  const events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
  const EventPattern = '{"source":[{"prefix":"aws."}]}'
  await events.send(new PutRuleCommand({ Name: 'all', EventPattern }))
  const Targets = urls.map((Arn, index) => ({ Id: String(index), Arn }))
  await events.send(new PutTargetsCommand({ Rule: 'all', Targets }))
}

let serial = 0
const awsEvent = (more: object = {}) => ({
  version: '0',
  id: `event-${(serial += 1)}`,
  'detail-type': 'EC2 Instance State-change Notification',
  source: 'aws.ec2',
  account: ACCOUNTS.MEMBER as string,
  time: '2026-01-31T08:15:00Z',
  region: REGION as string,
  resources: ['arn:aws:ec2:ap-southeast-2:444444444444:instance/i-1'],
  detail: { state: 'running' },
  ...more,
})

async function send(body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${hub.url}/ingest/aws`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': ingestKey, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const answer = (await response.json()) as any
  return { status: response.status, answer }
}

const busOf = (account: string, region: string = REGION) =>
  `arn:aws:events:${region}:${account}:event-bus/default`
/** The buses on which an event was seen, in the order in which it came there. */
const busesOf = async (id: string, count: number) => {
  const seen = await follower.waitFor(count, ({ data }) => data.event.id === id)
  return seen.map(({ data }) => data.bus)
}

describe('the collector', () => {
  it('takes one event to its own default bus, the security account and a target there', async () => {
    const event = awsEvent()
    expect(await send(event)).toEqual({ status: 200, answer: { accepted: 1, refused: [] } })
    expect(await busesOf(event.id, 2)).toEqual([busOf(ACCOUNTS.MEMBER), busOf(ACCOUNTS.SECURITY)])
    for (const path of ['/member', '/security']) {
      const came = await receiver.waitFor(1, (one) => one.path === path && one.body.id === event.id)
      expect(came.map(({ body }) => body)).toEqual([event])
    }
  })

  it('puts each event on the bus of its own account and region', async () => {
    const there = awsEvent({ region: OTHER_REGION })
    const security = awsEvent({ account: ACCOUNTS.SECURITY })
    expect((await send([there, security])).answer).toEqual({ accepted: 2, refused: [] })
    expect(await busesOf(there.id, 2)).toEqual([
      busOf(ACCOUNTS.MEMBER, OTHER_REGION),
      busOf(ACCOUNTS.SECURITY, OTHER_REGION),
    ])
    expect(await busesOf(security.id, 1)).toEqual([busOf(ACCOUNTS.SECURITY)])
    await receiver.waitFor(1, (one) => one.path === '/security' && one.body.id === security.id)
  })

  it('takes an array in its order', async () => {
    const events = Array.from({ length: 50 }, () => awsEvent())
    expect(await send(events)).toMatchObject({ status: 200, answer: { accepted: 50 } })
    const ids = events.map(({ id }) => id)
    const here = await follower.waitFor(
      50,
      ({ data }) => ids.includes(data.event.id) && data.bus === busOf(ACCOUNTS.MEMBER),
    )
    expect(here.map(({ data }) => data.event.id)).toEqual(ids)
    expect(await send([])).toEqual({ status: 200, answer: { accepted: 0, refused: [] } })
  })

  it('hands the envelope on as it came, with further fields and numbers as written', async () => {
    const written = `{
      "version": "0", "id": "exact", "detail-type": "d", "source": "aws.ec2", "account":
      "${ACCOUNTS.MEMBER}", "time": "2026-01-31T08:15:00.123Z", "region": "${REGION}",
      "resources": [], "replay-name": "r", "more": {"n": 1.0},
      "detail": { "n" : 1.0, "e": 2E+3, "big": 12345678901234567890, "t": "a\\u00e9 \\/ \\n x" }
    }`
    const compact = written.replaceAll(/\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/g, '')
    expect(compact).toContain('"t":"a\\u00e9 \\/ \\n x"}}')
    expect((await send(written)).status).toBe(200)
    const seen = await follower.waitFor(2, ({ data }) => data.event.id === 'exact')
    for (const one of seen) expect(one.text.endsWith(`,"event":${compact}}`)).toBe(true)
    await receiver.waitFor(2, ({ body }) => body.id === 'exact')
    while (!rawBodies.includes(compact)) await new Promise((resolve) => setTimeout(resolve, 10))
  })

  it('takes the last of two fields with one name, as other readers of JSON do', async () => {
    const event = awsEvent()
    const twice = JSON.stringify(event).replace('{', `{"account":"${ACCOUNTS.LOGGING}",`)
    expect((await send(twice)).answer).toEqual({ accepted: 1, refused: [] })
    expect((await busesOf(event.id, 2))[0]).toBe(busOf(ACCOUNTS.MEMBER))
    const [first] = await follower.waitFor(1, ({ data }) => data.event.id === event.id)
    expect(first?.text.match(/"account":/g)).toHaveLength(1)
  })
})

describe('events that are refused', () => {
  it('are named with their reasons, and take no other event with them', async () => {
    const good = [awsEvent(), awsEvent()]
    const stranger = awsEvent({ account: '999999999999' })
    const elsewhere = awsEvent({ region: 'eu-north-1' })
    const forged = awsEvent({ source: `aws.partner/stax.io/${ACCOUNTS.LOGGING}/default` })
    const refusals = [stranger, elsewhere, { id: 'x' }, forged]
    const { status, answer } = await send([good[0], ...refusals, good[1]])
    expect(status).toBe(207)
    expect(answer).toEqual({
      accepted: 2,
      refused: [
        {
          index: 1,
          id: stranger.id,
          code: 'AccountNotManaged',
          message: expect.stringContaining('account 999999999999 is not managed'),
        },
        {
          index: 2,
          id: elsewhere.id,
          code: 'RegionNotEnabled',
          message: expect.stringContaining('region eu-north-1 is not enabled'),
        },
        { index: 3, code: 'MalformedEvent', message: expect.stringContaining('"detail-type"') },
        {
          index: 4,
          id: forged.id,
          code: 'NotAuthorizedForSource',
          message: expect.stringContaining('belfry emit'),
        },
      ],
    })
    for (const { id } of good) await busesOf(id, 2)
    const refused = new Set([stranger.id, elsewhere.id, 'x', forged.id])
    expect(follower.events.filter(({ data }) => refused.has(data.event.id))).toEqual([])
  })

  it.each<[string, object]>([
    ['"id"', { id: '' }],
    ['"detail-type"', { 'detail-type': 5 }],
    ['"source"', { source: undefined }],
    ['"account"', { account: '12345' }],
    ['"account"', { account: 444444444444 }],
    ['"region"', { region: 'Sydney' }],
    ['"time"', { time: 'yesterday' }],
    ['"detail"', { detail: 'text' }],
    ['"detail"', { detail: null }],
    ['"detail"', { detail: undefined }],
  ])('for a wrong %s are told so: %j', async (field, more) => {
    const { status, answer } = await send(awsEvent(more))
    expect(status).toBe(422)
    expect(answer).toMatchObject({ accepted: 0, refused: [{ index: 0, code: 'MalformedEvent' }] })
    expect(answer.refused[0].message).toContain(field)
  })

  it('as a whole when the body is no JSON event or array', async () => {
    for (const body of ['', '{', '{"a":1}}', '5', '"text"', '[1,]', 'null']) {
      const { status } = await send(body)
      expect([body, [400, 422].includes(status)]).toEqual([body, true])
    }
    expect(await send('[1, "x", [], null]')).toMatchObject({
      status: 422,
      answer: { accepted: 0, refused: [{ index: 0 }, { index: 1 }, { index: 2 }, { index: 3 }] },
    })
  })

  it('when they nest too deep, without those beside them', async () => {
    const deep = '{"a":'.repeat(1_100) + '1' + '}'.repeat(1_100)
    const event = awsEvent()
    const body = `[${JSON.stringify(event).replace('{"state":"running"}', deep)},${JSON.stringify(awsEvent())}]`
    expect(await send(body)).toMatchObject({
      status: 207,
      answer: { accepted: 1, refused: [{ index: 0, code: 'MalformedEvent' }] },
    })
  })

  it('are counted: a thousand are taken at once and not one more', async () => {
    const events = Array.from({ length: 1_001 }, () => awsEvent({ source: 'test.many' }))
    const { status, answer } = await send(events)
    expect([status, answer.code]).toEqual([413, 'ingest.too-many'])
    expect(answer.message).toContain('1001')
    expect(await send(events.slice(1))).toMatchObject({ status: 200, answer: { accepted: 1_000 } })
    const ids = new Set(events.map(({ id }) => id))
    const seen = await follower.waitFor(1_000, ({ data }) => ids.has(data.event.id))
    expect(seen).toHaveLength(1_000)
    expect(seen.some(({ data }) => data.event.id === events[0]?.id)).toBe(false)
  })
})

describe('the ingest key', () => {
  it('must be there and be known', async () => {
    for (const key of ['', 'wrong', `${ingestKey}x`]) {
      const { status, answer } = await send(awsEvent(), { 'x-api-key': key })
      expect([status, answer.code]).toEqual([401, 'ingest-key.refused'])
    }
    const none = await fetch(`${hub.url}/ingest/aws`, { method: 'POST', body: '{}' })
    expect(none.status).toBe(401)
  })

  it('opens the accounts of its own organisation alone', async () => {
    const regions = { installationRegion: REGION, regions: [REGION] }
    const other = { name: 'Other', alias: 'other', ...regions }
    const { id } = (await hub.rest('POST', '/organisations', other)).body
    const given = { organisationId: id, name: 'theirs' }
    const { key } = (await hub.rest('POST', '/ingest-keys', given)).body
    const { status, answer } = await send(awsEvent(), { 'x-api-key': key })
    expect([status, answer.refused[0].code]).toEqual([422, 'AccountNotManaged'])
  })

  it('opens nothing once it is deleted', async () => {
    const created = await hub.rest('POST', '/ingest-keys', { organisationId, name: 'short' })
    const headers = { 'x-api-key': created.body.key as string }
    expect((await send(awsEvent(), headers)).status).toBe(200)
    expect((await hub.rest('DELETE', `/ingest-keys/${created.body.id}`)).status).toBe(204)
    expect((await send(awsEvent(), headers)).status).toBe(401)
  })
})

describe('a region that is enabled later', () => {
  it('takes events from then on', async () => {
    const event = awsEvent({ region: 'eu-west-1' })
    expect((await send(event)).status).toBe(422)
    const regions = [REGION, OTHER_REGION, 'eu-west-1']
    await hub.rest('PATCH', `/organisations/${organisationId}`, { regions })
    expect((await send(event)).status).toBe(200)
    expect(await busesOf(event.id, 2)).toEqual([
      busOf(ACCOUNTS.MEMBER, 'eu-west-1'),
      busOf(ACCOUNTS.SECURITY, 'eu-west-1'),
    ])
  })
})
