import {
  CreateEventBusCommand,
  DeleteRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  PutEventsCommand,
} from '@aws-sdk/client-eventbridge'
import {
  CreateDiscovererCommand,
  DeleteDiscovererCommand,
  DeleteSchemaCommand,
  DescribeDiscovererCommand,
  DescribeSchemaCommand,
  ExportSchemaCommand,
  GetDiscoveredSchemaCommand,
  ListDiscoverersCommand,
  SchemasClient,
  StartDiscovererCommand,
  StopDiscovererCommand,
  UpdateDiscovererCommand,
} from '@aws-sdk/client-schemas'
import { Compile } from 'typebox/schema'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { allPages, failure } from './schemas-answers.ts'

const ARN = `arn:aws:schemas:${REGION}:${ACCOUNTS.MEMBER}`
const folder = newDataFolder()
let hub: HubProcess
let schemas: SchemasClient
let events: EventBridgeClient

beforeAll(async () => {
  hub = await startHubProcess(folder)
  await createOrganisation(hub)
  const credentials = await hub.profile('member')
  const client = { endpoint: hub.url, region: REGION, credentials }
  schemas = new SchemasClient(client)
  events = new EventBridgeClient(client)
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

describe('discovery', () => {
  const EventBusName = 'shop'
  const SourceArn = `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:event-bus/${EventBusName}`
  const DiscovererId = 'events-event-bus-shop'
  const RegistryName = 'discovered-schemas'
  const order = { RegistryName, SchemaName: 'shop@OrderPlaced' }
  const put = (Detail: object, DetailType = 'Order Placed') =>
    events.send(
      new PutEventsCommand({
        Entries: [{ EventBusName, Source: 'shop', DetailType, Detail: JSON.stringify(Detail) }],
      }),
    )
  const exported = async () => {
    const given = { ...order, Type: 'JSONSchemaDraft4' }
    const { Content = '' } = await schemas.send(new ExportSchemaCommand(given))
    return Compile(JSON.parse(Content))
  }
  const version = (SchemaName = order.SchemaName) =>
    schemas.send(new DescribeSchemaCommand({ RegistryName, SchemaName })).then(
      (found) => Number(found.SchemaVersion),
      () => 0,
    )
  const learned = async (atLeast: number, SchemaName = order.SchemaName) => {
    await expect
      .poll(() => version(SchemaName), { timeout: 20_000, interval: 20 })
      .toBeGreaterThanOrEqual(atLeast)
  }

  it('learns a schema from the events of a bus, and a version from what is new in them', async () => {
    await events.send(new CreateEventBusCommand({ Name: EventBusName }))
    const created = await schemas.send(
      new CreateDiscovererCommand({ SourceArn, Description: 'Shop', Tags: { team: 'shop' } }),
    )
    const discoverer = {
      ...{ DiscovererId, DiscovererArn: `${ARN}:discoverer/${DiscovererId}`, SourceArn },
      ...{ State: 'STARTED', CrossAccount: true, Tags: { team: 'shop' } },
    }
    expect(created).toMatchObject({ ...discoverer, Description: 'Shop' })
    expect(await schemas.send(new DescribeDiscovererCommand({ DiscovererId }))).toMatchObject(
      discoverer,
    )
    await expect(schemas.send(new CreateDiscovererCommand({ SourceArn }))).rejects.toMatchObject(
      failure('ConflictException', 409),
    )

    await put({ id: 7, customer: { name: 'Ada' }, lines: [] })
    await learned(1)
    const first = await exported()
    const { Content = '' } = await schemas.send(new DescribeSchemaCommand(order))
    expect(JSON.parse(Content).components.schemas.AWSEvent).toMatchObject({
      'x-amazon-events-source': 'shop',
      'x-amazon-events-detail-type': 'Order Placed',
    })

    await put({
      id: 'seven',
      customer: null,
      lines: [{ sku: 'x' }],
      paidAt: '2026-01-31T08:15:00Z',
    })
    await learned(2)
    const second = await exported()
    const event = (detail: object) => ({
      ...{ version: '0', id: 'x', 'detail-type': 'Order Placed', source: 'shop', resources: [] },
      ...{ account: ACCOUNTS.MEMBER, region: REGION, time: '2026-01-31T08:15:00Z', detail },
    })
    const known = event({ id: 7, customer: { name: 'Ada' }, lines: [] })
    const fresh = event({ id: 'seven', customer: null, lines: [{ sku: 'x' }] })
    expect([first.Check(known), second.Check(known)]).toEqual([true, true])
    expect([first.Check(fresh), second.Check(fresh)]).toEqual([false, true])
  })

  it('makes no version of what it knows, and finds out again what was deleted', async () => {
    await put({ id: 8, customer: { name: 'Bo' }, lines: [{ sku: 'y' }] })
    await put({ first: true }, 'Marker')
    await learned(1, 'shop@Marker')
    expect(await version()).toBe(2)
    await schemas.send(new DeleteSchemaCommand(order))
    await put({ id: 9 })
    await learned(1)
    const detail = (await exported()).Schema() as { definitions: { OrderPlaced: object } }
    expect(detail.definitions.OrderPlaced).toEqual({
      type: 'object',
      required: ['id'],
      properties: { id: { type: 'number' } },
    })
  })

  it('looks at events of 1,000 KiB and 255 levels, and not beyond', async () => {
    const deep = (levels: number): object => (levels === 1 ? {} : { a: deep(levels - 1) })
    const large = (bytes: number) => ({ text: 'x'.repeat(bytes) })
    // The event itself is a level, and its envelope some hundred bytes.
    await put(deep(254), 'Deep')
    await put(deep(255), 'Too Deep')
    await put(large(1_023_000), 'Large')
    await put(large(1_024_000), 'Too Large')
    await put({}, 'Afterwards')
    await learned(1, 'shop@Afterwards')
    const names = ['Deep', 'TooDeep', 'Large', 'TooLarge']
    const versions = await Promise.all(names.map((name) => version(`shop@${name}`)))
    expect(versions).toEqual([1, 0, 1, 0])
  })

  it('keeps a managed rule while it is started, and learns only then', async () => {
    const rules = async () =>
      (await events.send(new ListRulesCommand({ EventBusName }))).Rules?.map((rule) => [
        rule.Name,
        rule.ManagedBy,
        rule.EventPattern,
      ])
    const Name = `Schemas-${DiscovererId}`
    const rule = [Name, 'schemas.amazonaws.com', '{"source":[{"prefix":""}]}']
    expect(await rules()).toEqual([rule])
    await expect(events.send(new DeleteRuleCommand({ Name, EventBusName }))).rejects.toMatchObject({
      name: 'ManagedRuleException',
    })

    const stopped = await schemas.send(new StopDiscovererCommand({ DiscovererId }))
    expect(stopped).toMatchObject({ DiscovererId, State: 'STOPPED' })
    expect(await rules()).toEqual([])
    await put({ second: true }, 'Unseen')
    const DefaultBus = SourceArn.replace('/shop', '/default')
    await schemas.send(new CreateDiscovererCommand({ SourceArn: DefaultBus }))
    const marker = { Source: 'shop', DetailType: 'Behind', Detail: '{}' }
    await events.send(new PutEventsCommand({ Entries: [marker] }))
    await learned(1, 'shop@Behind')
    expect(await version('shop@Unseen')).toBe(0)

    const started = await schemas.send(new StartDiscovererCommand({ DiscovererId }))
    expect(started).toMatchObject({ DiscovererId, State: 'STARTED' })
    expect(await rules()).toEqual([rule])
    await put({ third: true }, 'Seen')
    await learned(1, 'shop@Seen')

    const given = { DiscovererId, CrossAccount: false, Description: 'Ours' }
    expect(await schemas.send(new UpdateDiscovererCommand(given))).toMatchObject({
      ...given,
      State: 'STARTED',
    })
    expect(await rules()).toEqual([[Name, rule[1], `{"account":["${ACCOUNTS.MEMBER}"]}`]])
    await put({ fourth: true }, 'Ours')
    await learned(1, 'shop@Ours')
  })

  it('has ten discoverers of an account in a region, listed by prefixes', async () => {
    const arn = (n: number) => SourceArn.replace('/shop', `/bus-${n}`)
    for (let n = 0; n < 10; n += 1) {
      await events.send(new CreateEventBusCommand({ Name: `bus-${n}` }))
      if (n < 8) await schemas.send(new CreateDiscovererCommand({ SourceArn: arn(n) }))
    }
    await expect(
      schemas.send(new CreateDiscovererCommand({ SourceArn: arn(9) })),
    ).rejects.toMatchObject(failure('ForbiddenException', 403, /quota of 10/))
    const ids = (given: object) =>
      allPages(async (NextToken) => {
        const page = { ...given, Limit: 4, ...(NextToken !== undefined && { NextToken }) }
        const answer = await schemas.send(new ListDiscoverersCommand(page))
        return {
          items: answer.Discoverers?.map((item) => item.DiscovererId),
          next: answer.NextToken,
        }
      })
    expect(await ids({})).toHaveLength(10)
    expect(await ids({ SourceArnPrefix: arn(3) })).toEqual(['events-event-bus-bus-3'])
    expect(await ids({ DiscovererIdPrefix: 'events-event-bus-s' })).toEqual([DiscovererId])
  })

  it('ends with its discoverer, and leaves the bus as it was', async () => {
    await schemas.send(new DeleteDiscovererCommand({ DiscovererId }))
    const gone = failure('NotFoundException', 404)
    const given = { DiscovererId }
    await expect(schemas.send(new DescribeDiscovererCommand(given))).rejects.toMatchObject(gone)
    await expect(schemas.send(new StartDiscovererCommand(given))).rejects.toMatchObject(gone)
    expect((await events.send(new ListRulesCommand({ EventBusName }))).Rules).toEqual([])
  })

  it('is of an event bus of the caller’s that exists', async () => {
    const create = (arn: string) => schemas.send(new CreateDiscovererCommand({ SourceArn: arn }))
    await expect(create(`${SourceArn}-none`)).rejects.toMatchObject(
      failure('NotFoundException', 404),
    )
    const foreign = SourceArn.replace(ACCOUNTS.MEMBER, ACCOUNTS.SECURITY)
    await expect(create(foreign)).rejects.toMatchObject(failure('BadRequestException', 400))
    await expect(create('arn:aws:s3:::a-bucket-of-theirs')).rejects.toMatchObject(
      failure('BadRequestException', 400),
    )
  })

  it('shows what it would make of events, and of other JSON', async () => {
    const get = async (Type: 'OpenApi3' | 'JSONSchemaDraft4', examples: object[]) => {
      const Events = examples.map((example) => JSON.stringify(example))
      const answer = await schemas.send(new GetDiscoveredSchemaCommand({ Type, Events }))
      return JSON.parse(answer.Content ?? '')
    }
    const event = { source: 'shop', 'detail-type': 'Order Placed' }
    const examples = [
      { ...event, detail: { id: 1 } },
      { ...event, detail: { id: 'x' } },
    ]
    const document = await get('OpenApi3', examples)
    expect(document.components.schemas.OrderPlaced.properties).toEqual({
      id: { anyOf: [{ type: 'string' }, { type: 'number' }] },
    })
    const schema = Compile(await get('JSONSchemaDraft4', examples))
    expect(examples.map((example) => schema.Check(example))).toEqual([true, true])
    expect(schema.Check({ ...event, detail: {} })).toBe(false)
    expect((await get('OpenApi3', [{ any: 1 }])).components.schemas).toEqual({
      Event: { type: 'object', required: ['any'], properties: { any: { type: 'number' } } },
    })
    const bad = failure('BadRequestException', 400)
    await expect(get('OpenApi3', [])).rejects.toMatchObject(bad)
    await expect(
      get(
        'OpenApi3',
        Array.from({ length: 11 }, () => ({})),
      ),
    ).rejects.toMatchObject(bad)
    await expect(get('OpenApi3', [[]])).rejects.toMatchObject(bad)
  })
})
