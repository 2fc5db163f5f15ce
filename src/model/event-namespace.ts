import type { AccountId } from './event.ts'

/** How a company's own tenancy events are named. */
export interface EventNamespace {
  /** First part of the fields and sources, such as `stax` in `staxEventName` and `stax.auth`. */
  readonly prefix: string
  /** The partner in the event source's name, such as `stax.io`. */
  readonly partner: string
}

/** The partner event source, and bus, of a logging account. */
export function partnerSource(namespace: EventNamespace, loggingAccount: AccountId): string {
  return `aws.partner/${namespace.partner}/${loggingAccount}/default`
}

/** What the hub itself says of every event, in its detail. */
const ENVELOPE_FIELDS = ['Version', 'ID', 'Time', 'Source', 'Type', 'Name'] as const

export function isEnvelopeField(field: string, { prefix }: EventNamespace): boolean {
  return field === 'meta' || ENVELOPE_FIELDS.some((name) => field === `${prefix}Event${name}`)
}
