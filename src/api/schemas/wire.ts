import { busArn } from '#src/model/arn.ts'
import type { Discoverer, Place, Schema, SchemaVersion } from '#src/schemas/documents.ts'
import type { ShownRegistry } from '#src/schemas/registries.ts'
import { newestOf } from '#src/schemas/schema-reads.ts'

/** A schema as it is shown: where it is, and whether the hub provides its registry. */
export interface SchemaPlace extends Place {
  readonly registry: string
  readonly provided: boolean
}

export function wireRegistry(place: Place, registry: ShownRegistry) {
  const { name, description, tags, provided } = registry
  return {
    RegistryName: name,
    RegistryArn: arn(place, provided, `registry/${name}`),
    ...(description !== undefined && { Description: description }),
    tags,
  }
}

export function wireSchema(
  place: SchemaPlace,
  { description, ...schema }: Schema,
  version: SchemaVersion = newestOf(schema),
) {
  return {
    SchemaName: schema.name,
    SchemaArn: schemaArn(place, schema),
    ...(description !== undefined && { Description: description }),
    LastModified: iso(schema.modifiedAt),
    SchemaVersion: String(version.version),
    Type: version.type,
    VersionCreatedDate: iso(version.createdAt),
    tags: schema.tags,
  }
}

export function wireDiscoverer(discoverer: Discoverer) {
  const { id, bus, description, state, crossAccount, tags } = discoverer
  return {
    DiscovererId: id,
    DiscovererArn: arn(bus, false, `discoverer/${id}`),
    SourceArn: busArn(bus),
    State: state,
    CrossAccount: crossAccount,
    ...(description !== undefined && { Description: description }),
    tags,
  }
}

export function schemaArn(place: SchemaPlace, { name }: Pick<Schema, 'name'>): string {
  return arn(place, place.provided, `schema/${place.registry}/${name}`)
}

/** What the hub provides belongs to no account, as AWS's own registries. */
function arn({ region, account }: Place, provided: boolean, resource: string): string {
  return `arn:aws:schemas:${region}:${provided ? '' : account}:${resource}`
}

export function iso(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
