import { pageOfAll } from '#src/model/page.ts'
import { draft4Of } from '#src/schemas/export-draft-4.ts'
import type { Place, SchemaAddress } from '#src/schemas/documents.ts'
import type { OpenApiDocument, SchemaType } from '#src/schemas/schema-document.ts'
import type { ProvidedRegistries } from '#src/schemas/provided-registries.ts'
import type { Schemas } from '#src/schemas/schemas.ts'
import { checkTags } from '#src/schemas/tags.ts'
import type { RestOperation } from '../aws-rest/rest-json.ts'
import { NOTHING, paged, structure } from '../eventbridge/operation.ts'
import type { Paging } from '../eventbridge/operation.ts'
import { optional, required, string, textPattern } from '../eventbridge/shapes.ts'
import {
  CONTENT,
  DESCRIPTION,
  OF_REGISTRY,
  OF_SCHEMA,
  PAGING,
  PAGING_QUERY,
  SCHEMA_NAME,
  TAGS,
  TYPE,
  VERSION,
} from './shapes.ts'
import type { OfRegistry, OfSchema } from './shapes.ts'
import { iso, schemaArn, wireSchema } from './wire.ts'

interface SchemaInput extends OfSchema {
  readonly Content: string
  readonly Type: SchemaType
  readonly Description?: string
  readonly tags?: Readonly<Record<string, string>>
}

interface UpdateInput extends Partial<Omit<SchemaInput, keyof OfSchema>>, OfSchema {
  readonly ClientTokenId?: string
}

interface VersionInput extends OfSchema {
  readonly SchemaVersion?: string
}

const IN_REGISTRY = '/v1/registries/name/{RegistryName}/schemas'
const SCHEMA = `${IN_REGISTRY}/name/{SchemaName}`

export function schemaOperations(
  schemas: Schemas,
  provided: ProvidedRegistries,
): Record<string, RestOperation> {
  const own = ({ registry, ...place }: SchemaAddress) => ({ ...place, registry, provided: false })
  return {
    CreateSchema: {
      permission: 'schemas:Write',
      http: ['POST', SCHEMA, 201],
      input: structure({
        ...OF_SCHEMA,
        Content: required(CONTENT),
        Type: required(TYPE),
        Description: optional(DESCRIPTION),
        tags: optional(TAGS),
      }),
      run: async (call, input: SchemaInput) => {
        const { Content: content, Type: type, Description: description, tags = {} } = input
        checkTags(tags)
        const address = addressOf(call, input)
        const schema = await schemas.create(address, { type, content, description, tags })
        return wireSchema(own(address), schema)
      },
    },
    UpdateSchema: {
      permission: 'schemas:Write',
      http: ['PUT', SCHEMA],
      input: structure({
        ...OF_SCHEMA,
        ClientTokenId: optional(string({ max: 36 })),
        Content: optional(CONTENT),
        Type: optional(TYPE),
        Description: optional(DESCRIPTION),
      }),
      run: async (call, input: UpdateInput) => {
        const { Content: content, Type: type, Description: description } = input
        const address = addressOf(call, input)
        const clientToken = input.ClientTokenId
        const update = { type, content, description, clientToken }
        return wireSchema(own(address), await schemas.update(address, update))
      },
    },
    DescribeSchema: {
      permission: 'schemas:Read',
      http: ['GET', SCHEMA],
      query: ['schemaVersion'],
      input: structure({ ...OF_SCHEMA, SchemaVersion: optional(VERSION) }),
      run: async (call, input: VersionInput) => {
        const address = addressOf(call, input)
        const found = await schemas.describe(address, input.SchemaVersion)
        const place = { ...address, provided: found.provided }
        return { Content: found.content, ...wireSchema(place, found.schema, found.version) }
      },
    },
    DeleteSchema: {
      permission: 'schemas:Write',
      http: ['DELETE', SCHEMA, 204],
      input: structure(OF_SCHEMA),
      run: async (call, input: OfSchema) => {
        await schemas.remove(addressOf(call, input))
        return NOTHING
      },
    },
    DeleteSchemaVersion: {
      permission: 'schemas:Write',
      http: ['DELETE', `${SCHEMA}/version/{SchemaVersion}`, 204],
      input: structure({ ...OF_SCHEMA, SchemaVersion: required(VERSION) }),
      run: async (call, input: OfSchema & { readonly SchemaVersion: string }) => {
        await schemas.removeVersion(addressOf(call, input), input.SchemaVersion)
        return NOTHING
      },
    },
    ExportSchema: {
      permission: 'schemas:Read',
      http: ['GET', `${SCHEMA}/export`],
      query: ['type', 'schemaVersion'],
      input: structure({
        ...OF_SCHEMA,
        Type: required(string({ enum: ['JSONSchemaDraft4'] })),
        SchemaVersion: optional(VERSION),
      }),
      run: async (call, input: VersionInput) => {
        const address = addressOf(call, input)
        const { schema, version, content, ...found } = await schemas.describe(
          address,
          input.SchemaVersion,
        )
        const exported = () => draft4Of(JSON.parse(content) as OpenApiDocument)
        return {
          Content: version.type === 'OpenApi3' ? JSON.stringify(exported()) : content,
          SchemaArn: schemaArn({ ...address, ...found }, schema),
          SchemaName: schema.name,
          SchemaVersion: String(version.version),
          Type: 'JSONSchemaDraft4',
        }
      },
    },
    ...schemaLists(schemas, provided),
  }
}

function schemaLists(
  schemas: Schemas,
  provided: ProvidedRegistries,
): Record<string, RestOperation> {
  const placeOf = ({ account, region }: Place, registry: string) => ({
    account,
    region,
    registry,
    provided: provided.has(registry),
  })
  return {
    ListSchemas: {
      permission: 'schemas:Read',
      http: ['GET', IN_REGISTRY],
      query: ['schemaNamePrefix', ...PAGING_QUERY],
      input: structure({ ...OF_REGISTRY, SchemaNamePrefix: optional(SCHEMA_NAME), ...PAGING }),
      run: async (call, input: OfRegistry & Paging & { readonly SchemaNamePrefix?: string }) => {
        const { RegistryName: registry, SchemaNamePrefix: namePrefix } = input
        const list = `schemas ${call.account} ${call.region} ${registry} ${namePrefix}`
        const { items, next } = await paged(list, input, async (page) =>
          schemas.list(call, registry, { namePrefix, ...page }),
        )
        return {
          Schemas: items.map((schema) => ({
            SchemaName: schema.name,
            SchemaArn: schemaArn(placeOf(call, registry), schema),
            LastModified: iso(schema.modifiedAt),
            VersionCount: schema.versions.length,
            tags: schema.tags,
          })),
          ...next,
        }
      },
    },
    SearchSchemas: {
      permission: 'schemas:Read',
      http: ['GET', `${IN_REGISTRY}/search`],
      query: ['keywords', ...PAGING_QUERY],
      input: structure({
        ...OF_REGISTRY,
        Keywords: required(
          string({ min: 1, max: 1_024, pattern: textPattern(String.raw`\S`, /\S/) }),
        ),
        ...PAGING,
      }),
      run: async (call, input: OfRegistry & Paging & { readonly Keywords: string }) => {
        const { RegistryName: registry, Keywords: keywords } = input
        const list = `search ${call.account} ${call.region} ${registry} ${keywords}`
        const { items, next } = await paged(list, input, async (page) =>
          schemas.search(call, registry, { keywords, ...page }),
        )
        return {
          Schemas: items.map((schema) => ({
            RegistryName: registry,
            SchemaName: schema.name,
            SchemaArn: schemaArn(placeOf(call, registry), schema),
            SchemaVersions: schema.versions.map(({ version, type, createdAt }) => ({
              SchemaVersion: String(version),
              Type: type,
              CreatedDate: iso(createdAt),
            })),
          })),
          ...next,
        }
      },
    },
    ListSchemaVersions: {
      permission: 'schemas:Read',
      http: ['GET', `${SCHEMA}/versions`],
      query: PAGING_QUERY,
      input: structure({ ...OF_SCHEMA, ...PAGING }),
      run: async (call, input: OfSchema & Paging) => {
        const address = addressOf(call, input)
        const { schema, provided: isProvided } = await schemas.describe(address)
        const list = `versions ${call.account} ${call.region} ${address.registry} ${schema.name}`
        const { items, next } = await paged(list, input, async (page) =>
          pageOfAll(schema.versions, ({ version }) => String(version).padStart(10, '0'), page),
        )
        return {
          SchemaVersions: items.map(({ version, type }) => ({
            SchemaName: schema.name,
            SchemaArn: schemaArn({ ...address, provided: isProvided }, schema),
            SchemaVersion: String(version),
            Type: type,
          })),
          ...next,
        }
      },
    },
  }
}

function addressOf(
  { account, region }: Place,
  { RegistryName: registry, SchemaName: schema }: OfSchema,
): SchemaAddress {
  return { account, region, registry, schema }
}
