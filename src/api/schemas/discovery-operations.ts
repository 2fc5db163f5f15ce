import type { Discoverer } from '#src/schemas/documents.ts'
import type { Discoverers } from '#src/schemas/discoverers.ts'
import { discoveredContent } from '#src/schemas/discovered-content.ts'
import type { SchemaType } from '#src/schemas/schema-document.ts'
import { checkTags } from '#src/schemas/tags.ts'
import type { RestOperation } from '../aws-rest/rest-json.ts'
import { BOOLEAN, NOTHING, paged, structure } from '../eventbridge/operation.ts'
import type { Paging } from '../eventbridge/operation.ts'
import { optional, required, string } from '../eventbridge/shapes.ts'
import { CONTENT, DESCRIPTION, PAGING, PAGING_QUERY, TAGS, TYPE } from './shapes.ts'
import { wireDiscoverer } from './wire.ts'

interface OfDiscoverer {
  readonly DiscovererId: string
}

interface Settings {
  readonly Description?: string
  readonly CrossAccount?: boolean
}

interface CreateInput extends Settings {
  readonly SourceArn: string
  readonly tags?: Readonly<Record<string, string>>
}

interface ListInput extends Paging {
  readonly DiscovererIdPrefix?: string
  readonly SourceArnPrefix?: string
}

const DISCOVERERS = '/v1/discoverers'
const DISCOVERER = `${DISCOVERERS}/id/{DiscovererId}`
const OF_DISCOVERER = { DiscovererId: required(string({ min: 1, max: 300 })) }
const SETTINGS = { Description: optional(DESCRIPTION), CrossAccount: optional(BOOLEAN) }

export function discoveryOperations(discoverers: Discoverers): Record<string, RestOperation> {
  const setState = (verb: string, wanted: Discoverer['state']): RestOperation => ({
    permission: 'schemas:Write',
    http: ['POST', `${DISCOVERER}/${verb}`],
    input: structure(OF_DISCOVERER),
    run: async (call, { DiscovererId }: OfDiscoverer) => {
      const { id, state } = await discoverers.setState(call, DiscovererId, wanted)
      return { DiscovererId: id, State: state }
    },
  })
  return {
    CreateDiscoverer: {
      permission: 'schemas:Write',
      http: ['POST', DISCOVERERS, 201],
      input: structure({
        SourceArn: required(string({ min: 20, max: 1_600 })),
        ...SETTINGS,
        tags: optional(TAGS),
      }),
      run: async (call, { SourceArn, Description, CrossAccount, tags = {} }: CreateInput) => {
        checkTags(tags)
        const settings = { description: Description, crossAccount: CrossAccount }
        const given = { sourceArn: SourceArn, tags, ...settings }
        return wireDiscoverer(await discoverers.create(call, given))
      },
    },
    DescribeDiscoverer: {
      permission: 'schemas:Read',
      http: ['GET', DISCOVERER],
      input: structure(OF_DISCOVERER),
      run: async (call, { DiscovererId }: OfDiscoverer) =>
        wireDiscoverer(await discoverers.describe(call, DiscovererId)),
    },
    UpdateDiscoverer: {
      permission: 'schemas:Write',
      http: ['PUT', DISCOVERER],
      input: structure({ ...OF_DISCOVERER, ...SETTINGS }),
      run: async (call, { DiscovererId, Description, CrossAccount }: OfDiscoverer & Settings) => {
        const settings = { description: Description, crossAccount: CrossAccount }
        return wireDiscoverer(await discoverers.update(call, DiscovererId, settings))
      },
    },
    DeleteDiscoverer: {
      permission: 'schemas:Write',
      http: ['DELETE', DISCOVERER, 204],
      input: structure(OF_DISCOVERER),
      run: async (call, { DiscovererId }: OfDiscoverer) => {
        await discoverers.remove(call, DiscovererId)
        return NOTHING
      },
    },
    ListDiscoverers: {
      permission: 'schemas:Read',
      http: ['GET', DISCOVERERS],
      query: ['discovererIdPrefix', 'sourceArnPrefix', ...PAGING_QUERY],
      input: structure({
        DiscovererIdPrefix: optional(string()),
        SourceArnPrefix: optional(string()),
        ...PAGING,
      }),
      run: async (call, input: ListInput) => {
        const { DiscovererIdPrefix: idPrefix, SourceArnPrefix: sourceArnPrefix } = input
        const list = `discoverers ${call.account} ${call.region} ${idPrefix} ${sourceArnPrefix}`
        const { items, next } = await paged(list, input, async (page) =>
          discoverers.list(call, { idPrefix, sourceArnPrefix, ...page }),
        )
        const shown = items.map((discoverer) => {
          const { Description: _, ...summary } = wireDiscoverer(discoverer)
          return summary
        })
        return { Discoverers: shown, ...next }
      },
    },
    StartDiscoverer: setState('start', 'STARTED'),
    StopDiscoverer: setState('stop', 'STOPPED'),
    GetDiscoveredSchema: {
      permission: 'schemas:Read',
      http: ['POST', '/v1/discover'],
      input: structure({
        Type: required(TYPE),
        Events: required({ type: 'list', member: CONTENT, min: 1, max: 10 }),
      }),
      run: async (
        _call,
        { Type, Events }: { readonly Type: SchemaType; readonly Events: readonly string[] },
      ) => ({ Content: discoveredContent(Type, Events) }),
    },
  }
}
