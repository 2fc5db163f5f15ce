import { setImmediate as nextTurn } from 'node:timers/promises'

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
/** Nor at the deliveries of more of them, each of which is read from the store: a second, too. */
const EVENTS_LOOKED_UP_MAX = 15_000
/** A batch may hold thousands of events: others get their turn in between, every few milliseconds. */
const EVENTS_LOOKED_UP_PER_TURN = 50

/** Searches the history back from its end, until enough is found or enough was looked at. */
export async function searchEvents(
  ports: SearchPorts,
  { filter, period, before, limit, accept }: SearchRequest,
): Promise<SearchResult> {
  const matches = matcherOf(filter)
  const events: PositionedEvent[] = []
  let searched = 0
  let lookedUp = 0
  const hasStatus = async (position: LogPosition): Promise<boolean> => {
    if (filter.status === undefined) return true
    lookedUp += 1
    if (lookedUp % EVENTS_LOOKED_UP_PER_TURN === 0) await nextTurn()
    return hasDelivery(await ports.queue.historyOf(position, ATTEMPTS_LOOKED_AT), filter.status)
  }
  for await (const batch of scanBack(ports, period, before)) {
    for (const positioned of batch) {
      searched += 1
      const { position, event } = positioned
      if ((await matches(event)) && (await accept(event)) && (await hasStatus(position))) {
        events.push(positioned)
      }
      const isEnough =
        events.length === limit ||
        searched === EVENTS_PER_SEARCH_MAX ||
        lookedUp === EVENTS_LOOKED_UP_MAX
      if (isEnough) {
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
