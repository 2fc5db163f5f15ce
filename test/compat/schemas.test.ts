import {
  CreateDiscovererCommand,
  CreateRegistryCommand,
  CreateSchemaCommand,
  DeleteDiscovererCommand,
  DeleteRegistryCommand,
  DeleteResourcePolicyCommand,
  DeleteSchemaCommand,
  DeleteSchemaVersionCommand,
  DescribeCodeBindingCommand,
  DescribeDiscovererCommand,
  DescribeRegistryCommand,
  DescribeSchemaCommand,
  ExportSchemaCommand,
  GetCodeBindingSourceCommand,
  GetDiscoveredSchemaCommand,
  GetResourcePolicyCommand,
  ListDiscoverersCommand,
  ListRegistriesCommand,
  ListSchemaVersionsCommand,
  ListSchemasCommand,
  ListTagsForResourceCommand,
  PutCodeBindingCommand,
  PutResourcePolicyCommand,
  SchemasClient,
  SearchSchemasCommand,
  StartDiscovererCommand,
  StopDiscovererCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateDiscovererCommand,
  UpdateRegistryCommand,
  UpdateSchemaCommand,
} from '@aws-sdk/client-schemas'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { allPages, failure } from './schemas-answers.ts'

const ARN = `arn:aws:schemas:${REGION}:${ACCOUNTS.MEMBER}`
const folder = newDataFolder()
let hub: HubProcess
let schemas: SchemasClient

beforeAll(async () => {
  hub = await startHubProcess(folder)
  await createOrganisation(hub)
  const credentials = await hub.profile('member')
  schemas = new SchemasClient({ endpoint: hub.url, region: REGION, credentials })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

const content = (properties: object = {}) =>
  JSON.stringify({
    openapi: '3.0.0',
    info: { title: 'Order', version: '1.0.0' },
    paths: {},
    components: { schemas: { Order: { type: 'object', properties } } },
  })
const draft4 = (title: string) =>
  JSON.stringify({ $schema: 'http://json-schema.org/draft-04/schema#', title, type: 'object' })

describe('registries', () => {
  const RegistryName = 'orders'

  it('are created, described, changed and deleted', async () => {
    const Tags = { team: 'shop' }
    const created = await schemas.send(
      new CreateRegistryCommand({ RegistryName, Description: 'Orders', Tags }),
    )
    const registry = { RegistryName, RegistryArn: `${ARN}:registry/orders`, Tags }
    expect(created).toMatchObject({ ...registry, Description: 'Orders' })
    expect(created.$metadata.httpStatusCode).toBe(201)
    await expect(schemas.send(new CreateRegistryCommand({ RegistryName }))).rejects.toMatchObject(
      failure('ConflictException', 409, /orders already exists/),
    )
    await schemas.send(new UpdateRegistryCommand({ RegistryName, Description: '' }))
    expect(await schemas.send(new DescribeRegistryCommand({ RegistryName }))).toMatchObject({
      ...registry,
      Description: '',
    })
    const deleted = await schemas.send(new DeleteRegistryCommand({ RegistryName }))
    expect(deleted.$metadata.httpStatusCode).toBe(204)
    for (const command of [DescribeRegistryCommand, DeleteRegistryCommand, UpdateRegistryCommand]) {
      const gone = schemas.send(new command({ RegistryName }))
      await expect(gone).rejects.toMatchObject(failure('NotFoundException', 404))
    }
  })

  it('are ten of an account in a region, listed with those that the hub provides', async () => {
    const names = Array.from({ length: 10 }, (_, n) => `r-${n}`)
    for (const name of names) await schemas.send(new CreateRegistryCommand({ RegistryName: name }))
    await expect(
      schemas.send(new CreateRegistryCommand({ RegistryName: 'r-10' })),
    ).rejects.toMatchObject(failure('ForbiddenException', 403, /quota of 10/))
    const listed = (given: object) =>
      allPages(async (NextToken) => {
        const page = { ...given, Limit: 3, ...(NextToken !== undefined && { NextToken }) }
        const answer = await schemas.send(new ListRegistriesCommand(page))
        expect(answer.Registries?.length).toBeLessThanOrEqual(3)
        return { items: answer.Registries, next: answer.NextToken }
      })
    const namesOf = async (given: object) => (await listed(given)).map((item) => item.RegistryName)
    expect(await namesOf({ Scope: 'LOCAL' })).toEqual(['discovered-schemas', ...names])
    expect(await namesOf({ Scope: 'AWS' })).toEqual(['aws.events', 'stax.events'])
    expect(await namesOf({})).toEqual(['aws.events', 'discovered-schemas', ...names, 'stax.events'])
    expect(await namesOf({ RegistryNamePrefix: 'r-' })).toEqual(names)
    for (const name of names) await schemas.send(new DeleteRegistryCommand({ RegistryName: name }))
  })

  it.each(['aws.events', 'stax.events'])(
    'that the hub provides are only to read: %s',
    async (provided) => {
      const of = { RegistryName: provided }
      const { RegistryArn } = await schemas.send(new DescribeRegistryCommand(of))
      expect(RegistryArn).toBe(`arn:aws:schemas:${REGION}::registry/${provided}`)
      const refused = failure('ForbiddenException', 403)
      await expect(schemas.send(new DeleteRegistryCommand(of))).rejects.toMatchObject(refused)
      await expect(
        schemas.send(new UpdateRegistryCommand({ ...of, Description: 'x' })),
      ).rejects.toMatchObject(refused)
      const given = {
        ...of,
        SchemaName: 'own',
        Type: 'OpenApi3',
        Content: content(),
      } as const
      await expect(schemas.send(new CreateSchemaCommand(given))).rejects.toMatchObject(refused)
      const { Schemas: listed = [] } = await schemas.send(new ListSchemasCommand(of))
      const SchemaName = listed[0]?.SchemaName
      await expect(
        schemas.send(new DeleteSchemaCommand({ ...of, SchemaName })),
      ).rejects.toMatchObject(refused)
    },
  )

  it('keep a resource policy under revisions', async () => {
    await schemas.send(new CreateRegistryCommand({ RegistryName }))
    const get = () => schemas.send(new GetResourcePolicyCommand({ RegistryName }))
    await expect(get()).rejects.toMatchObject(failure('NotFoundException', 404))
    const Principal = { AWS: ACCOUNTS.SECURITY }
    const Statement = [
      { Effect: 'Allow', Principal, Action: 'schemas:DescribeSchema', Resource: '*' },
    ]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    const put = (given: object) =>
      schemas.send(new PutResourcePolicyCommand({ RegistryName, Policy, ...given }))
    const first = await put({})
    const kept = await get()
    expect([String(kept.Policy), kept.RevisionId]).toEqual([Policy, first.RevisionId])
    await expect(put({ RevisionId: 'other' })).rejects.toMatchObject(
      failure('PreconditionFailedException', 412),
    )
    const second = await put({ RevisionId: first.RevisionId })
    expect(second.RevisionId).not.toBe(first.RevisionId)
    for (const text of ['{', '[]', '{"Statement":[]}', Policy.replace('Allow', 'Deny')]) {
      await expect(put({ Policy: text })).rejects.toMatchObject(failure('BadRequestException', 400))
    }
    expect((await get()).RevisionId).toBe(second.RevisionId)
    await schemas.send(new DeleteResourcePolicyCommand({ RegistryName }))
    await expect(get()).rejects.toMatchObject(failure('NotFoundException', 404))
    await expect(schemas.send(new GetResourcePolicyCommand({}))).rejects.toMatchObject(
      failure('BadRequestException', 400, /'registryName' .* must not be null/),
    )
  })
})

describe('schemas', () => {
  const RegistryName = 'orders'
  const SchemaName = 'shop@Order'
  const own = { RegistryName, SchemaName }

  it('have versions, of which unchanged content makes no new one', async () => {
    const Description = 'An order'
    const created = await schemas.send(
      new CreateSchemaCommand({ ...own, Type: 'OpenApi3', Content: content(), Description }),
    )
    const SchemaArn = `${ARN}:schema/orders/shop@Order`
    const first = { SchemaName, SchemaArn, SchemaVersion: '1', Type: 'OpenApi3', Description }
    expect(created).toMatchObject(first)
    expect(created.VersionCreatedDate).toBeInstanceOf(Date)
    expect(created.$metadata.httpStatusCode).toBe(201)

    const update = (given: object) => schemas.send(new UpdateSchemaCommand({ ...own, ...given }))
    const spaced = JSON.stringify(JSON.parse(content()), undefined, 2)
    const { SchemaVersion, LastModified } = await update({ Content: spaced })
    expect([SchemaVersion, LastModified]).toEqual(['1', created.LastModified])
    await expect(update({ Type: 'JSONSchemaDraft4' })).rejects.toMatchObject(
      failure('BadRequestException', 400, /with Content only/),
    )
    expect((await update({ Description: 'Orders' })).Description).toBe('Orders')
    await update({ Description })
    const ClientTokenId = 'once'
    const changed = content({ total: { type: 'number' } })
    expect((await update({ Content: changed, ClientTokenId })).SchemaVersion).toBe('2')
    expect((await update({ Content: content(), ClientTokenId })).SchemaVersion).toBe('2')
    const third = await update({ Content: draft4('Order'), Type: 'JSONSchemaDraft4' })
    expect(third).toMatchObject({ SchemaVersion: '3', Type: 'JSONSchemaDraft4' })

    const described = (given: object = {}) =>
      schemas.send(new DescribeSchemaCommand({ ...own, ...given }))
    expect(await described()).toMatchObject({ SchemaVersion: '3', Content: draft4('Order') })
    expect(await described({ SchemaVersion: '1' })).toMatchObject({ ...first, Content: content() })
    const versions = await allPages(async (NextToken) => {
      const answer = await schemas.send(
        new ListSchemaVersionsCommand({ ...own, Limit: 2, NextToken }),
      )
      return { items: answer.SchemaVersions, next: answer.NextToken }
    })
    expect(versions.map((version) => version.SchemaVersion)).toEqual(['1', '2', '3'])

    await schemas.send(new DeleteSchemaVersionCommand({ ...own, SchemaVersion: '3' }))
    expect(await described()).toMatchObject({ SchemaVersion: '2', Content: changed })
    await expect(described({ SchemaVersion: '3' })).rejects.toMatchObject(
      failure('NotFoundException', 404),
    )
    expect((await update({ Content: content() })).SchemaVersion).toBe('4')
  })

  it('are exported as JSON Schema, whatever they are', async () => {
    const exported = await schemas.send(
      new ExportSchemaCommand({ ...own, SchemaVersion: '2', Type: 'JSONSchemaDraft4' }),
    )
    expect(exported).toMatchObject({ SchemaName, SchemaVersion: '2', Type: 'JSONSchemaDraft4' })
    const order = { type: 'object', properties: { total: { type: 'number' } } }
    expect(JSON.parse(exported.Content ?? '')).toEqual({
      $schema: 'http://json-schema.org/draft-04/schema#',
      title: 'Order',
      definitions: { Order: order },
      ...order,
    })
    await expect(
      schemas.send(new ExportSchemaCommand({ ...own, Type: 'OpenApi3' })),
    ).rejects.toMatchObject(failure('BadRequestException', 400, /enum value set/))
  })

  it('are found by words in their names and contents', async () => {
    const other = { RegistryName, SchemaName: 'shop@Customer' }
    await schemas.send(
      new CreateSchemaCommand({ ...other, Type: 'JSONSchemaDraft4', Content: draft4('Customer') }),
    )
    const search = async (Keywords: string, Limit = 10) =>
      allPages(async (NextToken) => {
        const answer = await schemas.send(
          new SearchSchemasCommand({ RegistryName, Keywords, Limit, NextToken }),
        )
        return { items: answer.Schemas, next: answer.NextToken }
      })
    const names = async (keywords: string, limit?: number) =>
      (await search(keywords, limit)).map((schema) => schema.SchemaName)
    expect(await names('SHOP', 1)).toEqual(['shop@Customer', 'shop@Order'])
    expect(await names('shop components')).toEqual(['shop@Order'])
    expect(await names('nothing-like-it')).toEqual([])
    const [found] = await search('components')
    expect(found).toMatchObject({ RegistryName, SchemaName })
    expect(found?.SchemaVersions?.map((version) => version.SchemaVersion)).toEqual(['1', '2', '4'])
  })

  it('are listed by prefix and page by page', async () => {
    const listed = await allPages(async (NextToken) => {
      const given = { RegistryName, SchemaNamePrefix: 'shop@', Limit: 1, NextToken }
      const answer = await schemas.send(new ListSchemasCommand(given))
      return { items: answer.Schemas, next: answer.NextToken }
    })
    expect(listed.map((schema) => [schema.SchemaName, schema.VersionCount])).toEqual([
      ['shop@Customer', 1],
      ['shop@Order', 3],
    ])
    const first = await schemas.send(new ListSchemasCommand({ RegistryName, Limit: 1 }))
    const NextToken = first.NextToken
    await expect(
      schemas.send(new ListSchemasCommand({ RegistryName: 'aws.events', NextToken })),
    ).rejects.toMatchObject(failure('BadRequestException', 400, /NextToken/))
    await expect(
      schemas.send(new ListSchemasCommand({ RegistryName, Limit: 101 })),
    ).rejects.toMatchObject(failure('BadRequestException', 400, /less than or equal to 100/))
  })

  it.each([
    ['no JSON', 'OpenApi3', '{'],
    ['no document', 'OpenApi3', '[]'],
    ['another version of OpenAPI', 'OpenApi3', content().replace('3.0.0', '2.0')],
    ['no info', 'OpenApi3', '{"openapi":"3.0.0","paths":{}}'],
    ['an unknown type', 'OpenApi3', content({ total: { type: 'decimal' } })],
    ['a reference to nothing', 'OpenApi3', content({ total: { $ref: '#/components/schemas/No' } })],
    ['a reference that is none', 'OpenApi3', content({ total: { $ref: '#/%zz' } })],
    ['a reference to elsewhere', 'OpenApi3', content({ total: { $ref: 'https://example.com/' } })],
    [
      'another schema language',
      'JSONSchemaDraft4',
      '{"$schema":"http://json-schema.org/draft-07/schema#"}',
    ],
    ['required without names', 'JSONSchemaDraft4', '{"required":[]}'],
    ['more than 255 levels', 'JSONSchemaDraft4', `${'{"not":'.repeat(256)}{}${'}'.repeat(256)}`],
    ['more than 100,000 characters', 'JSONSchemaDraft4', draft4('x'.repeat(100_000))],
  ] as const)('are refused with %s', async (_what, Type, Content) => {
    const given = { RegistryName, SchemaName: 'bad', Type, Content }
    await expect(schemas.send(new CreateSchemaCommand(given))).rejects.toMatchObject(
      failure('BadRequestException', 400),
    )
  })

  it('take 100,000 characters', async () => {
    const rest = draft4('').length
    const Content = draft4('x'.repeat(100_000 - rest))
    const given = { RegistryName, SchemaName: 'large', Type: 'JSONSchemaDraft4', Content } as const
    expect((await schemas.send(new CreateSchemaCommand(given))).SchemaVersion).toBe('1')
    await schemas.send(new DeleteSchemaCommand({ RegistryName, SchemaName: 'large' }))
  })

  it('are a hundred of a registry, with a hundred versions each', async () => {
    const create = (n: number) => {
      const given = { RegistryName, SchemaName: `many-${n}`, Type: 'JSONSchemaDraft4' } as const
      return schemas.send(new CreateSchemaCommand({ ...given, Content: '{}' }))
    }
    for (let n = 0; n < 98; n += 1) await create(n)
    await expect(create(98)).rejects.toMatchObject(
      failure('ForbiddenException', 403, /quota of 100/),
    )
    const many = { RegistryName, SchemaName: 'many-0' }
    const update = (n: number) =>
      schemas.send(new UpdateSchemaCommand({ ...many, Content: draft4(String(n)) }))
    for (let n = 2; n <= 100; n += 1) await update(n)
    await expect(update(101)).rejects.toMatchObject(
      failure('ForbiddenException', 403, /quota of 100 versions/),
    )
    await schemas.send(new DeleteSchemaCommand(many))
    await create(98)
  })

  it('are deleted, and a registry that has some is not', async () => {
    await expect(schemas.send(new DeleteRegistryCommand({ RegistryName }))).rejects.toMatchObject(
      failure('BadRequestException', 400, /has schemas/),
    )
    await schemas.send(new DeleteSchemaCommand(own))
    await expect(schemas.send(new DescribeSchemaCommand(own))).rejects.toMatchObject(
      failure('NotFoundException', 404, /shop@Order/),
    )
    await expect(schemas.send(new DeleteSchemaCommand(own))).rejects.toMatchObject(
      failure('NotFoundException', 404),
    )
  })

  it('of AWS services and of the tenancy are there to read', async () => {
    const ec2 = {
      RegistryName: 'aws.events',
      SchemaName: 'aws.ec2@EC2InstanceStateChangeNotification',
    }
    const described = await schemas.send(new DescribeSchemaCommand(ec2))
    expect(JSON.parse(described.Content ?? '').components.schemas.AWSEvent).toMatchObject({
      'x-amazon-events-source': 'aws.ec2',
      'x-amazon-events-detail-type': 'EC2 Instance State-change Notification',
    })
    const given = { RegistryName: 'stax.events', Keywords: 'AccountCreateEvent', Limit: 1 }
    const found = await schemas.send(new SearchSchemasCommand(given))
    expect(found.Schemas?.[0]?.SchemaName).toMatch(/AccountCreateEvent$/)
  })

  it('have no code bindings, and nobody is told that they will', async () => {
    const given = { RegistryName, SchemaName: 'shop@Customer', Language: 'TypeScript3' }
    await expect(schemas.send(new PutCodeBindingCommand(given))).rejects.toMatchObject(
      failure('ForbiddenException', 403, /not supported/),
    )
    const none = failure('NotFoundException', 404, /Code binding/)
    await expect(schemas.send(new DescribeCodeBindingCommand(given))).rejects.toMatchObject(none)
    await expect(schemas.send(new GetCodeBindingSourceCommand(given))).rejects.toMatchObject(none)
  })
})

describe('tags', () => {
  it.each(['registry/orders', 'schema/orders/shop@Customer'])(
    'of %s are put and taken',
    async (name) => {
      const ResourceArn = `${ARN}:${name}`
      const tags = async () =>
        (await schemas.send(new ListTagsForResourceCommand({ ResourceArn }))).Tags
      await schemas.send(
        new TagResourceCommand({ ResourceArn, Tags: { team: 'shop', env: 'test' } }),
      )
      expect(await tags()).toEqual({ team: 'shop', env: 'test' })
      await schemas.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['env', 'none'] }))
      expect(await tags()).toEqual({ team: 'shop' })
      const tag = (Tags: Record<string, string>) =>
        schemas.send(new TagResourceCommand({ ResourceArn, Tags }))
      const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, '']))
      for (const bad of [{ 'aws:x': '' }, { k: 'v'.repeat(257) }, many]) {
        await expect(tag(bad)).rejects.toMatchObject(failure('BadRequestException', 400))
      }
      expect(await tags()).toEqual({ team: 'shop' })
    },
  )

  it.each([
    `${ARN}:registry/none`,
    `${ARN}:schema/orders/none`,
    `${ARN}:other/orders`,
    `arn:aws:schemas:${REGION}:${ACCOUNTS.SECURITY}:registry/orders`,
  ])('of %s do not exist', async (ResourceArn) => {
    await expect(
      schemas.send(new ListTagsForResourceCommand({ ResourceArn })),
    ).rejects.toMatchObject(failure('NotFoundException', 404))
  })
})

it('the Schemas API lets a role read or write as far as it includes that', async () => {
  const organisation = (await hub.rest('GET', '/organisations')).body.items[0]
  const token = await hub.rest('POST', '/api-tokens', {
    ...{ organisationId: organisation.id, name: 'reader', role: 'api_readonly' },
    awsAccountId: ACCOUNTS.MEMBER,
  })
  const reader = new SchemasClient({ endpoint: hub.url, region: REGION, credentials: token.body })
  const own = { RegistryName: 'none', SchemaName: 'none' }
  const id = { DiscovererId: 'none' }
  const language = { ...own, Language: 'Go1' }
  const resource = { ResourceArn: `${ARN}:registry/none` }
  const reads = [
    new DescribeRegistryCommand(own),
    new ListSchemasCommand(own),
    new DescribeSchemaCommand(own),
    new ListSchemaVersionsCommand(own),
    new ExportSchemaCommand({ ...own, Type: 'JSONSchemaDraft4' }),
    new SearchSchemasCommand({ ...own, Keywords: 'x' }),
    new GetResourcePolicyCommand(own),
    new DescribeDiscovererCommand(id),
    new DescribeCodeBindingCommand(language),
    new GetCodeBindingSourceCommand(language),
    new ListTagsForResourceCommand(resource),
  ]
  const writes = [
    new CreateRegistryCommand(own),
    new UpdateRegistryCommand(own),
    new DeleteRegistryCommand(own),
    new CreateSchemaCommand({ ...own, Type: 'OpenApi3', Content: content() }),
    new UpdateSchemaCommand(own),
    new DeleteSchemaCommand(own),
    new DeleteSchemaVersionCommand({ ...own, SchemaVersion: '1' }),
    new PutResourcePolicyCommand({ ...own, Policy: '{}' }),
    new DeleteResourcePolicyCommand(own),
    new CreateDiscovererCommand({ SourceArn: 'arn:aws:events:none' }),
    new UpdateDiscovererCommand(id),
    new DeleteDiscovererCommand(id),
    new StartDiscovererCommand(id),
    new StopDiscovererCommand(id),
    new PutCodeBindingCommand(language),
    new TagResourceCommand({ ...resource, Tags: {} }),
    new UntagResourceCommand({ ...resource, TagKeys: [] }),
  ]
  const send = (command: unknown) => reader.send(command as DescribeRegistryCommand)
  for (const command of reads) {
    await expect(send(command)).rejects.toMatchObject(failure('NotFoundException', 404))
  }
  for (const command of writes) {
    const name = command.constructor.name.replace('Command', '')
    await expect(send(command)).rejects.toMatchObject(
      failure('AccessDeniedException', 403, new RegExp(`perform: schemas:${name} on resource`)),
    )
  }
  expect((await reader.send(new ListRegistriesCommand({ Limit: 1 }))).Registries).toHaveLength(1)
  expect((await reader.send(new ListDiscoverersCommand({}))).Discoverers).toEqual([])
  const shown = new GetDiscoveredSchemaCommand({ Type: 'OpenApi3', Events: ['{}'] })
  expect((await reader.send(shown)).Content).toMatch(/openapi/)
})
