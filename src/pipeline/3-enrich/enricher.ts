import { busArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { withMembers } from '#src/model/json-text.ts'
import { epochMsOf, momentOf, parseMoment } from '#src/model/moment.ts'
import type { Moment } from '#src/model/moment.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Cursors } from '#src/ports/cursors.ts'
import type { Directory } from '#src/ports/directory.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently } from '#src/ports/patiently.ts'
import { enrichedDetail } from './enriched-detail.ts'

export interface EnricherPorts {
  readonly log: EventLog
  readonly cursors: Cursors
  readonly directory: Directory
  readonly clock: Clock
  readonly observer: Observer
  /** The further partner event sources that get a copy of an organisation's events. */
  readonly eventSourcesOf: (organisationId: string) => Promise<readonly EventSource[]>
}

/** A partner event source with a bus: where a copy goes, and which events it wants. */
export interface EventSource {
  readonly bus: BusAddress
  readonly wants: (eventJson: string) => boolean
}

const ENRICH_READER = 'enrich'

/** A batch without tenancy events moves the cursor, which is worth a flush only now and then. */
const CURSOR_SAVE_EVERY_MS = 1_000

/**
 * Reads the log for tenancy events that still carry bare IDs, and records each again with the
 * names behind them, ready to be routed. Repeated after a crash it makes a duplicate with the
 * same id, never a gap. Runs until the signal aborts.
 */
export async function enrich(ports: EnricherPorts, signal: AbortSignal): Promise<void> {
  const { log, cursors, clock, observer } = ports
  const onFault = (error: unknown) => observer.stageFaulted('enrich', error)
  let cursor = (await patiently(() => cursors.get(ENRICH_READER), onFault, signal)) ?? 0
  let savedAt = clock.now()
  while (!signal.aborted) {
    const batches = (await patiently(() => log.next(cursor, signal), onFault, signal)) ?? []
    const bare = batches.flatMap(({ events }) =>
      events.map(({ event }) => event).filter((event) => event.awaitsEnrichment),
    )
    const receivedAt = clock.now()
    const done = await patiently(
      async () => {
        const events = await Promise.all(bare.map((event) => enriched(ports, event, receivedAt)))
        await log.record(events.flat())
        return true
      },
      onFault,
      signal,
    )
    if (done === undefined) return
    cursor = batches.at(-1)?.sequence ?? cursor
    if (bare.length > 0 || clock.now() - savedAt >= CURSOR_SAVE_EVERY_MS) {
      await patiently(() => cursors.save(ENRICH_READER, cursor), onFault, signal)
      savedAt = clock.now()
    }
  }
}

async function enriched(
  { directory, clock, observer, eventSourcesOf }: EnricherPorts,
  event: RecordedEvent,
  receivedAt: number,
): Promise<readonly RecordedEvent[]> {
  const { awaitsEnrichment: _, ...ready } = event
  const { detail } = JSON.parse(event.json) as { detail: Record<string, unknown> }
  const publishedAt = publishedAtOf(detail) ?? momentOf(event.acceptedAt)
  const eventName = event.detailType.slice(event.detailType.indexOf(': ') + 2)
  const result = await enrichedDetail(directory, detail, { eventName, moment: publishedAt })
  const dispatchedAt = clock.now()
  observer.eventEnriched({
    unresolvedIds: result.unresolvedIds,
    enrichedAfterMs: dispatchedAt - receivedAt,
    dispatchedAfterMs: dispatchedAt - epochMsOf(publishedAt),
  })
  const timed = withTimings(result.detail, receivedAt, dispatchedAt)
  const named = {
    ...ready,
    acceptedAt: dispatchedAt,
    json: withMembers(event.json, { detail: JSON.stringify(timed) }),
  }
  return [named, ...(await copies(eventSourcesOf, named, timed))]
}

/** The event as the further partner event sources send it: each under its own name and place. */
async function copies(
  eventSourcesOf: EnricherPorts['eventSourcesOf'],
  event: RecordedEvent,
  detail: Record<string, unknown>,
): Promise<readonly RecordedEvent[]> {
  const { organization } = (detail['meta'] ?? {}) as { organization?: { id?: unknown } }
  const sources = await eventSourcesOf(String(organization?.id))
  return sources.flatMap(({ bus, wants }) => {
    const { account, region, name: source } = bus
    const json = withMembers(event.json, {
      source: JSON.stringify(source),
      account: JSON.stringify(account),
      region: JSON.stringify(region),
    })
    return wants(json) ? [{ ...event, busArn: busArn(bus), source, account, region, json }] : []
  })
}

/** When the event's publisher says that it happened. */
function publishedAtOf(detail: Record<string, unknown>): Moment | undefined {
  const { timings } = (detail['meta'] ?? {}) as {
    readonly timings?: { readonly eventPublishTime?: unknown }
  }
  const at = timings?.eventPublishTime
  return typeof at === 'string' ? parseMoment(at) : undefined
}

/** The reference system's `meta.timings`: when the event was published, taken up and sent on. */
function withTimings(
  detail: Record<string, unknown>,
  receivedAt: number,
  dispatchedAt: number,
): Record<string, unknown> {
  const meta = detail['meta'] as Record<string, unknown>
  const timings = {
    ...(meta['timings'] as object | undefined),
    processorReceiveTime: new Date(receivedAt).toISOString(),
    processorDispatchTime: new Date(dispatchedAt).toISOString(),
  }
  return { ...detail, meta: { ...meta, timings } }
}
