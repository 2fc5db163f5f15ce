import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { follow } from '../event-follower.ts'
import type { StreamedEvent } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, OTHER_REGION, REGION, createOrganisation } from '../organisation.ts'
import { restAs } from '../rest-caller.ts'
import type { Caller } from '../rest-caller.ts'

const folder = newDataFolder()
let hub: HubProcess
let operator: Caller
let reader: Caller
let organisationId: string

beforeAll(async () => {
  hub = await startHubProcess(folder)
  ;({ organisationId } = await createOrganisation(hub))
  operator = await hub.profile('operator')
  reader = await newReader(organisationId)
  // The first call of an API token is an event of the tenancy: not among those that are counted.
  const follower = await follow(hub, operator, { detailType: 'APITokenAuthenticationEvent' })
  await restAs(hub, reader, ['GET', '/caller'])
  await put(['member'])
  await put(['logging'], { profile: 'logging' })
  await follower.waitFor(3)
  follower.close()
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

async function newReader(id: string): Promise<Caller> {
  const given = { organisationId: id, name: 'reader', role: 'api_readonly' }
  return (await hub.rest('POST', '/api-tokens', given)).body
}

/** Puts events with these names, as an account in a region; answers their ids. */
async function put(
  names: readonly string[],
  { profile = 'member', region = REGION, more = {} } = {},
) {
  const credentials = await hub.profile(profile)
  const events = new EventBridgeClient({ endpoint: hub.url, region, credentials })
  const ids: string[] = []
  for (let at = 0; at < names.length; at += 10) {
    const Entries = names.slice(at, at + 10).map((name) => ({
      ...{ Source: 'stream.test', DetailType: 'Test', Detail: `{"name":"${name}"}`, ...more },
    }))
    const answer = await events.send(new PutEventsCommand({ Entries }))
    ids.push(...(answer.Entries?.map(({ EventId }) => EventId as string) ?? []))
  }
  return ids
}

const ours = ({ data }: StreamedEvent) => data.event.source === 'stream.test'
const nameOf = ({ data }: StreamedEvent) => data.event.detail.name as string
const numbered = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

describe('the live stream', () => {
  it('shows events as they come, with where they stand and whose they are', async () => {
    await put(['before'])
    const follower = await follow(hub, reader)
    const [id] = await put(['live'])
    const [event] = await follower.waitFor(1, ours)
    expect(event?.data).toEqual({
      position: Number(event?.id),
      bus: `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:event-bus/default`,
      acceptedAt: expect.any(Number),
      accountName: 'member-account',
      event: expect.objectContaining({ id, source: 'stream.test', detail: { name: 'live' } }),
    })
    expect(follower.events.map(nameOf)).toEqual(['live'])
    follower.close()
  })

  it('shows many events in their order, to every follower alike', async () => {
    const followers = await Promise.all([follow(hub, reader), follow(hub, operator)])
    const names = numbered('many', 200)
    await put(names)
    for (const follower of followers) {
      expect((await follower.waitFor(200, ours)).map(nameOf)).toEqual(names)
      const positions = follower.events.map(({ data }) => data.position)
      expect(positions).toEqual(positions.toSorted((a, b) => a - b))
      expect(new Set(positions).size).toBe(positions.length)
      follower.close()
    }
  })

  it('shows numbers as they were written', async () => {
    const follower = await follow(hub, reader, { detailType: 'Numbers' })
    const Detail = '{ "n": 1.0, "big": 12345678901234567890 }'
    await put(['numbers'], { more: { DetailType: 'Numbers', Detail } })
    const [event] = await follower.waitFor(1)
    expect(event?.text).toContain('"detail":{"n":1.0,"big":12345678901234567890}}')
    follower.close()
  })

  it('begins with the first event of all where that is asked for', async () => {
    const follower = await follow(hub, operator, { since: 'start' })
    const [first] = await follower.waitFor(1)
    expect(first?.data.event['detail-type']).toBe('OrganisationManagement: OrganisationCreateEvent')
    await follower.waitFor(1, (event) => nameOf(event) === 'before')
    follower.close()
  })
})

describe('filters', () => {
  it.each<[string, Record<string, string>, readonly string[]]>([
    ['an account', { account: ACCOUNTS.LOGGING }, ['logging']],
    ['a region', { region: OTHER_REGION }, ['there']],
    ['a source', { source: 'stream.other' }, ['other']],
    ['the beginning of a source', { source: 'stream.*', detailType: 'Test' }, ['*']],
    ['a detail type', { detailType: 'Special' }, ['special']],
    ['the name of a bus', { bus: 'default', account: ACCOUNTS.LOGGING }, ['logging']],
    [
      'the ARN of a bus',
      { bus: `arn:aws:events:${OTHER_REGION}:${ACCOUNTS.MEMBER}:event-bus/default` },
      ['there'],
    ],
    ['a bus that has no events', { bus: 'orders' }, []],
    ['a pattern', { pattern: '{"detail":{"name":["here"]}}' }, ['here']],
    ['all at once', { source: 'stream.test', detailType: 'Special', region: OTHER_REGION }, []],
  ])('show only events of %s', async (_what, query, expected) => {
    const [all, filtered] = await Promise.all([follow(hub, reader), follow(hub, reader, query)])
    await put(['here'])
    await put(['there'], { region: OTHER_REGION })
    await put(['logging'], { profile: 'logging' })
    await put(['other'], { more: { Source: 'stream.other' } })
    await put(['special'], { more: { DetailType: 'Special' } })
    const names = ['here', 'there', 'logging', 'other', 'special']
    await all.waitFor(5)
    expect(all.events.map(nameOf)).toEqual(names)
    const wanted = expected[0] === '*' ? names.slice(0, 4) : expected
    // One more that no filter hides would follow at once; wait for those that pass instead.
    expect((await filtered.waitFor(wanted.length)).map(nameOf)).toEqual(wanted)
    all.close()
    filtered.close()
  })

  it.each<[string, Record<string, string>, string]>([
    ['a pattern that is none', { pattern: '{"source":"x"}' }, 'pattern.invalid'],
    ['a pattern that is not JSON', { pattern: '{' }, 'pattern.invalid'],
    ['a beginning that is unknown', { since: 'yesterday' }, 'request.invalid'],
  ])('with %s are refused', async (_what, query, code) => {
    const path = `/events/stream?${new URLSearchParams(query).toString()}`
    expect(await restAs(hub, reader, ['GET', path])).toMatchObject({ status: 400, body: { code } })
  })

  it.each(['x', '-1', '1.5', '99999999999999999999'])(
    'after the position "%s" are refused',
    async (position) => {
      await expect(follow(hub, reader, {}, position)).rejects.toThrow('stream.invalid-position')
    },
  )
})

describe('who follows', () => {
  it('cannot follow names that are neither whole nor a prefix', async () => {
    for (const name of ['account', 'region', 'source', 'detailType', 'bus']) {
      const path = `/events/stream?${name}=a*b`
      const { status, body } = await restAs(hub, reader, ['GET', path])
      expect([status, body.code]).toEqual([400, 'filter.invalid'])
      expect(body.message).toContain(`"${name}" is a whole name, or a prefix that ends in *`)
    }
  })

  it('must prove who they are', async () => {
    await expect(follow(hub, undefined)).rejects.toThrow(/^401 .*caller\.unknown/)
    await expect(follow(hub, { sessionToken: 'x' })).rejects.toThrow(/^401 .*caller\.unknown/)
  })

  it('sees nothing of another organisation', async () => {
    const regions = { installationRegion: REGION, regions: [REGION] }
    const other = { name: 'Other', alias: 'other', ...regions }
    const { id } = (await hub.rest('POST', '/organisations', other)).body
    const account = { organisationId: id, awsAccountId: '555555555555', name: 'theirs' }
    await hub.rest('POST', '/accounts', account)
    const theirs = await newReader(id)
    const query = { since: 'start' }
    const [mine, others] = await Promise.all([
      follow(hub, reader, query),
      follow(hub, theirs, query),
    ])
    await put(['for us'])
    await put(['for them'], { profile: 'other-member' })
    const them = await others.waitFor(1)
    expect(them.map(nameOf)).toEqual(['for them'])
    await put(['for us again'])
    await mine.waitFor(1, (event) => nameOf(event) === 'for us again')
    const accounts = (events: readonly StreamedEvent[]) =>
      new Set(events.map(({ data }) => data.bus.split(':')[4]))
    expect(accounts(mine.events)).not.toContain('555555555555')
    expect(accounts(others.events)).toEqual(new Set(['555555555555']))
    mine.close()
    others.close()
  })
})

describe('a follower that comes back', () => {
  it('misses nothing and sees nothing twice, also when the hub was restarted', async () => {
    const names = numbered('resume', 60)
    const seen: StreamedEvent[] = []
    const more = { DetailType: 'Resume' }
    const query = { detailType: 'Resume' }
    let follower = await follow(hub, reader, query)
    await put(names.slice(0, 20), { more })
    seen.push(...(await follower.waitFor(20)).slice(0, 13))
    follower.close()

    await put(names.slice(20, 30), { more })
    follower = await follow(hub, reader, query, seen.at(-1)?.id)
    seen.push(...(await follower.waitFor(17)).slice(0, 4))
    follower.close()

    await hub.kill('SIGTERM')
    hub = await startHubProcess(folder)
    await put(names.slice(30, 40), { more })
    follower = await follow(hub, reader, query, seen.at(-1)?.id)
    await put(names.slice(40), { more })
    seen.push(...(await follower.waitFor(43)))
    follower.close()
    expect(seen.map(nameOf)).toEqual(names)
    expect(new Set(seen.map(({ id }) => id)).size).toBe(60)
  })

  it('goes on after any event of the log, wherever it stands', async () => {
    const follower = await follow(hub, reader, { detailType: 'Resume', since: 'start' })
    const all = await follower.waitFor(60)
    follower.close()
    for (const at of [0, 1, 9, 30, 58]) {
      const later = await follow(hub, reader, { detailType: 'Resume' }, all[at]?.id)
      const rest = await later.waitFor(59 - at)
      expect(rest.map(({ id }) => id)).toEqual(all.slice(at + 1).map(({ id }) => id))
      later.close()
    }
  })
})
