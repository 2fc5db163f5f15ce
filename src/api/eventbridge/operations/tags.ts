import type { BusAccess } from '#src/buses/bus-access.ts'
import type { PolicyAction } from '#src/buses/policy-document.ts'
import type { ResourceTags, Taggable } from '#src/buses/resource-tags.ts'
import { existingBus } from '#src/buses/event-buses.ts'
import { existingRule, refuseManaged } from '#src/buses/rules.ts'
import { AwsError } from '#src/errors.ts'
import { busArn, parseBusArn, parseRuleArn, ruleArn } from '#src/model/arn.ts'
import { NOTHING, structure } from '../operation.ts'
import type { Call, Operations } from '../operation.ts'
import { required, string } from '../shapes.ts'
import { TAGS, TAG_KEY, tagsFrom, wireTags } from '../wire-tags.ts'
import type { WireTag } from '../wire-tags.ts'

export interface TagOperationPorts {
  readonly access: BusAccess
  readonly tags: ResourceTags
}

interface OfResource {
  readonly ResourceARN: string
}

const OF_RESOURCE = { ResourceARN: required(string({ min: 1, max: 1600 })) }

export function tagOperations({ access, tags }: TagOperationPorts): Operations {
  return {
    TagResource: {
      permission: 'events:Write',
      input: structure({ ...OF_RESOURCE, Tags: required(TAGS) }),
      run: async (call, input: OfResource & { Tags: readonly WireTag[] }) => {
        const resource = await taggable(access, call, 'TagResource', input)
        await tags.put(resource, tagsFrom(input.Tags))
        return NOTHING
      },
    },
    UntagResource: {
      permission: 'events:Write',
      input: structure({ ...OF_RESOURCE, TagKeys: required({ type: 'list', member: TAG_KEY }) }),
      run: async (call, input: OfResource & { TagKeys: readonly string[] }) => {
        const resource = await taggable(access, call, 'UntagResource', input)
        await tags.remove(resource, input.TagKeys)
        return NOTHING
      },
    },
    ListTagsForResource: {
      permission: 'events:Read',
      input: structure(OF_RESOURCE),
      run: async (call, input: OfResource) => {
        const resource = await taggable(access, call, 'ListTagsForResource', input)
        return { Tags: wireTags(await tags.list(resource)) }
      },
    },
  }
}

/**
 * The resource that an ARN names, to a caller who may do that with it. A further kind of resource
 * that has tags is a further way to read the ARN.
 */
async function taggable(
  access: BusAccess,
  call: Call,
  action: PolicyAction,
  { ResourceARN: given }: OfResource,
): Promise<Taggable> {
  const ofRule = parseRuleArn(given)
  const bus = ofRule?.bus ?? parseBusArn(given)
  if (bus === undefined || bus.region !== call.region) {
    throw new AwsError(
      'ValidationException',
      'Parameter ResourceARN is not valid. Reason: the ARN must name an event bus or a rule of this region.',
    )
  }
  if (ofRule === undefined) {
    await access.authorize(call, bus, { action })
    const checkExists: Taggable['checkExists'] = async (state) => {
      await existingBus(state, bus)
    }
    return { arn: busArn(bus), checkExists, checkChangeable: checkExists }
  }
  const { rule } = ofRule
  await access.authorize(call, bus, { action, rule })
  return {
    arn: ruleArn(bus, rule),
    checkExists: async (state) => {
      await existingRule(state, bus, rule)
    },
    checkChangeable: async (transaction) =>
      refuseManaged(await existingRule(transaction, bus, rule)),
  }
}
