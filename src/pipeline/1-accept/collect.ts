import { DEFAULT_BUS, busArn } from '#src/model/arn.ts'
import { compactObject } from '#src/model/compact-json.ts'
import { NO_HOPS } from '#src/model/event.ts'
import type { AccountId, RecordedEvent, Region } from '#src/model/event.ts'
import { partnerSourcePrefix } from '#src/model/event-namespace.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import { withMembers } from '#src/model/json-text.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Observer } from '#src/ports/observer.ts'

export interface CollectPorts {
  readonly log: EventLog
  readonly clock: Clock
  readonly observer: Observer
  readonly namespace: EventNamespace
  /** Why an account and region take no events, or undefined when they do. */
  readonly refusalOf: (account: AccountId, region: Region) => Promise<CollectRefusal | undefined>
}

export interface CollectRefusal {
  readonly code:
    | 'MalformedEvent'
    | 'AccountNotManaged'
    | 'RegionNotEnabled'
    | 'NotAuthorizedForSource'
  readonly message: string
}

/** In the order of the events. */
export type CollectResult =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly id?: string; readonly refusal: CollectRefusal }

const ACCOUNT = /^\d{12}$/
const REGION = /^[a-z]{2,}(-[a-z]+)+-\d+$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/
const TEXT_FIELDS = ['id', 'detail-type', 'source', 'account', 'time', 'region'] as const

/**
 * Takes AWS events with their envelopes, as an EventBridge API destination sends them, and puts
 * each on the default bus of its own account and region. The envelope is kept as it came.
 * @param texts one event's JSON text each
 * @throws OverloadedFault, StoreFullFault: nothing was recorded.
 */
export async function collect(
  ports: CollectPorts,
  texts: readonly string[],
): Promise<readonly CollectResult[]> {
  const results: CollectResult[] = []
  const accepted: RecordedEvent[] = []
  for (const text of texts) {
    const event = recordedFrom(text, ports.clock.now())
    if (!('json' in event)) {
      results.push({ ok: false, refusal: event })
      continue
    }
    const refusal =
      refusalOfSource(ports, event) ?? (await ports.refusalOf(event.account, event.region))
    if (refusal !== undefined) {
      results.push({ ok: false, id: event.id, refusal })
      continue
    }
    results.push({ ok: true, id: event.id })
    accepted.push(event)
  }
  await ports.log.record(accepted)
  ports.observer.entriesAccepted('collector', accepted.length)
  for (const result of results) {
    if (!result.ok) ports.observer.entryRefused('collector', result.refusal.code)
  }
  return results
}

/** What says that it is of the tenancy would be believed: only the hub itself makes those. */
function refusalOfSource(
  { namespace }: CollectPorts,
  { source }: RecordedEvent,
): CollectRefusal | undefined {
  if (!source.startsWith(partnerSourcePrefix(namespace))) return undefined
  const message = `the source ${source} is that of this hub's own tenancy events: publish those with "belfry emit"`
  return { code: 'NotAuthorizedForSource', message }
}

function recordedFrom(text: string, acceptedAt: number): RecordedEvent | CollectRefusal {
  const json = compactObject(text)
  if (json === undefined) return malformed('the event is not a JSON object')
  const parsed = JSON.parse(json) as Record<string, unknown>
  for (const field of TEXT_FIELDS) {
    const value = parsed[field]
    if (typeof value !== 'string' || value === '') {
      return malformed(`"${field}" must be a non-empty string`)
    }
  }
  const envelope = parsed as Record<(typeof TEXT_FIELDS)[number], string>
  const { id, source, account, region } = envelope
  if (!ACCOUNT.test(account)) return malformed(`"account" must be 12 digits, not "${account}"`)
  if (!REGION.test(region)) return malformed(`"region" is not a region's name: "${region}"`)
  if (!TIME.test(envelope.time) || Number.isNaN(Date.parse(envelope.time))) {
    return malformed(`"time" must be a date and time such as 2026-01-31T08:15:00Z`)
  }
  const { detail } = parsed
  if (typeof detail !== 'object' || detail === null || Array.isArray(detail)) {
    return malformed('"detail" must be a JSON object')
  }
  return {
    id,
    busArn: busArn({ account, region, name: DEFAULT_BUS }),
    acceptedAt,
    source,
    detailType: envelope['detail-type'],
    account,
    region,
    hops: NO_HOPS,
    // A key that comes twice would read differently here and at a target: the last one counts.
    json: withMembers(json, {}),
  }
}

function malformed(reason: string): CollectRefusal {
  return { code: 'MalformedEvent', message: `the event was not accepted: ${reason}` }
}
