import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Static } from 'typebox'

import { RestError } from '#src/errors.ts'
import { parseBusArn } from '#src/model/arn.ts'
import { POSITIONS_PER_BATCH } from '#src/model/event.ts'
import type { PositionedEvent, RecordedEvent } from '#src/model/event.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Directory } from '#src/ports/directory.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { CallerOf, StillCalls } from '../rest/caller.ts'
import { EventFilterQuery, namesFilter, patternOf } from '../event-filter.ts'
import { Instant, guarded, requestSchema } from '../rest/route.ts'
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
  ...EventFilterQuery,
  since: Type.Optional(
    Type.Enum(['now', 'start'], { description: 'Where to begin without Last-Event-ID' }),
  ),
})
type StreamQuery = Static<typeof Query>

const Answer = {
  description: 'Messages of type "event", whose id is the place in the log and whose data is JSON',
  content: {
    'text/event-stream': {
      schema: Type.Object({
        position: Type.Integer({ description: 'The id of the message' }),
        bus: Type.String({ description: 'ARN of the event bus that it is on' }),
        acceptedAt: Instant,
        accountName: Type.Optional(
          Type.String({ description: 'Name of the account it came from' }),
        ),
        event: Type.Unknown({ description: 'As it was recorded' }),
      }),
    },
  },
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
      ...guarded(ports.callerOf, 'events:Read', {
        tags: ['events'],
        summary: 'Follow events live (server-sent events); resumes after Last-Event-ID',
        ...requestSchema({ query: Query }),
        headers: Type.Object({
          'last-event-id': Type.Optional(
            Type.String({ description: 'The id of the last message that was read' }),
          ),
        }),
        response: { 200: Answer },
      }),
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
  const isNamed = namesFilter(directory, query)
  const pattern = query.pattern === undefined ? undefined : patternOf(query.pattern)
  return async (event) => {
    if (event.awaitsEnrichment) return false
    const account = parseBusArn(event.busArn)?.account ?? ''
    return (
      (await isNamed(event)) &&
      (await maySee(directory, caller, { account, at: event.acceptedAt })) &&
      (pattern === undefined || pattern.matches(event.json))
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
