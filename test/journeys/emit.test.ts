import { Compile } from 'typebox/compile'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import {
  CATALOGUE,
  detailTypeOf,
  eventSchema,
  faultOf,
  idsOf,
} from '#src/model/catalogue/catalogue.ts'
import { signedHeaders } from '#src/model/sigv4.ts'
import { follow } from '../event-follower.ts'
import type { EventFollower, StreamedEvent } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, OTHER_REGION, REGION, createOrganisation } from '../organisation.ts'
import { restAs } from '../rest-caller.ts'
import type { Caller, RestAnswer } from '../rest-caller.ts'

const NAMESPACE = { prefix: 'stax', partner: 'stax.io' }
const SOURCE = `aws.partner/stax.io/${ACCOUNTS.LOGGING}/default`
const BUS = `arn:aws:events:${REGION}:${ACCOUNTS.LOGGING}:event-bus/${SOURCE}`
const OTHERS_ACCOUNT = '777777777777'
const VPC = { resourceId: '0194f0e2-5a3c-7b11-9d0e-8b9c0d1e2f3a', status: 'SUCCESS' }

const folder = newDataFolder()
let hub: HubProcess
let follower: EventFollower
let organisationId: string
let accountIds: Record<string, string>
let portal: Caller
let elsewhere: string

const made = async (path: string, body: object): Promise<any> => {
  const answer = await hub.rest('POST', path, body)
  if (answer.status !== 201) throw new Error(JSON.stringify(answer))
  return answer.body
}
const newToken = async (name: string, role: string): Promise<Caller> => {
  const { accessKeyId, secretAccessKey } = await made('/api-tokens', {
    ...{ organisationId, name, role },
  })
  return { accessKeyId, secretAccessKey }
}
const emitAs = (caller: Caller, ...events: readonly object[]): Promise<RestAnswer> =>
  restAs(hub, caller, ['POST', '/tenancy-events', { events }])
const emit = (...events: readonly object[]) => emitAs(portal, ...events)
const withId = (id: string) => (event: StreamedEvent) => event.data.event.detail.staxEventID === id
const arrived = async (id: string): Promise<any> => {
  const [event] = await follower.waitFor(1, withId(id))
  expect(event?.data.bus).toBe(BUS)
  return event?.data.event
}

beforeAll(async () => {
  hub = await startHubProcess(folder)
  ;({ organisationId, accountIds } = await createOrganisation(hub))
  elsewhere = (
    await made('/organisations', { name: 'Other', alias: 'other', installationRegion: REGION })
  ).id
  await made('/accounts', {
    ...{ organisationId: elsewhere, awsAccountId: OTHERS_ACCOUNT, name: 'secret-name' },
  })
  portal = await newToken('portal', 'api_operations')
  follower = await follow(hub, await hub.profile('operator'))
})

afterAll(async () => {
  follower.close()
  await hub.kill('SIGKILL')
  removeDataFolder(folder)
})

describe('an event of a portal', () => {
  it('arrives on the partner event bus, with names, once, though it is sent twice', async () => {
    const id = randomUUID()
    const time = new Date(Date.now() - 60_000).toISOString()
    const event = {
      ...{ id, time, name: 'VpcCreateEvent' },
      fields: { ...VPC, awsAccountId: ACCOUNTS.MEMBER, ofTomorrow: { any: [1.5] } },
      aws: { accountId: ACCOUNTS.MEMBER, region: OTHER_REGION },
    }
    const answers = await Promise.all([emit(event), emit(event)])
    answers.push(await emit(event, event))
    for (const { status } of answers) expect(status).toBe(200)
    expect(answers.flatMap(({ body }) => body.results)).toEqual(
      [id, id, id, id].map((eventId) => ({ eventId })),
    )

    const { detail, ...envelope } = await arrived(id)
    expect(envelope).toMatchObject({
      source: SOURCE,
      account: ACCOUNTS.LOGGING,
      region: REGION,
      'detail-type': 'Networking: VpcCreateEvent',
      time: `${time.slice(0, 19)}Z`,
    })
    expect(detail).toMatchObject({
      staxEventSource: 'stax.networking',
      staxEventVersion: '1',
      staxEventTime: `${time.slice(0, -1)}000Z`,
      accountName: 'member-account',
      ofTomorrow: { any: [1.5] },
      meta: {
        organization: { id: organisationId, name: 'Test' },
        apiToken: { tokenName: 'portal' },
        aws: { accountId: ACCOUNTS.MEMBER, accountName: 'member-account', region: OTHER_REGION },
      },
    })
    const last = await emit({ name: 'VpcDeleteEvent', fields: VPC })
    await arrived(last.body.results[0].eventId)
    expect(follower.events.filter(withId(id))).toHaveLength(1)
  })

  it('is known again after the hub was killed', async () => {
    const event = { id: randomUUID(), name: 'HubCreateEvent', fields: VPC }
    expect((await emit(event)).body.results).toEqual([{ eventId: event.id }])
    follower.close()
    await hub.kill('SIGKILL')
    hub = await startHubProcess(folder)
    const operator = await hub.profile('operator')
    follower = await follow(hub, operator, {}, '0')
    expect((await emit(event)).body.results).toEqual([{ eventId: event.id }])
    const last = await emit({ name: 'VpcDeleteEvent', fields: VPC })
    await arrived(last.body.results[0].eventId)
    const seen = follower.events.filter(withId(event.id)).map(({ data }) => data.event.id)
    // Read from the start of the log: a crash may repeat an envelope, never make another.
    expect(new Set(seen).size).toBe(1)
  })

  it('happens in the region that signed the call, if it is one of the organisation', async () => {
    const event = { name: 'VpcUpdateEvent', fields: VPC, aws: { accountId: ACCOUNTS.MEMBER } }
    const { body } = await emitSigned(OTHER_REGION, event)
    const { detail } = await arrived(body.results[0].eventId)
    expect(detail.meta.aws.region).toBe(OTHER_REGION)
    const refused = await emitSigned('eu-west-1', event)
    expect(refused.status).toBe(422)
    expect(refused.body.message).toContain(`name one of ${REGION}, ${OTHER_REGION}`)
  })

  it('keeps the version of a newer publisher, the order of its batch, and its trace', async () => {
    const batch = Array.from({ length: 20 }, () => ({
      ...{ id: randomUUID(), name: 'WorkloadCreateEvent', fields: VPC, eventVersion: '2' },
    }))
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const { status } = await emitSigned(REGION, batch, { traceparent })
    expect(status).toBe(200)
    const { detail } = await arrived(batch.at(-1)?.id as string)
    expect(detail).toMatchObject({ staxEventVersion: '2', meta: { traceContext: { traceparent } } })
    const ids = new Set(batch.map(({ id }) => id))
    const order = follower.events.map(({ data }) => data.event.detail.staxEventID)
    expect(order.filter((id) => ids.has(id))).toEqual([...ids])
  })

  it('gains no names of another organisation', async () => {
    const { body } = await emit({
      name: 'VpcCreateEvent',
      fields: { ...VPC, awsAccountId: OTHERS_ACCOUNT },
    })
    const { detail } = await arrived(body.results[0].eventId)
    expect(detail.awsAccountId).toBe(OTHERS_ACCOUNT)
    expect(JSON.stringify(detail)).not.toContain('secret-name')
  })
})

describe('events that cannot be taken', () => {
  it('are answered one by one, beside those that were taken', async () => {
    const wrong = { name: 'VpcCreateEvent', fields: { ...VPC, resourceName: 7 } }
    const mixed = await emit(wrong, { name: 'VpcCreateEvent', fields: VPC })
    expect(mixed.status).toBe(207)
    expect(mixed.body.results[0]).toEqual({
      code: 'tenancy-event.invalid',
      message:
        'the event was not taken: "resourceName" must be string in the fields of VpcCreateEvent',
    })
    await arrived(mixed.body.results[1].eventId)
    const none = await emit(wrong, wrong)
    expect(none.status).toBe(422)
    expect(none.body).toMatchObject({ code: 'tenancy-event.invalid', results: [{}, {}] })
    expect(none.body.message).toContain('none of the 2 events was taken')
  })

  const DAY_MS = 86_400_000
  const later = (ms: number) => new Date(Date.now() + ms).toISOString()
  const guardDuty = {
    state: 'ACTIVE',
    status: 'SUCCESS',
    configuration: { Features: { S3_DATA_EVENTS: { Enable: 'yes' } } },
  }
  const vpc = (more: object) => ({ name: 'VpcCreateEvent', fields: VPC, ...more })
  const REFUSALS: readonly (readonly [what: string, event: unknown, code: string, says: string])[] =
    [
      ...([
        ['a name that is near others', { name: 'VpcCreatedEvent', fields: VPC }, 'VpcCreateEvent'],
        ['a name like no other', { name: 'Zzz', fields: VPC }, 'no event "Zzz": see'],
        [
          'a detail type for a name',
          { name: 'Networking: VpcCreateEvent', fields: VPC },
          'near it are VpcCreateEvent',
        ],
      ].map(([what, event, says]) => [what, event, 'tenancy-event.unknown', says]) as any),
      ...([
        ['a missing field', vpc({ fields: { status: 'SUCCESS' } }), '"resourceId" is missing'],
        [
          'a missing status',
          vpc({ fields: { resourceId: VPC.resourceId } }),
          '"status" is missing',
        ],
        [
          'a wrong type far inside',
          { name: 'GuardDutyUpdateEvent', fields: guardDuty },
          '"configuration.',
        ],
        [
          'the name of the event as a field',
          vpc({ fields: { ...VPC, staxEventName: 'X' } }),
          'hub',
        ],
        ['meta as a field', vpc({ fields: { ...VPC, meta: {} } }), '"meta" of VpcCreateEvent'],
        ['fields that are none', vpc({ fields: [] }), '"fields" must be object'],
        ['no object', 'VpcCreateEvent', 'must be object'],
        ['a misspelt member', vpc({ organizationId: 'x' }), '"organizationId" is not'],
        ['a misspelt member of aws', vpc({ aws: { account: '1' } }), '"aws.account" is not known'],
        ['an id that is no UUID', vpc({ id: '7' }), '"id" must be a UUID'],
        ['a user that is no UUID', vpc({ userId: 'me' }), '"userId" must be a UUID'],
        ['a time that is none', vpc({ time: 'yesterday' }), '"time" must be an instant'],
        ['a time ahead', vpc({ time: later(10 * 60_000) }), 'at most 5 minutes ahead'],
        ['a time long ago', vpc({ time: later(-8 * DAY_MS) }), '7 days old'],
        [
          'a version that is none',
          vpc({ eventVersion: 'x' }),
          '"eventVersion" must be a whole number from 1',
        ],
        ['an account that is none', vpc({ aws: { accountId: '12' } }), '"aws.accountId" must'],
      ].map(([what, event, says]) => [what, event, 'tenancy-event.invalid', says]) as any),
      [
        'a region that is not enabled',
        vpc({ aws: { accountId: ACCOUNTS.MEMBER, region: 'eu-west-1' } }),
        'region.not-enabled',
        `it has ${REGION}, ${OTHER_REGION}`,
      ],
      [
        'an account of another organisation',
        vpc({ aws: { accountId: OTHERS_ACCOUNT, region: REGION } }),
        'account.not-found',
        '"aws.accountId" 777777777777',
      ],
      [
        'fields that are too large',
        vpc({ fields: { ...VPC, text: 'x'.repeat(300_000) } }),
        'tenancy-event.too-large',
        'at most 262144',
      ],
    ]
  it.each(REFUSALS)('for %s', async (_what, event, code, says) => {
    const { status, body } = await emit(event as object)
    expect([status, body.code]).toEqual([422, code])
    expect(body.message).toContain(says)
  })

  it('for an organisation that is not the caller’s, or that the operator does not name', async () => {
    const foreign = await emit(vpc({ organisationId: elsewhere }))
    expect(foreign.body.code).toBe('organisation.not-found')
    const operator = await hub.profile('operator')
    expect((await emitAs(operator, vpc({}))).body.message).toContain('"organisationId" is missing')
    expect((await emitAs(operator, vpc({ organisationId }))).status).toBe(200)
  })

  it('for an id that another event has', async () => {
    const id = randomUUID()
    expect((await emit(vpc({ id }))).status).toBe(200)
    const { body } = await emit({ id, name: 'VpcDeleteEvent', fields: VPC })
    expect(body.code).toBe('tenancy-event.id-taken')
  })

  it('for a body that holds none, too many, or something else', async () => {
    const post = (body: unknown) => restAs(hub, portal, ['POST', '/tenancy-events', body])
    for (const body of [{}, [], { events: [] }, { events: {} }, { events: [vpc({})], x: 1 }]) {
      expect((await post(body)).body.code).toBe('request.invalid')
    }
    const many = await post({ events: Array(501).fill(vpc({})) })
    expect([many.status, many.body.code]).toEqual([413, 'tenancy-event.too-many'])
  })
})

describe('who may emit', () => {
  it('is Operations and Admin', async () => {
    const event = { name: 'VpcCreateEvent', fields: VPC }
    for (const role of ['api_user', 'api_readonly']) {
      const { status, body } = await emitAs(await newToken(role, role), event)
      expect([status, body.code]).toEqual([403, 'caller.forbidden'])
    }
    expect((await emitAs(undefined, event)).status).toBe(401)
    expect((await emitAs(await newToken('admin', 'api_admin'), event)).status).toBe(200)
  })
})

describe('every event of the catalogue', () => {
  it('is taken with its example, and arrives as its schema says', async () => {
    // Named without the names that enrichment sets, as a publisher does, and whole.
    const events = CATALOGUE.flatMap((type) => {
      const gained = new Set(idsOf(type).flatMap(([, { gains }]) => Object.keys(gains)))
      const bare = Object.entries(type.example).filter(([field]) => !gained.has(field))
      const known = idsOf(type).every(([, { kind }]) => kind === 'aws-account')
      return [type.example, ...(known ? [Object.fromEntries(bare)] : [])].map((fields) => ({
        type,
        event: { id: randomUUID(), name: type.name, fields },
      }))
    })
    const { status, body } = await emit(...events.map(({ event }) => event))
    expect(body.results).toEqual(events.map(({ event: { id } }) => ({ eventId: id })))
    expect(status).toBe(200)
    for (const { type, event } of events) {
      const whole = await arrived(event.id)
      expect(whole['detail-type']).toBe(detailTypeOf(type))
      expect(faultOf(Compile(eventSchema(type, NAMESPACE)), whole)).toBeUndefined()
      expect(whole.detail).toMatchObject(event.fields)
    }
  })

  it('gains the names behind its IDs', async () => {
    const fields = { accountId: accountIds['MEMBER'], status: 'SUCCESS' }
    const { body } = await emit({ name: 'AccountUpdateEvent', fields })
    const { detail } = await arrived(body.results[0].eventId)
    expect(detail).toMatchObject({
      awsAccountId: ACCOUNTS.MEMBER,
      accountName: 'member-account',
      accountType: 'workload',
    })
  })
})

/** Emits with a signature for a region. */
async function emitSigned(
  region: string,
  events: object | readonly object[],
  headers: Record<string, string> = {},
): Promise<RestAnswer> {
  const body = JSON.stringify({ events: [events].flat() })
  const url = '/api/v1/tenancy-events'
  const { host: _, ...signed } = signedHeaders(
    {
      method: 'POST',
      url,
      headers: { host: new URL(hub.url).host, 'content-type': 'application/json' },
      body,
    },
    {
      ...(portal as { accessKeyId: string; secretAccessKey: string }),
      ...{ region, service: 'belfry', now: Date.now() },
    },
  )
  const answer = await fetch(hub.url + url, {
    method: 'POST',
    headers: { ...signed, ...headers },
    body,
  })
  return { status: answer.status, body: await answer.json() }
}
