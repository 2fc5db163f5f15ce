import { expect } from 'vitest'

import { ACCOUNTS } from '../../organisation.ts'
import { arnOf, call, refused } from './call.ts'
import type { CliSubject } from './call.ts'

const schemas = (resource: string) => arnOf('schemas', resource)

const SHOP = { 'registry-name': 'shop' }
const SHOP_ARN = schemas('registry/shop')
const shop = (Description: string, Tags: object) => ({
  ...{ RegistryName: 'shop', RegistryArn: SHOP_ARN, Description, Tags },
})
const POLICY = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'read',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${ACCOUNTS.MEMBER}:root` },
      Action: 'schemas:Describe*',
      Resource: SHOP_ARN,
    },
  ],
}
const REGISTRIES = [
  call(
    'schemas create-registry',
    { ...SHOP, description: 'd', tags: 'team=shop' },
    shop('d', { team: 'shop' }),
  ),
  refused(
    'schemas create-registry',
    SHOP,
    'ConflictException',
    'Registry with name shop already exists.',
  ),
  call(
    'schemas update-registry',
    { ...SHOP, description: 'of the shop' },
    shop('of the shop', { team: 'shop' }),
  ),
  call('schemas tag-resource', { 'resource-arn': SHOP_ARN, tags: 'env=a/b c' }),
  call('schemas untag-resource', { 'resource-arn': SHOP_ARN, 'tag-keys': 'team' }),
  call('schemas list-tags-for-resource', { 'resource-arn': SHOP_ARN }, { Tags: { env: 'a/b c' } }),
  call('schemas describe-registry', SHOP, shop('of the shop', { env: 'a/b c' })),
  call(
    'schemas list-registries',
    { 'registry-name-prefix': 'shop', 'page-size': '1' },
    { Registries: [expect.objectContaining({ RegistryArn: SHOP_ARN })] },
  ),
  call(
    'schemas put-resource-policy',
    { ...SHOP, policy: POLICY },
    expect.objectContaining({ RevisionId: expect.any(String) }),
  ),
  call(
    'schemas get-resource-policy',
    SHOP,
    expect.objectContaining({ Policy: expect.stringContaining('schemas:Describe*') }),
  ),
  call('schemas delete-resource-policy', SHOP),
  refused(
    'schemas get-resource-policy',
    SHOP,
    'NotFoundException',
    'Registry shop has no resource policy.',
  ),
  call('schemas delete-registry', SHOP),
  refused(
    'schemas describe-registry',
    SHOP,
    'NotFoundException',
    'Registry with name shop does not exist.',
  ),
]

const TYPE = { type: 'OpenApi3' }
const content = (title: string) => ({
  openapi: '3.0.0',
  info: { title, version: '1.0.0' },
  paths: {},
  components: { schemas: { Event: { type: 'object', properties: { id: { type: 'string' } } } } },
})
const OF_SALES = { 'registry-name': 'sales' }
const SALE = { ...OF_SALES, 'schema-name': 'shop@Sale' }
const SALE_ARN = schemas('schema/sales/shop@Sale')
const BINDING = { ...SALE, language: 'Java8' }
const NO_BINDING = 'Code binding for language Java8 of schema shop@Sale does not exist.'
const saleIs = (SchemaVersion: string) =>
  expect.objectContaining({ SchemaArn: SALE_ARN, SchemaVersion, Type: 'OpenApi3' })
const SCHEMAS = [
  call('schemas create-registry', OF_SALES, expect.anything()),
  call('schemas create-schema', { ...SALE, ...TYPE, content: content('Sale') }, saleIs('1')),
  call('schemas update-schema', { ...SALE, ...TYPE, content: content('A sale') }, saleIs('2')),
  call('schemas describe-schema', { ...SALE, 'schema-version': '1' }, saleIs('1')),
  call(
    'schemas list-schemas',
    { ...OF_SALES, 'page-size': '1' },
    { Schemas: [expect.objectContaining({ SchemaName: 'shop@Sale', VersionCount: 2 })] },
  ),
  call(
    'schemas list-schema-versions',
    { ...SALE, 'page-size': '1' },
    { SchemaVersions: expect.arrayContaining([saleIs('1'), saleIs('2')]) },
  ),
  call(
    'schemas search-schemas',
    { ...OF_SALES, keywords: 'sale' },
    { Schemas: [expect.objectContaining({ SchemaArn: SALE_ARN })] },
  ),
  call(
    'schemas export-schema',
    { ...SALE, type: 'JSONSchemaDraft4' },
    expect.objectContaining({ Content: expect.stringContaining('draft-04'), SchemaVersion: '2' }),
  ),
  call('schemas delete-schema-version', { ...SALE, 'schema-version': '1' }),
  refused(
    'schemas put-code-binding',
    BINDING,
    'ForbiddenException',
    'Code bindings are not supported by Belfry: export the schema and generate code from it.',
  ),
  refused('schemas describe-code-binding', BINDING, 'NotFoundException', NO_BINDING),
  refused(
    'schemas get-code-binding-source',
    { ...BINDING, '': '/dev/null' },
    'NotFoundException',
    NO_BINDING,
  ),
  call('schemas delete-schema', SALE),
  refused(
    'schemas describe-schema',
    SALE,
    'NotFoundException',
    'Schema with name shop@Sale in registry sales does not exist.',
  ),
]

const SOURCE_ARN = arnOf('events', 'event-bus/default')
const discoverer = { 'discoverer-id': 'events-event-bus-default' }
const DISCOVERER_ARN = schemas('discoverer/events-event-bus-default')
const DISCOVERERS = [
  call(
    'schemas create-discoverer',
    { 'source-arn': SOURCE_ARN, 'no-cross-account': true, tags: 'team=shop' },
    {
      ...{ DiscovererId: 'events-event-bus-default', DiscovererArn: DISCOVERER_ARN },
      ...{ SourceArn: SOURCE_ARN, State: 'STARTED', CrossAccount: false, Tags: { team: 'shop' } },
    },
  ),
  call('schemas stop-discoverer', discoverer, expect.objectContaining({ State: 'STOPPED' })),
  call('schemas start-discoverer', discoverer, expect.objectContaining({ State: 'STARTED' })),
  call(
    'schemas update-discoverer',
    { ...discoverer, description: 'd' },
    expect.objectContaining({ Description: 'd' }),
  ),
  call(
    'schemas describe-discoverer',
    discoverer,
    expect.objectContaining({ Description: 'd', State: 'STARTED' }),
  ),
  call(
    'schemas list-discoverers',
    { 'source-arn-prefix': SOURCE_ARN },
    { Discoverers: [expect.objectContaining({ DiscovererArn: DISCOVERER_ARN })] },
  ),
  call(
    'schemas get-discovered-schema',
    { ...TYPE, events: ['{"source":"shop","detail-type":"Sale","detail":{"total":1}}'] },
    { Content: expect.stringContaining('"openapi":"3.0.0"') },
  ),
  call('schemas delete-discoverer', discoverer),
  refused(
    'schemas describe-discoverer',
    discoverer,
    'NotFoundException',
    'Discoverer with id events-event-bus-default does not exist.',
  ),
]

/** Every operation of EventBridge Schemas. */
export const SCHEMAS_CALLS: readonly CliSubject[] = [
  { subject: 'registries', calls: REGISTRIES },
  { subject: 'schemas', calls: SCHEMAS },
  { subject: 'discoverers', calls: DISCOVERERS },
]
