import type { Registries } from '#src/schemas/registries.ts'
import { checkTags } from '#src/schemas/tags.ts'
import type { RestOperation } from '../aws-rest/rest-json.ts'
import { NOTHING, paged, structure } from '../eventbridge/operation.ts'
import type { Paging } from '../eventbridge/operation.ts'
import { optional, required, string, textPattern } from '../eventbridge/shapes.ts'
import { DESCRIPTION, OF_REGISTRY, PAGING, PAGING_QUERY, REGISTRY_NAME, TAGS } from './shapes.ts'
import type { OfRegistry } from './shapes.ts'
import { wireRegistry } from './wire.ts'

interface RegistryInput extends OfRegistry {
  readonly Description?: string
  readonly tags?: Readonly<Record<string, string>>
}

interface ListInput extends Paging {
  readonly RegistryNamePrefix?: string
  readonly Scope?: string
}

const REGISTRY = '/v1/registries/name/{RegistryName}'

export function registryOperations(registries: Registries): Record<string, RestOperation> {
  return {
    CreateRegistry: {
      permission: 'schemas:Write',
      http: ['POST', REGISTRY, 201],
      input: structure({
        ...OF_REGISTRY,
        Description: optional(DESCRIPTION),
        tags: optional(TAGS),
      }),
      run: async (call, { RegistryName: name, Description, tags = {} }: RegistryInput) => {
        checkTags(tags)
        const given = { name, tags, ...(Description !== undefined && { description: Description }) }
        return wireRegistry(call, await registries.create(call, given))
      },
    },
    DescribeRegistry: {
      permission: 'schemas:Read',
      http: ['GET', REGISTRY],
      input: structure(OF_REGISTRY),
      run: async (call, { RegistryName }: OfRegistry) =>
        wireRegistry(call, await registries.describe(call, RegistryName)),
    },
    UpdateRegistry: {
      permission: 'schemas:Write',
      http: ['PUT', REGISTRY],
      input: structure({ ...OF_REGISTRY, Description: optional(DESCRIPTION) }),
      run: async (call, { RegistryName, Description }: RegistryInput) =>
        wireRegistry(call, await registries.update(call, RegistryName, Description)),
    },
    DeleteRegistry: {
      permission: 'schemas:Write',
      http: ['DELETE', REGISTRY, 204],
      input: structure(OF_REGISTRY),
      run: async (call, { RegistryName }: OfRegistry) => {
        await registries.remove(call, RegistryName)
        return NOTHING
      },
    },
    ListRegistries: {
      permission: 'schemas:Read',
      http: ['GET', '/v1/registries'],
      query: ['registryNamePrefix', 'scope', ...PAGING_QUERY],
      input: structure({
        RegistryNamePrefix: optional(REGISTRY_NAME),
        Scope: optional(string({ pattern: textPattern('[Ll][Oo][Cc][Aa][Ll]|[Aa][Ww][Ss]') })),
        ...PAGING,
      }),
      run: async (call, input: ListInput) => {
        const { RegistryNamePrefix: namePrefix, Scope } = input
        const scope = Scope?.toUpperCase() as 'LOCAL' | 'AWS' | undefined
        const list = `registries ${call.account} ${call.region} ${scope} ${namePrefix}`
        const { items, next } = await paged(list, input, async (page) =>
          registries.list(call, { namePrefix, scope, ...page }),
        )
        return {
          Registries: items.map((registry) => {
            const { Description: _, ...summary } = wireRegistry(call, registry)
            return summary
          }),
          ...next,
        }
      },
    },
    ...policyOperations(registries),
  }
}

interface PolicyInput extends OfRegistry {
  readonly Policy: string
  readonly RevisionId?: string
}

const POLICY = '/v1/policy'

function policyOperations(registries: Registries): Record<string, RestOperation> {
  const query = ['registryName']
  return {
    GetResourcePolicy: {
      permission: 'schemas:Read',
      http: ['GET', POLICY],
      query,
      input: structure(OF_REGISTRY),
      run: async (call, { RegistryName }: OfRegistry) => {
        const { text, revisionId } = await registries.policy(call, RegistryName)
        return { Policy: text, RevisionId: revisionId }
      },
    },
    PutResourcePolicy: {
      permission: 'schemas:Write',
      http: ['PUT', POLICY],
      query,
      input: structure({
        ...OF_REGISTRY,
        Policy: required(string({ min: 1 })),
        RevisionId: optional(string({ min: 1 })),
      }),
      run: async (call, { RegistryName, Policy: given, RevisionId: revisionId }: PolicyInput) => {
        const policy = { text: given, revisionId }
        const put = await registries.putPolicy(call, RegistryName, policy)
        return { Policy: put.text, RevisionId: put.revisionId }
      },
    },
    DeleteResourcePolicy: {
      permission: 'schemas:Write',
      http: ['DELETE', POLICY, 204],
      query,
      input: structure(OF_REGISTRY),
      run: async (call, { RegistryName }: OfRegistry) => {
        await registries.removePolicy(call, RegistryName)
        return NOTHING
      },
    },
  }
}
