import type { Delivery, NewDelivery } from '#src/model/delivery.ts'
import type { Rule } from '#src/model/event-bus.ts'
import type { PositionedEvent, RecordedEvent } from '#src/model/event.ts'
import { withRoleOfRule } from '#src/model/target-role.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Cursors } from '#src/ports/cursors.ts'
import type { DeliveryQueue } from '#src/ports/delivery-queue.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently } from '#src/ports/patiently.ts'

export interface RouterPorts {
  readonly log: EventLog
  readonly cursors: Cursors
  readonly queue: DeliveryQueue
  readonly clock: Clock
  readonly observer: Observer
  /** The matching rules of a bus; undefined where the bus is gone. */
  readonly matchingRules: (event: RecordedEvent) => Promise<readonly Rule[]>
  /** Told of deliveries that have just become durable. */
  readonly onRouted: (routed: readonly RoutedDelivery[]) => void
  /** Told of each batch with which it is done: what its events called for is durable. */
  readonly onPassed?: (sequence: number) => void
}

/** A durable delivery with its event at hand. */
export interface RoutedDelivery {
  readonly delivery: Delivery
  readonly event: RecordedEvent
}

interface Decided {
  readonly delivery: NewDelivery
  readonly event: RecordedEvent
}

export const ROUTE_READER = 'route'

/** A cursor without deliveries is worth a flush only now and then: the rest is routed again. */
const CURSOR_SAVE_EVERY_MS = 1_000
/** Callers of the API get their turn on the event loop after so many events. */
const EVENTS_PER_TURN = 200

/**
 * Reads the log and decides, event by event, which targets get it. A batch's deliveries and the
 * cursor behind it become durable together. Runs until the signal aborts.
 */
export async function route(ports: RouterPorts, signal: AbortSignal): Promise<void> {
  const { log, cursors, clock, observer } = ports
  const onFault = (error: unknown) => observer.stageFaulted('route', error)
  let cursor = (await patiently(() => cursors.get(ROUTE_READER), onFault, signal)) ?? 0
  let savedAt = clock.now()
  let saved = cursor
  ports.onPassed?.(cursor)
  while (!signal.aborted) {
    const batches = (await patiently(() => log.next(cursor, signal), onFault, signal)) ?? []
    const decided: Decided[] = []
    let passed = 0
    for (const batch of batches) {
      const routed = await patiently(() => decideBatch(ports, batch.events), onFault, signal)
      if (routed === undefined) break
      decided.push(...routed)
      cursor = batch.sequence
      passed += 1
    }
    const idle = decided.length === 0
    const routedBatches = batches.slice(0, passed)
    if (idle) observer.eventsRouted({ batches: routedBatches, deliveries: [] })
    if (idle) ports.onPassed?.(cursor)
    if (idle && (cursor === saved || clock.now() - savedAt < CURSOR_SAVE_EVERY_MS)) continue
    const done = await patiently(
      async () => {
        if (!idle) return hand(ports, cursor, decided)
        await cursors.save(ROUTE_READER, cursor)
        return []
      },
      onFault,
      signal,
    )
    // Stopped before the deliveries were durable: the next start routes from the saved cursor.
    if (done === undefined) return
    if (!idle) observer.eventsRouted({ batches: routedBatches, deliveries: done })
    ports.onPassed?.(cursor)
    saved = cursor
    savedAt = clock.now()
  }
}

async function decideBatch(
  ports: RouterPorts,
  events: readonly PositionedEvent[],
): Promise<readonly Decided[]> {
  const decided: Decided[] = []
  for (const [index, positioned] of events.entries()) {
    if (index % EVENTS_PER_TURN === EVENTS_PER_TURN - 1) await nextTurn()
    const { event } = positioned
    if (event.awaitsEnrichment) continue
    for (const rule of await ports.matchingRules(event)) {
      decided.push(...deliveriesOf(rule, positioned, ports.clock.now()))
    }
  }
  return decided
}

function deliveriesOf(
  rule: Rule,
  { position, event }: PositionedEvent,
  now: number,
): readonly Decided[] {
  return rule.targets.map((target) => ({
    event,
    delivery: {
      position,
      eventId: event.id,
      ruleArn: rule.arn,
      target: withRoleOfRule(target, rule.roleArn),
      managed: rule.managedBy !== undefined,
      startedAt: event.acceptedAt,
      nextAttemptAt: now,
    },
  }))
}

async function hand(
  { queue, onRouted }: RouterPorts,
  cursor: number,
  decided: readonly Decided[],
): Promise<readonly Delivery[]> {
  const ids = await queue.enqueue(
    decided.map(({ delivery }) => delivery),
    { reader: ROUTE_READER, sequence: cursor },
  )
  const routed = decided.map(({ delivery, event }, index) => ({
    event,
    delivery: { ...delivery, id: ids[index] as number, attempts: 0 },
  }))
  onRouted(routed)
  return routed.map(({ delivery }) => delivery)
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
