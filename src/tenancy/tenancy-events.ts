import { busArn } from '#src/model/arn.ts'
import { detailTypeOf, eventTypeOf } from '#src/model/catalogue/catalogue.ts'
import { NO_HOPS, envelopeJson } from '#src/model/event.ts'
import type { AccountId, RecordedEvent, Region } from '#src/model/event.ts'
import { partnerSource } from '#src/model/event-namespace.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import { epochMsOf, isoMicros } from '#src/model/moment.ts'
import type { Moment } from '#src/model/moment.ts'
import type { TraceContext } from '#src/model/principal.ts'

/** Something that happened in the tenancy, with the IDs of what it was done to and by whom. */
export interface TenancyEvent {
  /** The publisher's; stays with the action. */
  readonly id: string
  /** The envelope's; the transport's own, as on AWS. */
  readonly envelopeId: string
  /** Its type's name in the catalogue. */
  readonly name: string
  /** Of its type, where the publisher's is newer than the catalogue's. */
  readonly version?: string
  readonly organisationId: string
  readonly customerId: string
  readonly publishedAt: Moment
  readonly userId?: string
  /** The API token that acted. */
  readonly accessKeyId?: string
  /** Where it happened, if not in the tenancy at large. */
  readonly aws?: { readonly accountId: AccountId; readonly region: Region }
  readonly traceContext?: TraceContext
  /** Set where the hub has it from a publisher outside, and knows no more than it says. */
  readonly emitted?: true
  readonly fields: Readonly<Record<string, unknown>>
}

/**
 * The event for the log, still with bare IDs.
 * @throws Error where the catalogue has no such event: it was checked when it was emitted.
 */
export function recordedTenancyEvent(
  event: TenancyEvent,
  namespace: EventNamespace,
  place: {
    readonly loggingAccount: AccountId
    readonly installationRegion: Region
    readonly now: number
  },
): RecordedEvent {
  const type = eventTypeOf(event.name)
  if (type === undefined) throw new Error(`the catalogue has no event "${event.name}"`)
  const { prefix } = namespace
  const { loggingAccount: account, installationRegion: region, now } = place
  const source = partnerSource(namespace, account)
  const detailType = detailTypeOf(type)
  const eventTime = isoMicros(event.publishedAt)
  const detail = {
    meta: {
      customer: { id: event.customerId },
      organization: { id: event.organisationId },
      ...(event.userId !== undefined && { user: { id: event.userId } }),
      ...(event.accessKeyId !== undefined && { apiToken: { accessKeyId: event.accessKeyId } }),
      ...(event.aws !== undefined && { aws: event.aws }),
      timings: { eventPublishTime: eventTime },
      ...(event.traceContext !== undefined && { traceContext: event.traceContext }),
      ...(event.emitted && { emitted: true }),
    },
    [`${prefix}EventVersion`]: event.version ?? type.version,
    [`${prefix}EventID`]: event.id,
    [`${prefix}EventTime`]: eventTime,
    [`${prefix}EventSource`]: `${prefix}.${type.component}`,
    [`${prefix}EventType`]: type.category,
    [`${prefix}EventName`]: type.name,
    ...event.fields,
  }
  return {
    id: event.envelopeId,
    busArn: busArn({ account, region, name: source }),
    acceptedAt: now,
    source,
    detailType,
    account,
    region,
    hops: NO_HOPS,
    awaitsEnrichment: true,
    json: envelopeJson({
      id: event.envelopeId,
      detailType,
      source,
      account,
      time: epochMsOf(event.publishedAt),
      region,
      resources: [],
      detailJson: JSON.stringify(detail),
    }),
  }
}
