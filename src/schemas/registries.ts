import { pageOfAll } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State } from '#src/ports/state.ts'
import { DISCOVERED_SCHEMAS, placeOf, putPlace, withOne } from './documents.ts'
import type { Place, PlaceDocument, Registry, RegistryPolicy, Tags } from './documents.ts'
import { badRequest, conflict, forbidden, notFound, preconditionFailed } from './faults.ts'
import { checkPolicy } from './registry-policy.ts'
import type { ProvidedRegistries } from './provided-registries.ts'

/** A registry as it is shown. */
export interface ShownRegistry extends Pick<Registry, 'name' | 'description' | 'tags'> {
  readonly provided: boolean
}

export interface PageOfNames {
  readonly namePrefix?: string | undefined
  readonly after?: string | undefined
  readonly limit: number
}

export interface Registries {
  /** @throws AwsError ConflictException, ForbiddenException */
  create(
    place: Place,
    given: { readonly name: string; readonly description?: string; readonly tags?: Tags },
  ): Promise<ShownRegistry>
  /** @throws AwsError NotFoundException, as do all that name a registry */
  describe(place: Place, name: string): Promise<ShownRegistry>
  update(place: Place, name: string, description: string | undefined): Promise<ShownRegistry>
  remove(place: Place, name: string): Promise<void>
  list(
    place: Place,
    page: PageOfNames & { readonly scope?: 'LOCAL' | 'AWS' | undefined },
  ): Promise<Page<ShownRegistry>>
  policy(place: Place, name: string): Promise<RegistryPolicy>
  /** @throws AwsError PreconditionFailedException where the policy is of another revision */
  putPolicy(
    place: Place,
    name: string,
    given: { readonly text: string; readonly revisionId?: string | undefined },
  ): Promise<RegistryPolicy>
  removePolicy(place: Place, name: string): Promise<void>
}

export interface RegistryPorts {
  readonly state: State
  readonly ids: Ids
  readonly provided: ProvidedRegistries
}

/** AWS's default quota. */
const REGISTRIES_MAX = 10

export function createRegistries({ state, ids, provided }: RegistryPorts): Registries {
  const edit = async (
    place: Place,
    name: string,
    change: (registry: Registry, document: PlaceDocument) => Registry | undefined,
  ): Promise<Registry | undefined> => {
    refuseProvided(provided, name)
    return state.transact(async (transaction) => {
      const document = await placeOf(transaction, place)
      const registry = change(registryOf(document, name), document)
      const registries = withOne(document.registries, name, registry)
      putPlace(transaction, place, { ...document, registries })
      return registry
    })
  }

  return {
    create: async (place, { name, description, tags = {} }) =>
      state.transact(async (transaction) => {
        const document = await placeOf(transaction, place)
        if (provided.has(name) || Object.hasOwn(document.registries, name)) {
          throw conflict(`Registry with name ${name} already exists.`)
        }
        if (name.startsWith('aws.')) {
          throw badRequest(`Registry name ${name} is not valid: "aws." is AWS's.`)
        }
        const own = Object.keys(document.registries).filter((other) => other !== DISCOVERED_SCHEMAS)
        if (own.length >= REGISTRIES_MAX) {
          throw forbidden(`The quota of ${REGISTRIES_MAX} registries is reached.`)
        }
        const registry = {
          name,
          tags,
          schemaCount: 0,
          ...(description !== undefined && { description }),
        }
        const registries = withOne(document.registries, name, registry)
        putPlace(transaction, place, { ...document, registries })
        return shown(registry)
      }),
    describe: async (place, name) => {
      const known = provided.get(name)
      if (known !== undefined) return shownProvided(known)
      return shown(registryOf(await placeOf(state, place), name))
    },
    update: async (place, name, description) =>
      shown(
        (await edit(place, name, (registry) => ({
          ...registry,
          ...(description !== undefined && { description }),
        }))) as Registry,
      ),
    remove: async (place, name) => {
      if (name === DISCOVERED_SCHEMAS) throw forbidden(`Registry ${name} cannot be deleted.`)
      await edit(place, name, ({ schemaCount }) => {
        if (schemaCount > 0) {
          throw badRequest(`Registry ${name} cannot be deleted because it has schemas.`)
        }
        return undefined
      })
    },
    list: async (place, { namePrefix = '', scope, ...page }) => {
      const { registries } = await placeOf(state, place)
      const local = Object.values(registries).map(shown)
      const theirs = [...provided.values()].map(shownProvided)
      const all = [...(scope === 'AWS' ? [] : local), ...(scope === 'LOCAL' ? [] : theirs)].filter(
        ({ name }) => name.startsWith(namePrefix),
      )
      return pageOfAll(all, ({ name }) => name, page)
    },
    policy: async (place, name) => {
      refuseProvided(provided, name)
      return policyOf(registryOf(await placeOf(state, place), name))
    },
    putPolicy: async (place, name, { text, revisionId }) => {
      checkPolicy(text)
      const policy = { text, revisionId: ids.uuid() }
      await edit(place, name, (registry) => {
        const before = registry.policy?.revisionId
        if (revisionId !== undefined && revisionId !== before) {
          throw preconditionFailed(`The policy of registry ${name} has another revision.`)
        }
        return { ...registry, policy }
      })
      return policy
    },
    removePolicy: async (place, name) => {
      await edit(place, name, (registry) => {
        policyOf(registry)
        const { policy: _, ...without } = registry
        return without
      })
    },
  }
}

/** @throws AwsError NotFoundException */
export function registryOf({ registries }: PlaceDocument, name: string): Registry {
  const registry = Object.hasOwn(registries, name) ? registries[name] : undefined
  if (registry === undefined) throw notFound(`Registry with name ${name} does not exist.`)
  return registry
}

/** @throws AwsError ForbiddenException */
export function refuseProvided(provided: ProvidedRegistries, name: string): void {
  if (provided.has(name)) throw forbidden(`Registry ${name} is provided and cannot be changed.`)
}

function policyOf({ name, policy }: Registry): RegistryPolicy {
  if (policy === undefined) throw notFound(`Registry ${name} has no resource policy.`)
  return policy
}

function shown({ name, description, tags }: Registry): ShownRegistry {
  return { name, tags, provided: false, ...(description !== undefined && { description }) }
}

function shownProvided({ name, description }: { name: string; description: string }) {
  return { name, description, tags: {}, provided: true }
}
