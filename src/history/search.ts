import type { EventPattern } from '@belfry/event-pattern'

import type { LogPosition, PositionedEvent, RecordedEvent } from '#src/model/event.ts'
import type { DeliveryHistory, DeliveryQueue } from '#src/ports/delivery-queue.ts'
import { scanBack } from './scan.ts'
import type { Period, ScanPorts } from './scan.ts'

export interface SearchPorts extends ScanPorts {
  readonly queue: Pick<DeliveryQueue, 'historyOf'>
}

/** How an event's deliveries stand; `UNMATCHED`: no rule took it. */
export const DELIVERY_STATUSES = ['DELIVERED', 'PENDING', 'DEAD', 'UNMATCHED'] as const
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number]

/** What is looked for: events for which all that is given holds. */
export interface EventFilter {
  /** By what stands on its envelope. */
  readonly isNamed: (event: RecordedEvent) => boolean | Promise<boolean>
  readonly pattern?: EventPattern
  /** Anywhere in the event's JSON, in any case of its letters. */
  readonly text?: string
  /** At least one delivery is so. */
  readonly status?: DeliveryStatus
}

export interface SearchRequest {
  readonly filter: EventFilter
  readonly period: Period
  /** Goes on before this place of the log. */
  readonly before?: LogPosition
  readonly limit: number
  /** Whether an event may be shown. */
  readonly accept: (event: RecordedEvent) => Promise<boolean>
}

export interface SearchResult {
  /** The newest first. */
  readonly events: readonly PositionedEvent[]
  /** Where to go on; absent where the period has been searched whole. */
  readonly next?: LogPosition
  /** Epoch ms back to which all has been searched. */
  readonly searchedTo: number
}

/** One answer looks at no more: a second of one core, about. */
const EVENTS_PER_SEARCH_MAX = 100_000

/** Searches the history back from its end, until enough is found or enough was looked at. */
export async function searchEvents(
  ports: SearchPorts,
  { filter, period, before, limit, accept }: SearchRequest,
): Promise<SearchResult> {
  const matches = matcherOf(filter)
  const events: PositionedEvent[] = []
  let searched = 0
  for await (const batch of scanBack(ports, period, before)) {
    for (const positioned of batch) {
      searched += 1
      const { position, event } = positioned
      if (
        (await matches(event)) &&
        (await hasStatus(ports, position, filter)) &&
        (await accept(event))
      ) {
        events.push(positioned)
      }
      if (events.length === limit || searched === EVENTS_PER_SEARCH_MAX) {
        return { events, next: position, searchedTo: event.acceptedAt }
      }
    }
  }
  return { events, searchedTo: period.from }
}

function matcherOf(filter: EventFilter): (event: RecordedEvent) => Promise<boolean> {
  const { isNamed, pattern, text } = filter
  const words = text?.toLowerCase()
  return async (event) =>
    (await isNamed(event)) &&
    (words === undefined || event.json.toLowerCase().includes(words)) &&
    (pattern === undefined || pattern.matches(event.json))
}

async function hasStatus(
  { queue }: SearchPorts,
  position: LogPosition,
  { status }: EventFilter,
): Promise<boolean> {
  if (status === undefined) return true
  return hasDelivery(await queue.historyOf(position, ATTEMPTS_LOOKED_AT), status)
}

/** Enough to know whether one of an event's deliveries succeeded. */
const ATTEMPTS_LOOKED_AT = 2_000

function hasDelivery({ pending, dead, attempts }: DeliveryHistory, status: DeliveryStatus) {
  switch (status) {
    case 'DELIVERED':
      return attempts.some(({ outcome }) => outcome === 'delivered')
    case 'PENDING':
      return pending.length > 0
    case 'DEAD':
      return dead.length > 0
    case 'UNMATCHED':
      return pending.length + dead.length + attempts.length === 0
    default:
      return status satisfies never
  }
}
