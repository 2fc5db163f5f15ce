import type { AccountId } from './event.ts'

/** How a company's own tenancy events are named. */
export interface EventNamespace {
  /** First part of the fields and sources, such as `stax` in `staxEventName` and `stax.auth`. */
  readonly prefix: string
  /** The partner in the event source's name, such as `stax.io`. */
  readonly partner: string
}

/**
 * The name of a partner event source, and of its bus, in an account.
 * @param label its last part; the tenancy's own source, in the logging account, is the default
 */
export function partnerSource(
  namespace: EventNamespace,
  account: AccountId,
  label = 'default',
): string {
  return `${partnerSourcePrefix(namespace)}${account}/${label}`
}

/** What the names of all its partner event sources begin with. */
export function partnerSourcePrefix({ partner }: EventNamespace): string {
  return `aws.partner/${partner}/`
}

/** The bus that an organisation's trail announces its objects on. */
export function trailName({ prefix }: EventNamespace, organisationId: string): string {
  return `${prefix}trail-${organisationId}`
}

/** The bucket, or folder, of an organisation's trail. */
export function trailBucket(namespace: EventNamespace, organisationId: string): string {
  return `${namespace.prefix}-${trailName(namespace, organisationId)}`
}

/** What the hub itself says of every event, in its detail. */
const ENVELOPE_FIELDS = ['Version', 'ID', 'Time', 'Source', 'Type', 'Name'] as const

export function isEnvelopeField(field: string, { prefix }: EventNamespace): boolean {
  return field === 'meta' || ENVELOPE_FIELDS.some((name) => field === `${prefix}Event${name}`)
}
