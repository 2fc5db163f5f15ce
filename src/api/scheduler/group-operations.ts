import { groupArn } from '#src/scheduler/documents.ts'
import type { ScheduleGroup } from '#src/scheduler/documents.ts'
import type { GroupAddress, ScheduleGroups } from '#src/scheduler/groups.ts'
import { AwsError } from '#src/errors.ts'
import type { RestOperation } from '../aws-rest/rest-json.ts'
import { NOTHING, paged, structure } from '../eventbridge/operation.ts'
import type { Call } from '../eventbridge/operation.ts'
import { optional, required, string, textPattern } from '../eventbridge/shapes.ts'
import type { Shape } from '../eventbridge/shapes.ts'
import { LISTING, LISTING_QUERY, pagingOf } from './schedule-operations.ts'
import type { ListInput } from './schedule-operations.ts'
import { CLIENT_TOKEN, NAME } from './wire-schedule.ts'

interface WireTag {
  readonly Key: string
  readonly Value: string
}

const PATH = '/schedule-groups/{Name}'
const TAGS_PATH = '/tags/{ResourceArn}'
/** Only groups have tags. */
const GROUP_ARN = string({
  min: 1,
  max: 1_011,
  pattern: textPattern(
    String.raw`^arn:aws[a-z-]*:scheduler:[a-z0-9\-]+:\d{12}:schedule-group\/[0-9a-zA-Z-_.]+$`,
  ),
})
const TAG_KEY = string({ min: 1, max: 128 })
const TAG_VALUE = string({ min: 1, max: 256 })
const TAGS: Shape = {
  type: 'list',
  max: 200,
  member: structure({ Key: required(TAG_KEY), Value: required(TAG_VALUE) }),
}

export function groupOperations(groups: ScheduleGroups): Readonly<Record<string, RestOperation>> {
  return { ...ownOperations(groups), ...tagOperations(groups) }
}

function ownOperations(groups: ScheduleGroups): Readonly<Record<string, RestOperation>> {
  return {
    CreateScheduleGroup: {
      permission: 'events:Write',
      http: ['POST', PATH],
      input: structure({
        Name: required(NAME),
        Tags: optional(TAGS),
        ClientToken: optional(CLIENT_TOKEN),
      }),
      run: async (
        call,
        input: { Name: string; Tags?: readonly WireTag[]; ClientToken?: string },
      ) => {
        const { Name: name, Tags = [], ClientToken } = input
        const made = await groups.create({ ...placeOf(call), name }, tagsFrom(Tags), ClientToken)
        return { ScheduleGroupArn: groupArn(made) }
      },
    },
    GetScheduleGroup: {
      permission: 'events:Read',
      http: ['GET', PATH],
      input: structure({ Name: required(NAME) }),
      run: async (call, { Name }: { Name: string }) =>
        wireGroup(await groups.get({ ...placeOf(call), name: Name })),
    },
    DeleteScheduleGroup: {
      permission: 'events:Write',
      http: ['DELETE', PATH],
      query: ['clientToken'],
      input: structure({ Name: required(NAME), ClientToken: optional(CLIENT_TOKEN) }),
      run: async (call, input: { Name: string; ClientToken?: string }) => {
        await groups.remove({ ...placeOf(call), name: input.Name }, input.ClientToken)
        return NOTHING
      },
    },
    ListScheduleGroups: {
      permission: 'events:Read',
      http: ['GET', '/schedule-groups'],
      query: LISTING_QUERY,
      input: structure(LISTING),
      run: async (call, input: ListInput) => {
        const { NamePrefix: namePrefix } = input
        const list = ['schedule-groups', call.account, call.region, namePrefix].join(' ')
        const { items, next } = await paged(list, pagingOf(input), async (page) =>
          groups.list(call, { ...page, namePrefix }),
        )
        return { ScheduleGroups: items.map(wireGroup), ...next }
      },
    },
  }
}

function tagOperations(groups: ScheduleGroups): Readonly<Record<string, RestOperation>> {
  return {
    TagResource: {
      permission: 'events:Write',
      http: ['POST', TAGS_PATH],
      input: structure({ ResourceArn: required(GROUP_ARN), Tags: required(TAGS) }),
      run: async (call, input: { ResourceArn: string; Tags: readonly WireTag[] }) => {
        const given = tagsFrom(input.Tags)
        await groups.changeTags(groupIn(call, input), (tags) => ({ ...tags, ...given }))
        return NOTHING
      },
    },
    UntagResource: {
      permission: 'events:Write',
      http: ['DELETE', TAGS_PATH],
      query: ['TagKeys'],
      input: structure({
        ResourceArn: required(GROUP_ARN),
        TagKeys: required({ type: 'list', member: TAG_KEY, max: 200 }),
      }),
      run: async (call, input: { ResourceArn: string; TagKeys: readonly string[] }) => {
        await groups.changeTags(groupIn(call, input), (tags) =>
          Object.fromEntries(Object.entries(tags).filter(([key]) => !input.TagKeys.includes(key))),
        )
        return NOTHING
      },
    },
    ListTagsForResource: {
      permission: 'events:Read',
      http: ['GET', TAGS_PATH],
      input: structure({ ResourceArn: required(GROUP_ARN) }),
      run: async (call, input: { ResourceArn: string }) => {
        const { tags } = await groups.get(groupIn(call, input))
        return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }
      },
    },
  }
}

function placeOf({ account, region }: Call) {
  return { account, region }
}

/** The group that an ARN names. @throws AwsError AccessDeniedException for another account's */
function groupIn(call: Call, { ResourceArn: arn }: { readonly ResourceArn: string }): GroupAddress {
  const name = arn.slice(arn.lastIndexOf('/') + 1)
  const at = { ...placeOf(call), name }
  if (groupArn(at) === arn) return at
  throw new AwsError(
    'AccessDeniedException',
    `Account ${call.account} is not authorized for ${arn} in ${call.region}.`,
    403,
  )
}

function tagsFrom(tags: readonly WireTag[]): Readonly<Record<string, string>> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]))
}

function wireGroup(group: ScheduleGroup) {
  const { createdAt, modifiedAt } = group
  return {
    Arn: groupArn(group),
    Name: group.name,
    State: group.state,
    ...(createdAt !== undefined && { CreationDate: createdAt / 1_000 }),
    ...(modifiedAt !== undefined && { LastModificationDate: modifiedAt / 1_000 }),
  }
}
