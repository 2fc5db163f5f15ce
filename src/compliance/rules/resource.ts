import { at, tagsAt, textAt } from '../observed/foreign.ts'
import type { Foreign } from '../observed/foreign.ts'

/** A resource as rules see it: AWS Config's configuration item, with tags as an object. */
export interface RuleResource {
  readonly resourceType: string
  readonly resourceId: string
  readonly tags: Readonly<Record<string, string>>
  readonly [member: string]: unknown
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
