import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'

import { EventPattern, InvalidEventPatternError } from '@belfry/event-pattern'

import { RestError } from '#src/errors.ts'
import { parseBusArn } from '#src/model/arn.ts'
import { POSITIONS_PER_BATCH } from '#src/model/event.ts'
import type { PositionedEvent, RecordedEvent } from '#src/model/event.ts'
import { isNameFilter, nameMatches } from '#src/model/name-filter.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Directory } from '#src/ports/directory.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { CallerOf, StillCalls } from '../rest/caller.ts'
import { requestSchema } from '../rest/route.ts'
import { maySee } from '../visibility.ts'

export interface EventStreamPorts {
  readonly log: EventLog
  readonly directory: Directory
  readonly callerOf: CallerOf
  readonly stillCalls: StillCalls
  readonly onFault: (error: unknown) => void
  /** Aborts when the hub stops. */
  readonly stopping: AbortSignal
}

const Query = Type.Object({
  account: Type.Optional(Type.String({ description: 'Only events that came from this account' })),
  region: Type.Optional(Type.String()),
  source: Type.Optional(Type.String({ description: 'Exact, or a prefix that ends in *' })),
  detailType: Type.Optional(Type.String()),
  bus: Type.Optional(
    Type.String({ description: 'Name or ARN of an event bus, or the account that it is in' }),
  ),
  pattern: Type.Optional(Type.String({ maxLength: 4_096, description: 'An event pattern' })),
  since: Type.Optional(
    Type.Enum(['now', 'start'], { description: 'Where to begin without Last-Event-ID' }),
  ),
})

interface StreamQuery {
  readonly account?: string
  readonly region?: string
  readonly source?: string
  readonly detailType?: string
  readonly bus?: string
  readonly pattern?: string
  readonly since?: 'now' | 'start'
}

/** Proxies close a connection that is silent for a minute. */
const KEEP_ALIVE_MS = 15_000
/** A session that ended, or an API token that was deleted, hears no more after this. */
const CALLER_CHECK_MS = 3_000

/**
 * `GET /events/stream`: server-sent events, one per recorded event that passes the filter. The id
 * of each is its position in the log, so a client that comes back with Last-Event-ID misses none.
 * A slow client reads the log at its own pace; nothing is held for it.
 */
export function addEventStream(app: FastifyInstance, ports: EventStreamPorts): void {
  app.get<{ Querystring: StreamQuery }>(
    '/events/stream',
    {
      exposeHeadRoute: false,
      schema: {
        tags: ['events'],
        summary: 'Follow events live (server-sent events); resumes after Last-Event-ID',
        ...requestSchema({ query: Query }),
      },
      preValidation: async (request) => {
        request.caller = await ports.callerOf(request, 'events:Read')
      },
    },
    async (request, reply) => {
      const caller = request.caller as Principal
      const accept = filterFor(ports, caller, request.query)
      const start = startOf(ports.log, request.headers['last-event-id'], request.query.since)
      reply.hijack()
      const gone = new AbortController()
      reply.raw.on('close', () => gone.abort())
      reply.raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      const ended = new AbortController()
      const checks = setInterval(() => {
        void endUnless(() => ports.stillCalls(request, 'events:Read'), ended, ports.onFault)
      }, CALLER_CHECK_MS)
      const keepAlive = setInterval(() => reply.raw.write(': keep-alive\n\n'), KEEP_ALIVE_MS)
      try {
        const signal = AbortSignal.any([gone.signal, ended.signal, ports.stopping])
        const write = writerOf(reply.raw, signal)
        await stream(ports, start, { caller, accept, signal, write })
      } finally {
        clearInterval(keepAlive)
        clearInterval(checks)
        // Not kept alive: a hub that stops waits for its connections.
        reply.raw.end(() => request.raw.socket.destroy())
      }
    },
  )
}

interface Sink {
  readonly caller: Principal
  readonly accept: (event: RecordedEvent) => Promise<boolean>
  readonly write: (text: string) => Promise<void>
  readonly signal: AbortSignal
}

/** @param start the position after which to begin */
async function stream({ log, directory }: EventStreamPorts, start: number, sink: Sink) {
  const { signal } = sink
  // The batch of `start` itself may hold later events.
  let sequence = Math.floor(start / POSITIONS_PER_BATCH) - 1
  // The id lets a client resume that has not had an event yet.
  await sink.write(`: following\nid: ${start}\n\n`)
  while (!signal.aborted) {
    for (const batch of await log.next(Math.max(0, sequence), signal)) {
      for (const positioned of batch.events) {
        if (positioned.position <= start || !(await sink.accept(positioned.event))) continue
        await sink.write(await serverSentEvent(directory, sink.caller, positioned))
        if (signal.aborted) return
      }
      sequence = batch.sequence
    }
  }
}

async function endUnless(
  check: () => Promise<boolean>,
  ended: AbortController,
  onFault: (error: unknown) => void,
): Promise<void> {
  try {
    if (!(await check())) ended.abort()
  } catch (error) {
    onFault(error)
  }
}

/** Writes and waits while the client does not keep up. */
function writerOf(raw: NodeJS.WritableStream, gone: AbortSignal) {
  return async (text: string) => {
    if (raw.write(text) || gone.aborted) return
    await once(raw, 'drain', { signal: gone }).catch((error: unknown) => {
      if (!gone.aborted) throw error
    })
  }
}

async function serverSentEvent(
  directory: Directory,
  caller: Principal,
  { position, event }: PositionedEvent,
): Promise<string> {
  const account = await directory.accountAt(event.account, event.acceptedAt)
  const mayName = account !== undefined && reaches(caller, account.organisationId)
  const about = JSON.stringify({
    position,
    bus: event.busArn,
    acceptedAt: event.acceptedAt,
    ...(mayName && { accountName: account.name }),
  })
  // The event's own text, so that its numbers arrive as they were written.
  return `id: ${position}\nevent: event\ndata: ${about.slice(0, -1)},"event":${event.json}}\n\n`
}

function filterFor(
  { directory }: EventStreamPorts,
  caller: Principal,
  query: StreamQuery,
): Sink['accept'] {
  checkNames(query)
  const pattern = query.pattern === undefined ? undefined : parsedPattern(query.pattern)
  const matchesText = (wanted: string | undefined, actual: string) =>
    wanted === undefined || nameMatches(wanted, actual)
  /** The name of a partner is short for its event sources. */
  const isSource = (wanted: string | undefined, actual: string) =>
    matchesText(wanted, actual) || actual.startsWith(`aws.partner/${wanted}/`)
  /** A tenancy event's type is `<category>: <name>`; the name will do. */
  const isDetailType = (wanted: string | undefined, actual: string) =>
    matchesText(wanted, actual) || actual.endsWith(`: ${wanted}`)
  /** A bus's name or ARN, the name of the account that it is in, or a partner's name. */
  const isBus = async ({ busArn, acceptedAt }: RecordedEvent) => {
    const wanted = query.bus
    if (wanted === undefined || wanted === busArn) return true
    const bus = parseBusArn(busArn)
    if (bus === undefined) return false
    if (isSource(wanted, bus.name) || wanted === bus.account) return true
    return (await directory.accountAt(bus.account, acceptedAt))?.name === wanted
  }
  return async (event) => {
    if (event.awaitsEnrichment) return false
    const bus = parseBusArn(event.busArn)
    return (
      matchesText(query.account, event.account) &&
      matchesText(query.region, event.region) &&
      isSource(query.source, event.source) &&
      isDetailType(query.detailType, event.detailType) &&
      (await isBus(event)) &&
      (await maySee(directory, caller, { account: bus?.account ?? '', at: event.acceptedAt })) &&
      (pattern === undefined || pattern.matches(event.json))
    )
  }
}

function checkNames({ account, region, source, detailType, bus }: StreamQuery): void {
  for (const [name, filter] of Object.entries({ account, region, source, detailType, bus })) {
    if (filter === undefined || isNameFilter(filter)) continue
    throw new RestError(
      400,
      'stream.invalid-filter',
      `"${name}" is a whole name, or a prefix that ends in *, not "${filter}": a "pattern" with "wildcard" takes more`,
    )
  }
}

function parsedPattern(text: string): EventPattern {
  try {
    return EventPattern.parse(text)
  } catch (error) {
    if (!(error instanceof InvalidEventPatternError)) throw error
    throw new RestError(
      400,
      'stream.invalid-pattern',
      `the event pattern is not valid: ${error.message}`,
    )
  }
}

function startOf(
  log: EventLog,
  lastEventId: string | string[] | undefined,
  since: StreamQuery['since'],
): number {
  if (lastEventId === undefined || lastEventId === '') {
    if (since === 'start') return 0
    return (log.lastSequence() + 1) * POSITIONS_PER_BATCH - 1
  }
  const position = Number(lastEventId)
  if (Number.isSafeInteger(position) && position >= 0) return position
  throw new RestError(
    400,
    'stream.invalid-position',
    `Last-Event-ID must be the id of an event of this stream, not "${String(lastEventId)}"`,
  )
}
