import type { State, StateTransaction } from '#src/ports/state.ts'
import { SCHEMAS, placeOf, putPlace, schemaKey, withOne } from './documents.ts'
import type { Place, Tags } from './documents.ts'
import { badRequest, notFound } from './faults.ts'

/** AWS's limit. */
export const TAGS_MAX = 50

/** Tags of registries, schemas and discoverers, by ARN. */
export interface SchemaTags {
  /** @throws AwsError NotFoundException, as do the others */
  list(place: Place, arn: string): Promise<Tags>
  /** @throws AwsError BadRequestException */
  put(place: Place, arn: string, tags: Tags): Promise<void>
  remove(place: Place, arn: string, keys: readonly string[]): Promise<void>
}

export function createSchemaTags(state: State): SchemaTags {
  const edit = async (place: Place, arn: string, change: (tags: Tags) => Tags) =>
    state.transact(async (transaction) => {
      const { tags, keep } = await taggedResource(transaction, place, arn)
      keep(transaction, change(tags))
    })
  return {
    list: async (place, arn) => (await taggedResource(state, place, arn)).tags,
    put: async (place, arn, given) =>
      edit(place, arn, (tags) => {
        const all = { ...tags, ...given }
        checkTags(all)
        return all
      }),
    remove: async (place, arn, keys) =>
      edit(place, arn, (tags) =>
        Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key))),
      ),
  }
}

interface TaggedResource {
  readonly tags: Tags
  readonly keep: (transaction: StateTransaction, tags: Tags) => void
}

async function taggedResource(
  from: Pick<StateTransaction, 'get'>,
  place: Place,
  arn: string,
): Promise<TaggedResource> {
  const prefix = `arn:aws:schemas:${place.region}:${place.account}:`
  const parts = arn.startsWith(prefix) ? arn.slice(prefix.length).split('/') : []
  const [kind, name = '', schema = ''] = parts
  const missing = notFound(`Resource ${arn} does not exist.`)
  if (kind === 'schema' && parts.length === 3) {
    const key = schemaKey({ ...place, registry: name, schema })
    const found = await from.get(SCHEMAS, key)
    if (found === undefined) throw missing
    const { tags } = found
    return { tags, keep: (into, changed) => into.put(SCHEMAS, key, { ...found, tags: changed }) }
  }
  const list = { registry: 'registries', discoverer: 'discoverers' } as const
  if (parts.length !== 2 || (kind !== 'registry' && kind !== 'discoverer')) throw missing
  const document = await placeOf(from, place)
  const all = document[list[kind]] as Readonly<Record<string, { readonly tags: Tags }>>
  const found = Object.hasOwn(all, name) ? all[name] : undefined
  if (found === undefined) throw missing
  return {
    tags: found.tags,
    keep: (into, tags) =>
      putPlace(into, place, {
        ...document,
        [list[kind]]: withOne(all, name, { ...found, tags }),
      }),
  }
}

/**
 * What a door cannot tell of tags by their shape.
 * @throws AwsError BadRequestException
 */
export function checkTags(tags: Tags): void {
  const keys = Object.keys(tags)
  if (keys.length > TAGS_MAX) throw badRequest(`A resource has at most ${TAGS_MAX} tags.`)
  const reserved = keys.find((key) => /^aws:/i.test(key))
  if (reserved === undefined) return
  throw badRequest(`Tag key "${reserved}" is not valid: "aws:" is reserved.`)
}
