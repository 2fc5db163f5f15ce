import { busArn } from '#src/model/arn.ts'
import { NO_HOPS, envelopeJson } from '#src/model/event.ts'
import type { AccountId, RecordedEvent, Region } from '#src/model/event.ts'
import { partnerSource } from '#src/model/event-namespace.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'

/** Category, source component and names that the reference system publishes; the last is ours. */
const KINDS = {
  AccountCreateEvent: { type: 'AccountManagement', component: 'account' },
  AccountUpdateEvent: { type: 'AccountManagement', component: 'account' },
  UserAuthenticationEvent: { type: 'Security', component: 'auth' },
  APITokenCreateEvent: { type: 'Security', component: 'auth' },
} as const
export type TenancyEventName = keyof typeof KINDS

/** An action of the tenancy, with the IDs of what it was done to and by whom. */
export interface TenancyEvent {
  /** The publisher's; stays with the action. */
  readonly id: string
  /** The envelope's; the transport's own, as on AWS. */
  readonly envelopeId: string
  readonly organisationId: string
  readonly customerId: string
  readonly name: TenancyEventName
  readonly publishedAt: number
  readonly userId?: string
  /** Where it happened, if not in the tenancy at large. */
  readonly aws?: { readonly accountId: AccountId; readonly region: Region }
  readonly fields: Readonly<Record<string, unknown>>
}

export type TenancyAction = Omit<TenancyEvent, 'id' | 'envelopeId' | 'publishedAt'>

const EVENT_VERSION = '1'

/** The event for the log, still with bare IDs. */
export function recordedTenancyEvent(
  event: TenancyEvent,
  namespace: EventNamespace,
  place: {
    readonly loggingAccount: AccountId
    readonly installationRegion: Region
    readonly now: number
  },
): RecordedEvent {
  const { type, component } = KINDS[event.name]
  const { prefix } = namespace
  const { loggingAccount: account, installationRegion: region, now } = place
  const source = partnerSource(namespace, account)
  const detailType = `${type}: ${event.name}`
  const eventTime = new Date(event.publishedAt).toISOString()
  const detail = {
    meta: {
      customer: { id: event.customerId },
      organization: { id: event.organisationId },
      ...(event.userId !== undefined && { user: { id: event.userId } }),
      ...(event.aws !== undefined && { aws: event.aws }),
      timings: { eventPublishTime: eventTime },
    },
    [`${prefix}EventVersion`]: EVENT_VERSION,
    [`${prefix}EventID`]: event.id,
    [`${prefix}EventTime`]: eventTime,
    [`${prefix}EventSource`]: `${prefix}.${component}`,
    [`${prefix}EventType`]: type,
    [`${prefix}EventName`]: event.name,
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
      time: event.publishedAt,
      region,
      resources: [],
      detailJson: JSON.stringify(detail),
    }),
  }
}
