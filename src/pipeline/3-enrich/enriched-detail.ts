import { META_GAINS, eventTypeOf, idsOf } from '#src/model/catalogue/catalogue.ts'
import type { Moment } from '#src/model/moment.ts'
import type { Directory, DirectoryKind } from '#src/ports/directory.ts'

type Fields = Readonly<Record<string, unknown>>

export interface EnrichedDetail {
  readonly detail: Record<string, unknown>
  /** IDs that the directory has never known: they stay as they are. */
  readonly unresolvedIds: number
}

/** Parts of `meta`: the field that holds the ID, and what it names. */
const META_IDS = {
  customer: ['id', 'customer'],
  organization: ['id', 'organisation'],
  user: ['id', 'user'],
  aws: ['accountId', 'aws-account'],
  apiToken: ['accessKeyId', 'api-token'],
} as const satisfies Record<keyof typeof META_GAINS, readonly [string, DirectoryKind]>

/**
 * Gives each ID of a tenancy event's detail the readable attributes behind it, as they were at the
 * event's moment: in `meta` the customer, organisation, user, API token and AWS account, and the
 * event's own IDs, as the catalogue knows them, beside themselves. What the event already says is
 * never overwritten.
 * @param eventName as in the catalogue; of an event that it does not know, only `meta` gains names
 */
export async function enrichedDetail(
  directory: Pick<Directory, 'attributesAt'>,
  detail: Fields,
  { eventName, moment }: { readonly eventName: string; readonly moment: Moment },
): Promise<EnrichedDetail> {
  let unresolvedIds = 0
  const organisationId = fieldsOf(fieldsOf(detail['meta'])['organization'])['id']
  const named = async (given: Fields, field: string, gain: Gain): Promise<Fields> => {
    const id = given[field]
    if (typeof id !== 'string') return given
    const known = await directory.attributesAt(gain.kind, id, moment)
    // A publisher outside of the hub may name anything: another organisation's stays unnamed.
    const owner = known?.['organisationId'] ?? organisationId
    const attributes = owner === organisationId ? known : undefined
    if (attributes === undefined) unresolvedIds += 1
    return attributes === undefined ? given : withMissing(given, attributes, gain.gains)
  }

  const meta: Record<string, unknown> = { ...fieldsOf(detail['meta']) }
  for (const [part, [field, kind]] of Object.entries(META_IDS)) {
    if (meta[part] === undefined) continue
    const gains = META_GAINS[part as keyof typeof META_GAINS]
    meta[part] = await named(fieldsOf(meta[part]), field, { kind, gains })
  }
  const type = eventTypeOf(eventName)
  let enriched: Fields = detail
  for (const [field, meaning] of type === undefined ? [] : idsOf(type)) {
    enriched = await named(enriched, field, meaning)
  }
  return { detail: { ...enriched, meta }, unresolvedIds }
}

interface Gain {
  readonly kind: DirectoryKind
  readonly gains: Readonly<Record<string, string>>
}

/** What was given comes first and stays. */
function withMissing(given: Fields, attributes: Fields, gains: Gain['gains']): Fields {
  const missing = Object.entries(gains).flatMap(([name, attribute]) =>
    given[name] === undefined && attributes[attribute] !== undefined
      ? [[name, attributes[attribute]]]
      : [],
  )
  return { ...given, ...Object.fromEntries(missing) }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}
