import type { Clock } from '#src/ports/clock.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import {
  CONTENTS,
  SCHEMAS,
  SHAPES,
  contentKey,
  placeOf,
  putPlace,
  schemaKey,
  withOne,
} from './documents.ts'
import type { Schema, SchemaAddress, Tags } from './documents.ts'
import { badRequest, conflict, forbidden } from './faults.ts'
import type { ProvidedRegistries } from './provided-registries.ts'
import { refuseProvided, registryOf } from './registries.ts'
import { checkContent } from './schema-document.ts'
import type { SchemaType } from './schema-document.ts'
import { createSchemaReads, newestOf, storedSchema, versionOf } from './schema-reads.ts'
import type { SchemaReads } from './schema-reads.ts'

export interface NewSchema {
  readonly type: SchemaType
  readonly content: string
  readonly description?: string | undefined
  readonly tags?: Tags | undefined
}

export interface SchemaUpdate {
  readonly type?: SchemaType | undefined
  readonly content?: string | undefined
  readonly description?: string | undefined
  readonly clientToken?: string | undefined
}

export interface Schemas extends SchemaReads {
  /** @throws AwsError BadRequestException, ConflictException, ForbiddenException, NotFoundException */
  create(address: SchemaAddress, given: NewSchema): Promise<Schema>
  /** Content that is the newest already makes no version. */
  update(address: SchemaAddress, given: SchemaUpdate): Promise<Schema>
  remove(address: SchemaAddress): Promise<void>
  /** @throws AwsError ForbiddenException for the only version: that is deleting the schema */
  removeVersion(address: SchemaAddress, version: string): Promise<void>
}

export interface SchemaPorts {
  readonly state: State
  readonly clock: Clock
  readonly provided: ProvidedRegistries
}

/** AWS's default quotas. */
const SCHEMAS_PER_REGISTRY_MAX = 100
export const DISCOVERED_SCHEMAS_MAX = 200
export const VERSIONS_MAX = 100

export function createSchemas({ state, clock, provided }: SchemaPorts): Schemas {
  return {
    ...createSchemaReads(state, provided),
    create: async (address, { type, content, description, tags = {} }) => {
      refuseProvided(provided, address.registry)
      checkContent(type, content)
      return state.transact(async (transaction) => {
        if ((await transaction.get(SCHEMAS, schemaKey(address))) !== undefined) {
          throw conflict(`Schema with name ${address.schema} already exists.`)
        }
        await countSchema(transaction, address, SCHEMAS_PER_REGISTRY_MAX)
        const now = clock.now()
        return putSchema(transaction, address, {
          schema: {
            name: address.schema,
            tags,
            modifiedAt: now,
            versions: [],
            newestVersion: 0,
            ...(description !== undefined && { description }),
          },
          type,
          content,
          now,
        })
      })
    },
    update: async (address, given) => {
      refuseProvided(provided, address.registry)
      return state.transact(async (transaction) => {
        const before = await storedSchema(transaction, address)
        const { description, clientToken } = given
        if (clientToken !== undefined && clientToken === before.clientToken) return before
        const changed = await changedContent(transaction, address, before, given)
        const isNew = description !== undefined && description !== before.description
        if (changed === undefined && !isNew) return before
        const now = clock.now()
        const schema = {
          ...before,
          ...(description !== undefined && { description }),
          ...(clientToken !== undefined && { clientToken }),
          modifiedAt: now,
        }
        if (changed === undefined) return putHead(transaction, address, schema)
        if (before.versions.length >= VERSIONS_MAX) {
          throw forbidden(`The quota of ${VERSIONS_MAX} versions of a schema is reached.`)
        }
        return putSchema(transaction, address, { schema, ...changed, now })
      })
    },
    remove: async (address) => {
      refuseProvided(provided, address.registry)
      await state.transact(async (transaction) => {
        const { versions } = await storedSchema(transaction, address)
        for (const { version } of versions) {
          transaction.delete(CONTENTS, contentKey(address, version))
        }
        transaction.delete(SHAPES, schemaKey(address))
        transaction.delete(SCHEMAS, schemaKey(address))
        await changeCount(transaction, address, -1)
      })
    },
    removeVersion: async (address, wanted) => {
      refuseProvided(provided, address.registry)
      await state.transact(async (transaction) => {
        const schema = await storedSchema(transaction, address)
        const { version } = versionOf(schema, wanted)
        if (schema.versions.length === 1) {
          throw forbidden(`Version ${version} is the only one of schema ${address.schema}.`)
        }
        transaction.delete(CONTENTS, contentKey(address, version))
        const versions = schema.versions.filter((other) => other.version !== version)
        putHead(transaction, address, { ...schema, versions, modifiedAt: clock.now() })
      })
    },
  }
}

/**
 * Counts a schema that is about to be put into its registry.
 * @throws AwsError ForbiddenException, NotFoundException
 */
export async function countSchema(
  transaction: StateTransaction,
  address: SchemaAddress,
  max: number,
): Promise<void> {
  const { schemaCount } = registryOf(await placeOf(transaction, address), address.registry)
  if (schemaCount >= max) {
    throw forbidden(`The quota of ${max} schemas in registry ${address.registry} is reached.`)
  }
  await changeCount(transaction, address, 1)
}

export interface NewVersion {
  readonly schema: Schema
  readonly type: SchemaType
  readonly content: string
  readonly now: number
}

/** Puts a schema with one more version. */
export function putSchema(
  transaction: StateTransaction,
  address: SchemaAddress,
  { schema, type, content, now }: NewVersion,
): Schema {
  const version = schema.newestVersion + 1
  transaction.put(CONTENTS, contentKey(address, version), content)
  return putHead(transaction, address, {
    ...schema,
    modifiedAt: now,
    newestVersion: version,
    versions: [...schema.versions, { version, type, createdAt: now }],
  })
}

function putHead(transaction: StateTransaction, address: SchemaAddress, schema: Schema): Schema {
  transaction.put(SCHEMAS, schemaKey(address), schema)
  return schema
}

async function changeCount(
  transaction: StateTransaction,
  address: SchemaAddress,
  by: number,
): Promise<void> {
  const document = await placeOf(transaction, address)
  const registry = registryOf(document, address.registry)
  const counted = { ...registry, schemaCount: registry.schemaCount + by }
  const registries = withOne(document.registries, registry.name, counted)
  putPlace(transaction, address, { ...document, registries })
}

/**
 * The content that an update brings, where the schema does not have it already.
 * @throws AwsError BadRequestException
 */
async function changedContent(
  transaction: StateTransaction,
  address: SchemaAddress,
  before: Schema,
  { type, content }: SchemaUpdate,
): Promise<Pick<NewVersion, 'type' | 'content'> | undefined> {
  const newest = newestOf(before)
  const kind = type ?? newest.type
  if (content === undefined) {
    if (kind === newest.type) return undefined
    throw badRequest('Type changes with Content only: give both.')
  }
  checkContent(kind, content)
  const known = await transaction.get(CONTENTS, contentKey(address, newest.version))
  const isKnown = kind === newest.type && known !== undefined && sameJson(content, known)
  return isKnown ? undefined : { type: kind, content }
}

function sameJson(left: string, right: string): boolean {
  return left === right || JSON.stringify(JSON.parse(left)) === JSON.stringify(JSON.parse(right))
}
