import { at, tagsAt, textAt } from '../observed/foreign.ts'
import type { Foreign } from '../observed/foreign.ts'

/** A resource as rules see it: AWS Config's configuration item, with tags as an object. */
export interface RuleResource {
  readonly resourceType: string
  readonly resourceId: string
  readonly tags: Readonly<Record<string, string>>
  readonly [member: string]: unknown
}

/**
 * The members of a configuration item, as AWS Config delivers it in snapshots and events, beside which
 * a resource has none. https://docs.aws.amazon.com/config/latest/developerguide/config-item-table.html
 */
const MEMBERS = [
  'ARN',
  'availabilityZone',
  'awsAccountId',
  'awsRegion',
  'configuration',
  'configurationItemCaptureTime',
  'configurationItemDeliveryTime',
  'configurationItemMD5Hash',
  'configurationItemStatus',
  'configurationItemVersion',
  'configurationStateId',
  'configurationStateMd5Hash',
  'recordingFrequency',
  'relatedEvents',
  'relationships',
  'resourceCreationTime',
  'resourceId',
  'resourceName',
  'resourceType',
  'supplementaryConfiguration',
  'tags',
] as const
const BY_SMALL_LETTERS: ReadonlyMap<string, string> = new Map(
  MEMBERS.map((name) => [name.toLowerCase(), name]),
)

/** What is wrong with a name that is meant to be a resource's member; undefined: it is one. */
export function faultOfMember(name: string): string | undefined {
  const known = BY_SMALL_LETTERS.get(name.toLowerCase())
  if (known === name) return undefined
  return known === undefined
    ? `a resource has no field "${name}": it has ${MEMBERS.join(', ')}; below "configuration", "supplementaryConfiguration" and "tags" anything goes`
    : `a resource has no field "${name}": write "${known}"`
}

/** A resource whose evaluation could take longer than this bounds is not evaluated. */
const RESOURCE_CHARACTERS_MAX = 256 * 1_024
const LIST_ITEMS_MAX = 1_000

/** @returns why it cannot be one, as text */
export function resourceOf(item: Foreign): RuleResource | string {
  const resourceType = textAt(item, 'resourceType')
  const resourceId = textAt(item, 'resourceId') ?? textAt(item, 'ARN') ?? textAt(item, 'arn')
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return 'it is no object'
  if (resourceType === undefined) return 'it has no "resourceType"'
  if (resourceId === undefined) return 'it has neither "resourceId" nor "ARN"'
  const arn = textAt(item, 'ARN') ?? textAt(item, 'arn')
  const resource = {
    ...item,
    ...(arn !== undefined && { ARN: arn }),
    resourceType,
    resourceId,
    tags: tagsAt(item, 'tags'),
    configuration: configurationOf(at(item, 'configuration')),
  }
  if (JSON.stringify(resource).length > RESOURCE_CHARACTERS_MAX) {
    return `it is longer than ${RESOURCE_CHARACTERS_MAX} characters`
  }
  if (longestList(resource) > LIST_ITEMS_MAX) {
    return `it has a list of more than ${LIST_ITEMS_MAX} items`
  }
  return resource
}

/** A snapshot has it as an object, and some deliveries as the JSON text of one. */
function configurationOf(configuration: Foreign): unknown {
  if (typeof configuration !== 'string') return configuration ?? {}
  try {
    return JSON.parse(configuration)
  } catch {
    return configuration
  }
}

function longestList(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const items: readonly unknown[] = Object.values(value)
  return items.reduce<number>((most, item) => Math.max(most, longestList(item)), items.length)
}
