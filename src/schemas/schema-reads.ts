import { pageOf, pageOfAll } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { CONTENTS, SCHEMAS, contentKey, placeOf, schemaKey } from './documents.ts'
import type { Place, Schema, SchemaAddress, SchemaVersion } from './documents.ts'
import { notFound } from './faults.ts'
import { noSuchSchema, providedSchema } from './provided-registries.ts'
import type { ProvidedRegistries, ProvidedSchema } from './provided-registries.ts'
import { registryOf } from './registries.ts'
import type { PageOfNames } from './registries.ts'

/** One version of a schema with its content. */
export interface SchemaContent {
  readonly schema: Schema
  readonly version: SchemaVersion
  readonly content: string
  readonly provided: boolean
}

/** What can be read of schemas, provided ones among them. */
export interface SchemaReads {
  /**
   * The newest version, or the one that is named.
   * @throws AwsError NotFoundException
   */
  describe(address: SchemaAddress, version?: string): Promise<SchemaContent>
  /** @throws AwsError NotFoundException where there is no such registry */
  list(place: Place, registry: string, page: PageOfNames): Promise<Page<Schema>>
  /** Those whose name, description or newest content has all the keywords. */
  search(
    place: Place,
    registry: string,
    search: PageOfNames & { readonly keywords: string },
  ): Promise<Page<Schema>>
}

/** How many schemas a search holds in memory at a time. */
const SEARCHED_AT_ONCE = 20

export function createSchemaReads(state: State, provided: ProvidedRegistries): SchemaReads {
  const list: SchemaReads['list'] = async (place, registry, { namePrefix = '', after, limit }) => {
    const known = provided.get(registry)
    if (known !== undefined) {
      const named = [...known.schemas().values()].filter(({ name }) => name.startsWith(namePrefix))
      return pageOfAll(named.map(asSchema), ({ name }) => name, { after, limit })
    }
    registryOf(await placeOf(state, place), registry)
    const found = await state.list(SCHEMAS, {
      prefix: schemaKey({ ...place, registry, schema: namePrefix }),
      limit: limit + 1,
      ...(after !== undefined && { after: schemaKey({ ...place, registry, schema: after }) }),
    })
    const { items, last } = pageOf(found, limit)
    return { items, ...(last !== undefined && { last: (items.at(-1) as Schema).name }) }
  }

  const describe: SchemaReads['describe'] = async (address, wanted) => {
    const known = provided.get(address.registry)
    const found = known && providedSchema(known, address.schema)
    const schema = found === undefined ? await storedSchema(state, address) : asSchema(found)
    const version = versionOf(schema, wanted)
    const content =
      found?.content ?? (await state.get(CONTENTS, contentKey(address, version.version)))
    // Deleted while it was read.
    if (content === undefined) throw noSuchSchema(address.registry, address.schema)
    return { schema, version, content, provided: found !== undefined }
  }

  return {
    list,
    describe,
    search: async (place, registry, { keywords, after, limit }) => {
      const words = keywords.toLowerCase().split(/\s+/)
      const has = async (schema: Schema) => {
        const address = { ...place, registry, schema: schema.name }
        const { content } = await describe(address)
        const text = `${schema.name}\n${schema.description ?? ''}\n${content}`.toLowerCase()
        return words.every((word) => text.includes(word))
      }
      const found: Schema[] = []
      let from = after
      for (;;) {
        const page = await list(place, registry, { after: from, limit: SEARCHED_AT_ONCE })
        for (const schema of page.items) {
          if (!(await has(schema))) continue
          if (found.length === limit) return { items: found, last: found.at(-1)?.name as string }
          found.push(schema)
        }
        if (page.last === undefined) return { items: found }
        from = page.last
      }
    },
  }
}

/** @throws AwsError NotFoundException */
export async function storedSchema(
  from: Pick<StateTransaction, 'get'>,
  address: SchemaAddress,
): Promise<Schema> {
  const schema = await from.get(SCHEMAS, schemaKey(address))
  if (schema !== undefined) return schema
  registryOf(await placeOf(from, address), address.registry)
  throw noSuchSchema(address.registry, address.schema)
}

export function newestOf({ versions }: Schema): SchemaVersion {
  return versions.at(-1) as SchemaVersion
}

/** @throws AwsError NotFoundException */
export function versionOf(schema: Schema, wanted?: string): SchemaVersion {
  if (wanted === undefined) return newestOf(schema)
  const found = schema.versions.find(({ version }) => String(version) === wanted)
  if (found !== undefined) return found
  throw notFound(`Version ${wanted} of schema ${schema.name} does not exist.`)
}

/** Provided schemas are as old as the hub's release, which is of no interest to anyone. */
function asSchema({ name, description }: ProvidedSchema): Schema {
  const versions = [{ version: 1, type: 'OpenApi3' as const, createdAt: 0 }]
  return { name, description, tags: {}, modifiedAt: 0, newestVersion: 1, versions }
}
