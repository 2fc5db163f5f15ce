import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  EventBridgeClient,
} from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { follow } from '../event-follower.ts'
import type { EventFollower, StreamedEvent } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, OTHER_REGION, REGION, createOrganisation } from '../organisation.ts'
import { restAs } from '../rest-caller.ts'

const NAME = `aws.partner/stax.io/${ACCOUNTS.MEMBER}/siem`

const folder = newDataFolder()
let hub: HubProcess
let follower: EventFollower
let organisationId: string
let sources: EventBridgeClient

const offer = (body: object) => hub.rest('POST', '/event-sources', body)
const makeToken = async (name: string) => {
  const given = { organisationId, name, role: 'api_readonly' }
  return (await hub.rest('POST', '/api-tokens', given)).body.accessKeyId as string
}
const ofToken = (accessKeyId: string) => (event: StreamedEvent) =>
  event.data.event.detail.accessKeyId === accessKeyId

beforeAll(async () => {
  hub = await startHubProcess(folder)
  organisationId = (await createOrganisation(hub)).organisationId
  follower = await follow(hub, await hub.profile('operator'))
  const credentials = await hub.profile('member')
  sources = new EventBridgeClient({ endpoint: hub.url, region: OTHER_REGION, credentials })
})
afterAll(async () => {
  follower.close()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

it("brings the tenancy's events to any account and region that makes a bus for its source", async () => {
  const offered = await offer({
    ...{ awsAccountId: ACCOUNTS.MEMBER, region: OTHER_REGION, label: 'siem' },
    eventPattern: '{"detail":{"tokenName":[{"prefix":"wanted"}]}}',
  })
  expect(offered).toMatchObject({ status: 201, body: { name: NAME, state: 'PENDING' } })
  const early = await makeToken('wanted-early')

  const bus = { Name: NAME, EventSourceName: NAME }
  await sources.send(new CreateEventBusCommand(bus))
  const { id } = offered.body
  expect((await hub.rest('GET', `/event-sources/${id}`)).body.state).toBe('ACTIVE')

  const unwanted = await makeToken('other')
  const wanted = await makeToken('wanted')
  const [first, second] = await follower.waitFor(2, ofToken(wanted))
  const [own, copy] = first?.data.event.region === REGION ? [first, second] : [second, first]
  expect(own?.data.event.source).toBe(`aws.partner/stax.io/${ACCOUNTS.LOGGING}/default`)
  expect(copy?.data.bus).toBe(`arn:aws:events:${OTHER_REGION}:${ACCOUNTS.MEMBER}:event-bus/${NAME}`)
  expect(copy?.data.event).toEqual({
    ...own?.data.event,
    ...{ source: NAME, account: ACCOUNTS.MEMBER, region: OTHER_REGION },
  })
  expect(follower.events.filter(ofToken(early))).toHaveLength(1)
  expect(follower.events.filter(ofToken(unwanted))).toHaveLength(1)

  await hub.rest('PATCH', `/event-sources/${id}`, { eventPattern: null })
  const anyName = await makeToken('anything')
  expect(await follower.waitFor(2, ofToken(anyName))).toHaveLength(2)

  await sources.send(new DeleteEventBusCommand({ Name: NAME }))
  expect((await hub.rest('GET', `/event-sources/${id}`)).body.state).toBe('PENDING')
  await sources.send(new CreateEventBusCommand(bus))
  expect((await hub.rest('DELETE', `/event-sources/${id}`)).status).toBe(204)
  const after = await makeToken('after')
  const [event] = await follower.waitFor(1, ofToken(after))
  expect(event?.data.event.region).toBe(REGION)
  const told = follower.events
    .map(({ data }) => data.event.detail)
    .filter((detail) => detail.eventSourceName === NAME && detail.status === 'SUCCESS')
  expect(new Set(told.map((detail) => detail.staxEventName))).toEqual(
    new Set(['EventSourceCreateEvent', 'EventSourceUpdateEvent', 'EventSourceDeleteEvent']),
  )
  expect(told[0]).toMatchObject({ accountName: 'member-account', region: OTHER_REGION })
})

it('refuses what cannot be a source, and says why', async () => {
  const { MEMBER: awsAccountId } = ACCOUNTS
  const refusal = async (body: object) => {
    const answer = await offer(body)
    return [answer.status, answer.body.code]
  }
  expect(await refusal({ awsAccountId, label: 'default' })).toEqual([
    409,
    'event-source.default-reserved',
  ])
  expect(await refusal({ awsAccountId: '999999999999', label: 'x' })).toEqual([
    404,
    'account.not-found',
  ])
  expect(await refusal({ awsAccountId, label: 'x', region: 'eu-west-1' })).toEqual([
    400,
    'event-source.region-not-enabled',
  ])
  expect(await refusal({ awsAccountId, label: 'x', eventPattern: '{"source":1}' })).toEqual([
    400,
    'event-source.invalid-pattern',
  ])
  expect(await refusal({ awsAccountId, label: 'a/b' })).toEqual([400, 'request.invalid'])
  expect((await offer({ awsAccountId, label: 'twice' })).status).toBe(201)
  expect(await refusal({ awsAccountId, label: 'twice' })).toEqual([409, 'event-source.exists'])
})

it('makes no partner event bus without a source of that account, region and name', async () => {
  const create = (input: { Name: string; EventSourceName: string }) =>
    sources.send(new CreateEventBusCommand(input)).catch((error: Error) => error.name)
  const unknown = `aws.partner/stax.io/${ACCOUNTS.MEMBER}/nowhere`
  expect(await create({ Name: unknown, EventSourceName: unknown })).toBe(
    'ResourceNotFoundException',
  )
  expect(await create({ Name: 'other', EventSourceName: unknown })).toBe('ValidationException')
})

it('is for the roles admin and operations, and not for a token that is bound to accounts', async () => {
  const caller = async (given: object) =>
    (await hub.rest('POST', '/api-tokens', { organisationId, ...given })).body
  const { MEMBER: awsAccountId } = ACCOUNTS
  const asked = async (token: any, label: string) =>
    (await restAs(hub, token, ['POST', '/event-sources', { awsAccountId, label }])).status
  const user = await caller({ name: 'user', role: 'api_user' })
  expect(await asked(user, 'by-user')).toBe(403)
  const bound = await caller({
    ...{ name: 'bound', role: 'api_operations', onlyAccounts: [awsAccountId] },
  })
  expect(await asked(bound, 'by-bound')).toBe(403)
  const operations = await caller({ name: 'operations', role: 'api_operations' })
  expect(await asked(operations, 'by-operations')).toBe(201)
  const { body } = await restAs(hub, bound, ['GET', '/event-sources'])
  expect(body.items.map(({ name }: any) => name)).toContain(
    `aws.partner/stax.io/${awsAccountId}/by-operations`,
  )
})
