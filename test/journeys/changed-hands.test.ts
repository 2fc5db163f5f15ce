import {
  CreateConnectionCommand,
  CreateEventBusCommand,
  EventBridgeClient,
  ListConnectionsCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import {
  CreateRegistryCommand,
  ListRegistriesCommand,
  SchemasClient,
} from '@aws-sdk/client-schemas'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { follow } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'
import { restAs } from '../rest-caller.ts'
import type { Caller } from '../rest-caller.ts'
import { ended, told } from '../tenancy-calls.ts'

const SOURCE = `aws.partner/stax.io/${ACCOUNTS.MEMBER}/siem`

/** One of the two organisations that had the account, one after the other. */
interface Owner {
  readonly admin: Caller
  /** What it put on the account's bus, which its target refused. */
  readonly eventId: string
}

const folder = newDataFolder()
let hub: HubProcess
let receiver: Receiver
let before: Owner
let after: Owner
/** The first one's program in the account. */
let formerly: EventBridgeClient

beforeAll(async () => {
  hub = await startHubProcess(folder)
  receiver = await startReceiver((_request, response) => {
    response.statusCode = 410
    response.end()
  })
  const ours = await createOrganisation(hub)
  before = await owner(ours.organisationId, 'member')
  formerly = await eventBridge('member')
  await hub.rest('POST', '/event-sources', { awsAccountId: ACCOUNTS.MEMBER, label: 'siem' })
  await formerly.send(new CreateEventBusCommand({ Name: SOURCE, EventSourceName: SOURCE }))
  const { body } = await hub.rest('POST', `/accounts/${ours.accountIds['MEMBER']}/close`)
  await ended(hub, body.taskId)
  const regions = { installationRegion: REGION, regions: [REGION] }
  const other = { name: 'Other', alias: 'other', ...regions }
  const organisationId = (await hub.rest('POST', '/organisations', other)).body.id
  const account = { organisationId, awsAccountId: ACCOUNTS.MEMBER, name: 'theirs-now' }
  await hub.rest('POST', '/accounts', account)
  after = await owner(organisationId, 'other-member')
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)
})

/** Has an event of the account die at a target, under an organisation's management. */
async function owner(organisationId: string, profile: string): Promise<Owner> {
  const token = { organisationId, name: 'admin', role: 'api_admin' }
  const admin = (await hub.rest('POST', '/api-tokens', token)).body as NonNullable<Caller>
  const events = await eventBridge(profile)
  await events.send(new PutRuleCommand({ Name: 'all', EventPattern: '{"source":["app"]}' }))
  const Targets = [{ Id: 't', Arn: `${receiver.url}/${organisationId}` }]
  await events.send(new PutTargetsCommand({ Rule: 'all', Targets }))
  const registry = { RegistryName: `registry-of-${profile}` }
  await (await schemas(profile)).send(new CreateRegistryCommand(registry))
  await events.send(
    new CreateConnectionCommand({
      ...{ Name: `connection-of-${profile}`, AuthorizationType: 'BASIC' },
      AuthParameters: { BasicAuthParameters: { Username: profile, Password: 'p' } },
    }),
  )
  const eventId = await putEvent(profile)
  while ((await letters(admin)).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { admin, eventId }
}

async function eventBridge(profile: string): Promise<EventBridgeClient> {
  const credentials = await hub.profile(profile)
  return new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
}

async function schemas(profile: string): Promise<SchemasClient> {
  const credentials = await hub.profile(profile)
  return new SchemasClient({ endpoint: hub.url, region: REGION, credentials })
}

async function putEvent(profile: string): Promise<string> {
  const Entries = [{ Source: 'app', DetailType: 'd', Detail: '{}' }]
  const put = await (await eventBridge(profile)).send(new PutEventsCommand({ Entries }))
  return put.Entries?.[0]?.EventId ?? ''
}

async function letters(caller: Caller): Promise<readonly { id: number; eventId: string }[]> {
  return (await restAs(hub, caller, ['GET', '/dead-letters'])).body.items
}

describe('of an account that passed to another organisation, each sees what it had', () => {
  it.each<['first' | 'second']>([['first'], ['second']])('the %s', async (which) => {
    const [mine, others] = which === 'first' ? [before, after] : [after, before]
    const accountName = which === 'first' ? 'member-account' : 'theirs-now'

    const found = await restAs(hub, mine.admin, ['GET', `/events/${mine.eventId}`])
    expect(found.body.events[0]).toMatchObject({ accountName, event: { id: mine.eventId } })
    const strange = await restAs(hub, mine.admin, ['GET', `/events/${others.eventId}`])
    expect(strange.status).toBe(404)

    const [own, ...more] = await letters(mine.admin)
    expect(own).toMatchObject({ eventId: mine.eventId })
    expect(more).toEqual([])
    const [other] = await letters(others.admin)
    const path = `/dead-letters/${other?.id}`
    expect((await restAs(hub, mine.admin, ['GET', path])).status).toBe(404)

    const stream = await follow(hub, mine.admin, { since: 'start', source: 'app' })
    const [event] = await stream.waitFor(1)
    expect(event?.data).toMatchObject({ accountName, event: { id: mine.eventId } })
    // What comes last in the log shows that nothing else came before it.
    const last = await putEvent(which === 'first' ? 'security' : 'other-member')
    await stream.waitFor(1, ({ data }) => data.event.id === last)
    expect(stream.events.map(({ data }) => data.event.id)).not.toContain(others.eventId)
    stream.close()
  })

  it('and only the one that has it now delivers again', async () => {
    const redrive = async ({ admin }: Owner, body: object) =>
      (await restAs(hub, admin, ['POST', '/dead-letters/redrive', body])).body
    const [old] = await letters(before.admin)
    const [current] = await letters(after.admin)
    const ids = [old?.id, current?.id]
    expect(await redrive(before, { ids })).toEqual({ redriven: [], more: false })
    expect(await redrive(before, { all: true })).toEqual({ redriven: [], more: false })
    expect(await redrive(after, { ids })).toEqual({ redriven: [current?.id], more: false })
  })
})

describe('of an account that passed to another organisation, the first one', () => {
  it('has no event source left there, and tells that it ended', async () => {
    expect((await restAs(hub, before.admin, ['GET', '/event-sources'])).body.items).toEqual([])
    const bus = new CreateEventBusCommand({ Name: SOURCE, EventSourceName: SOURCE })
    const theirs = await eventBridge('other-member')
    await expect(theirs.send(bus)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    const stream = await follow(hub, before.admin, { since: 'start' })
    const fields = { eventSourceName: SOURCE, status: 'SUCCESS' }
    const event = await told(stream, 'EventSourceDeleteEvent', fields)
    expect(event.detail).toMatchObject({ awsAccountId: ACCOUNTS.MEMBER })
    stream.close()
    const again = { awsAccountId: ACCOUNTS.MEMBER, label: 'siem' }
    expect(await restAs(hub, before.admin, ['POST', '/event-sources', again])).toMatchObject({
      ...{ status: 404, body: { code: 'account.not-found' } },
    })
    expect((await restAs(hub, after.admin, ['POST', '/event-sources', again])).status).toBe(201)
  })

  it('acts in it no more with the API tokens that it had there', async () => {
    const Entries = [{ Source: 'app', DetailType: 'd', Detail: '{}' }]
    await expect(formerly.send(new PutEventsCommand({ Entries }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
  })
})

it('an account that passed to another organisation brings no schemas along', async () => {
  const listed = new ListRegistriesCommand({ Scope: 'LOCAL' })
  const { Registries } = await (await schemas('other-member')).send(listed)
  expect(Registries?.map(({ RegistryName }) => RegistryName)).toEqual([
    'discovered-schemas',
    'registry-of-other-member',
  ])
})

it('an account that passed to another organisation brings no connections along', async () => {
  const { Connections } = await (
    await eventBridge('other-member')
  ).send(new ListConnectionsCommand({}))
  expect(Connections?.map(({ Name }) => Name)).toEqual(['connection-of-other-member'])
})
