import {
  ActivateEventSourceCommand,
  CreateEventBusCommand,
  CreatePartnerEventSourceCommand,
  DeactivateEventSourceCommand,
  DeleteEventBusCommand,
  DeletePartnerEventSourceCommand,
  DescribeEventSourceCommand,
  DescribePartnerEventSourceCommand,
  ListEventSourcesCommand,
  ListPartnerEventSourceAccountsCommand,
  ListPartnerEventSourcesCommand,
  PutEventsCommand,
  PutPartnerEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { clientOf, createOtherOrganisation } from '../account-clients.ts'
import { follow } from '../event-follower.ts'
import type { EventFollower } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

const PARTNER = '555555555555'
const CONSUMER = ACCOUNTS.MEMBER
const OTHER = ACCOUNTS.LOGGING
const TWO_WEEKS_MS = 14 * 24 * 60 * 60_000

const folder = newDataFolder()
let hub: HubProcess
let follower: EventFollower
let partner: EventBridgeClient
let consumer: EventBridgeClient
/** Another account of the consumer's organisation. */
let other: EventBridgeClient
let serial = 0

beforeAll(async () => {
  hub = await startHubProcess(folder)
  const { organisationId } = await createOrganisation(hub)
  const partnersId = await createOtherOrganisation(hub, PARTNER)
  partner = await clientOf(hub, partnersId, PARTNER)
  consumer = await clientOf(hub, organisationId, CONSUMER)
  other = await clientOf(hub, organisationId, OTHER)
  follower = await follow(hub, await hub.profile('operator'))
})
afterAll(async () => {
  follower.close()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

const newName = () => `aws.partner/example.com/orders/${(serial += 1)}`
const arnOf = (name: string) => `arn:aws:events:${REGION}::event-source/${name}`
const offer = (Name: string, Account = CONSUMER as string) =>
  partner.send(new CreatePartnerEventSourceCommand({ Name, Account }))
const withdraw = (Name: string, Account = CONSUMER as string) =>
  partner.send(new DeletePartnerEventSourceCommand({ Name, Account }))
const makeBus = (Name: string, client = consumer) =>
  client.send(new CreateEventBusCommand({ Name, EventSourceName: Name }))
const deleteBus = (Name: string) => consumer.send(new DeleteEventBusCommand({ Name }))
const stateOf = async (Name: string) =>
  (await consumer.send(new DescribeEventSourceCommand({ Name }))).State
const gone = (name: string) => ({
  name: 'ResourceNotFoundException',
  message: `Event source ${name} does not exist.`,
})

/** Puts events of a source; answers a number by which to know them. */
async function tell(Source: string) {
  const n = (serial += 1)
  const entry = { Source, DetailType: 'order', Detail: JSON.stringify({ n }) }
  const { Entries } = await partner.send(new PutPartnerEventsCommand({ Entries: [entry] }))
  expect(Entries?.[0]?.EventId).toBeDefined()
  return n
}
const came = (count: number, n: number) =>
  follower.waitFor(count, ({ data }) => data.event.detail.n === n)

describe('the life of a partner event source', () => {
  it('is PENDING until its bus is made, ACTIVE with it, and PENDING again without', async () => {
    const name = newName()
    expect((await offer(name)).EventSourceArn).toBe(arnOf(name))
    const offered = await consumer.send(new DescribeEventSourceCommand({ Name: name }))
    expect(offered).toMatchObject({
      ...{ Arn: arnOf(name), Name: name, CreatedBy: 'example.com', State: 'PENDING' },
    })
    const { CreationTime, ExpirationTime } = offered
    expect(Number(ExpirationTime) - Number(CreationTime)).toBe(TWO_WEEKS_MS)
    const early = await tell(name)

    await makeBus(name)
    const taken = await consumer.send(new DescribeEventSourceCommand({ Name: name }))
    expect(taken).toMatchObject({ State: 'ACTIVE' })
    expect(taken.ExpirationTime).toBeUndefined()
    const n = await tell(name)
    const [event] = await came(1, n)
    expect(event?.data).toMatchObject({
      bus: `arn:aws:events:${REGION}:${CONSUMER}:event-bus/${name}`,
      event: { source: name, 'detail-type': 'order', account: CONSUMER, region: REGION },
    })

    await deleteBus(name)
    expect(await stateOf(name)).toBe('PENDING')
    const late = await tell(name)
    await makeBus(name)
    await came(1, await tell(name))
    const lost = follower.events.filter(({ data }) => [early, late].includes(data.event.detail.n))
    expect(lost).toEqual([])
  })

  it('is DELETED once the partner withdraws it, and its bus is of no use', async () => {
    const name = newName()
    await offer(name)
    await withdraw(name)
    await expect(stateOf(name)).rejects.toMatchObject(gone(name))

    await offer(name)
    await makeBus(name)
    await withdraw(name)
    expect(await stateOf(name)).toBe('DELETED')
    await expect(
      consumer.send(new ActivateEventSourceCommand({ Name: name })),
    ).rejects.toMatchObject({ name: 'InvalidStateException' })
    await tell(name)
    await deleteBus(name)
    await expect(stateOf(name)).rejects.toMatchObject(gone(name))
    await withdraw(name)
  })

  it('is PENDING while the account has deactivated it', async () => {
    const name = newName()
    const activate = () => consumer.send(new ActivateEventSourceCommand({ Name: name }))
    const deactivate = () => consumer.send(new DeactivateEventSourceCommand({ Name: name }))
    const noBus = {
      name: 'ResourceNotFoundException',
      message: `Event source ${name} or event bus ${name} does not exist.`,
    }
    await expect(activate()).rejects.toMatchObject(noBus)
    await offer(name)
    await expect(activate()).rejects.toMatchObject(noBus)
    await expect(deactivate()).rejects.toMatchObject({ name: 'InvalidStateException' })
    await makeBus(name)
    await deactivate()
    expect(await stateOf(name)).toBe('PENDING')
    const quiet = await tell(name)
    await activate()
    expect(await stateOf(name)).toBe('ACTIVE')
    await came(1, await tell(name))
    expect(follower.events.filter(({ data }) => data.event.detail.n === quiet)).toEqual([])
  })
})

describe('a partner', () => {
  it('may offer a source to many accounts, all of which get one and the same event', async () => {
    const name = newName()
    await offer(name)
    await offer(name, OTHER)
    await expect(offer(name)).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
      message: `Event source ${name} already exists.`,
    })
    await makeBus(name)
    const offered = await partner.send(
      new ListPartnerEventSourceAccountsCommand({ EventSourceName: name }),
    )
    expect(offered.PartnerEventSourceAccounts).toMatchObject([
      { Account: OTHER, State: 'PENDING', ExpirationTime: expect.any(Date) },
      { Account: CONSUMER, State: 'ACTIVE', CreationTime: expect.any(Date) },
    ])
    await makeBus(name, other)
    const [one, two] = await came(2, await tell(name))
    expect(one?.data.event.id).toBe(two?.data.event.id)
    const accounts = [one, two].map((event) => event?.data.event.account)
    expect(new Set(accounts)).toEqual(new Set([OTHER, CONSUMER]))
  })

  it('lists its sources page by page', async () => {
    const prefix = 'aws.partner/example.com/paged/'
    const names = ['a', 'b', 'c'].map((last) => prefix + last)
    for (const name of names) await offer(name)
    await offer(`${prefix}a`, OTHER)
    const page = { NamePrefix: prefix, Limit: 2 }
    const first = await partner.send(new ListPartnerEventSourcesCommand(page))
    expect(first.PartnerEventSources).toEqual(
      names.slice(0, 2).map((Name) => ({ Arn: arnOf(Name), Name })),
    )
    const { NextToken } = first
    const second = await partner.send(new ListPartnerEventSourcesCommand({ ...page, NextToken }))
    expect(second.PartnerEventSources).toMatchObject([{ Name: names[2] }])
    expect(second.NextToken).toBeUndefined()
    const [Name] = names
    expect(await partner.send(new DescribePartnerEventSourceCommand({ Name }))).toMatchObject({
      ...{ Arn: arnOf(Name as string), Name },
    })
  })

  it('is the account that came first; others see and do nothing under its name', async () => {
    const name = newName()
    await offer(name)
    const notPartner = { name: 'AccessDeniedException' }
    const mine = newName()
    await expect(
      other.send(new CreatePartnerEventSourceCommand({ Name: mine, Account: CONSUMER })),
    ).rejects.toMatchObject(notPartner)
    await expect(
      other.send(new DeletePartnerEventSourceCommand({ Name: name, Account: CONSUMER })),
    ).rejects.toMatchObject(notPartner)
    await expect(
      other.send(new DescribePartnerEventSourceCommand({ Name: name })),
    ).rejects.toMatchObject(gone(name))
    await expect(
      other.send(new ListPartnerEventSourceAccountsCommand({ EventSourceName: name })),
    ).rejects.toMatchObject(gone(name))
    const listed = await other.send(
      new ListPartnerEventSourcesCommand({ NamePrefix: 'aws.partner/example.com/' }),
    )
    expect(listed.PartnerEventSources).toEqual([])
    const entry = { Source: name, DetailType: 'd', Detail: '{}' }
    const put = await other.send(new PutPartnerEventsCommand({ Entries: [entry] }))
    expect(put.Entries).toEqual([
      {
        ErrorCode: 'NotAuthorizedForSourceException',
        ErrorMessage: 'Not authorized for the source.',
      },
    ])
  })

  it("cannot be the hub, whose tenancy's events nobody can forge", async () => {
    for (const hubs of ['stax.io', 'STAX.io']) {
      const Name = `aws.partner/${hubs}/${CONSUMER}/default`
      await expect(offer(Name)).rejects.toMatchObject({ name: 'AccessDeniedException' })
      const entry = { Source: Name, DetailType: 'd', Detail: '{}' }
      const { Entries } = await partner.send(new PutPartnerEventsCommand({ Entries: [entry] }))
      expect(Entries?.[0]?.ErrorCode).toBe('NotAuthorizedForSourceException')
    }
  })

  it('puts 1 to 20 events in a call, each judged by itself', async () => {
    const name = newName()
    await offer(name)
    const entry = { Source: name, DetailType: 'd', Detail: '{}' }
    const put = (Entries: object[]) => partner.send(new PutPartnerEventsCommand({ Entries }))
    expect((await put(Array.from({ length: 20 }, () => entry))).FailedEntryCount).toBe(0)
    const refused = { name: 'ValidationException' }
    await expect(put(Array.from({ length: 21 }, () => entry))).rejects.toMatchObject(refused)
    await expect(put([])).rejects.toMatchObject(refused)
    await expect(put([{ ...entry, Source: 'shop' }])).rejects.toMatchObject(refused)
    const mixed = await put([
      ...[entry, { ...entry, Detail: '[]' }, { ...entry, DetailType: undefined }],
      { ...entry, Source: newName() },
      { DetailType: 'd', Detail: '{}' },
    ])
    expect(mixed.FailedEntryCount).toBe(4)
    expect(mixed.Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      ...[undefined, 'MalformedDetail', 'InvalidArgument'],
      ...['NotAuthorizedForSourceException', 'InvalidArgument'],
    ])
  })

  it('alone puts events on a partner event bus', async () => {
    const name = newName()
    await offer(name)
    await makeBus(name)
    const arn = `arn:aws:events:${REGION}:${CONSUMER}:event-bus/${name}`
    const refused = { name: 'ValidationException' }
    for (const EventBusName of [name, arn]) {
      const entry = { Source: 's', DetailType: 'd', Detail: '{}', EventBusName }
      await expect(consumer.send(new PutEventsCommand({ Entries: [entry] }))).rejects.toMatchObject(
        refused,
      )
    }
    await consumer.send(new PutRuleCommand({ Name: 'r', EventPattern: '{"source":["s"]}' }))
    await expect(
      consumer.send(new PutTargetsCommand({ Rule: 'r', Targets: [{ Id: 't', Arn: arn }] })),
    ).rejects.toMatchObject(refused)
  })
})

describe('the event sources of an account', () => {
  it("are those of partners and the tenancy's own", async () => {
    const own = `aws.partner/stax.io/${OTHER}/default`
    const offered = `aws.partner/stax.io/${OTHER}/audit`
    const given = { awsAccountId: OTHER, label: 'audit' }
    expect((await hub.rest('POST', '/event-sources', given)).status).toBe(201)
    const partners = newName()
    await offer(partners, OTHER)
    const list = async (NamePrefix?: string) =>
      (await other.send(new ListEventSourcesCommand({ NamePrefix }))).EventSources
    expect(await list('aws.partner/stax.io/')).toMatchObject([
      { Name: offered, State: 'PENDING', CreatedBy: 'stax.io' },
      { Name: own, State: 'ACTIVE', CreatedBy: 'stax.io', Arn: arnOf(own) },
    ])
    expect(await list(partners)).toMatchObject([{ Name: partners, State: 'PENDING' }])
    const all = (await list())?.map(({ Name }) => Name ?? '')
    expect(all).toEqual(expect.arrayContaining([partners, offered, own]))
    expect(all).toEqual(all?.toSorted())

    await makeBus(offered, other)
    const described = await other.send(new DescribeEventSourceCommand({ Name: offered }))
    expect(described).toMatchObject({ Name: offered, State: 'ACTIVE' })
    await other.send(new ActivateEventSourceCommand({ Name: own }))
    await expect(other.send(new DeactivateEventSourceCommand({ Name: own }))).rejects.toMatchObject(
      { name: 'InvalidStateException' },
    )
    await expect(other.send(new DeleteEventBusCommand({ Name: own }))).rejects.toMatchObject({
      name: 'ValidationException',
    })
    await expect(stateOf(own)).rejects.toMatchObject(gone(own))
  })

  it("may end in /default like the tenancy's own and still be given up", async () => {
    const name = 'aws.partner/example.com/any/default'
    await offer(name)
    await makeBus(name)
    await deleteBus(name)
    expect(await stateOf(name)).toBe('PENDING')
  })
})
