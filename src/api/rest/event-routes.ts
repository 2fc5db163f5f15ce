import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'

import { actorOf } from '#src/actors/actor-of.ts'
import { RestError } from '#src/errors.ts'
import type { EventFinder, FoundEvents } from '#src/event-index/event-finder.ts'
import { Actor } from '#src/model/actor.ts'
import { parseBusArn } from '#src/model/arn.ts'
import type { PositionedEvent } from '#src/model/event.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Directory } from '#src/ports/directory.ts'
import { maySee } from '../visibility.ts'
import type { CallerOf } from './caller.ts'
import { guarded, ref, requestSchema } from './route.ts'

export interface EventPorts {
  readonly finder: EventFinder
  readonly directory: Directory
  readonly namespace: EventNamespace
  readonly callerOf: CallerOf
}

/** As long as the id of a dead letter's event may be. */
export const EVENT_ID_CHARACTERS_MAX = 256

export const EventParams = Type.Object({
  id: Type.String({
    minLength: 1,
    maxLength: EVENT_ID_CHARACTERS_MAX,
    description: "The envelope's id, or the one under which a tenancy event was published",
  }),
})

export const FoundEventSchema = Type.Object(
  {
    position: Type.Integer({ description: "Its place in the log; the stream's id" }),
    bus: Type.String({ description: 'ARN of the event bus that it is on' }),
    acceptedAt: Type.Integer({ description: 'Epoch milliseconds' }),
    accountName: Type.Optional(Type.String({ description: 'Name of the account it came from' })),
    awaitsEnrichment: Type.Optional(
      Type.Boolean({ description: 'A tenancy event as it was before it got names; not routed' }),
    ),
    actor: Type.Optional(ref(Actor)),
    event: Type.Unknown({ description: 'The event as it was recorded' }),
  },
  { $id: 'FoundEvent' },
)

const Answer = Type.Object({
  events: Type.Array(ref(FoundEventSchema), {
    description:
      'One for every bus that it reached, in the order in which it did; those that await enrichment last',
  }),
  more: Type.Boolean({ description: 'There are older ones of this id' }),
  unsearchedBatches: Type.Integer({ description: 'Batches of the log that are not indexed yet' }),
})

/**
 * `GET /events/:id`: the event with that id, on every bus that it reached, and who was behind it.
 * The id is the envelope's; a tenancy event is found by its publisher's id too.
 */
export function addEventRoutes(app: FastifyInstance, ports: EventPorts): void {
  app.get<{ Params: { id: string } }>(
    '/events/:id',
    guarded(ports.callerOf, 'events:Read', {
      tags: ['events'],
      summary: 'Show an event on every bus that it reached, and who was behind it',
      ...requestSchema({ params: EventParams }),
      response: { 200: Answer },
    }),
    async ({ params: { id }, caller }, reply) => {
      const principal = caller as Principal
      const found = await eventsSeenBy(ports, principal, id)
      const { more, unsearchedBatches } = found
      const events: string[] = []
      for (const event of enrichedFirst(found.events))
        events.push(await wireEvent(ports, principal, event))
      const rest = JSON.stringify({ more, unsearchedBatches }).slice(1)
      // Text, so that the numbers of the events arrive as they were written.
      void reply.type('application/json; charset=utf-8')
      return reply.send(`{"events":[${events.join(',')}],${rest}`)
    },
  )
}

/** Whoever takes the first one gets the names. */
function enrichedFirst(found: readonly PositionedEvent[]): readonly PositionedEvent[] {
  const awaits = ({ event }: PositionedEvent) => event.awaitsEnrichment === true
  return [...found.filter((one) => !awaits(one)), ...found.filter(awaits)]
}

export async function wireEvent(
  ports: EventPorts,
  caller: Principal,
  { position, event }: PositionedEvent,
): Promise<string> {
  const account = await ports.directory.accountAt(event.account, event.acceptedAt)
  // The names behind an event are those of its own organisation.
  const mayName = account !== undefined && reaches(caller, account.organisationId)
  const actor = mayName ? await actorOf(event, ports) : undefined
  const about = JSON.stringify({
    position,
    bus: event.busArn,
    acceptedAt: event.acceptedAt,
    ...(mayName && { accountName: account.name }),
    ...(event.awaitsEnrichment && { awaitsEnrichment: true }),
    ...(actor !== undefined && { actor }),
  })
  return `${about.slice(0, -1)},"event":${event.json}}`
}

/**
 * The events of an id that a caller may see.
 * @throws RestError where there is none
 */
export async function eventsSeenBy(
  { finder, directory }: Pick<EventPorts, 'finder' | 'directory'>,
  caller: Principal,
  id: string,
): Promise<FoundEvents> {
  const found = await finder.find(id, ({ busArn, acceptedAt: at }) =>
    maySee(directory, caller, { account: parseBusArn(busArn)?.account ?? '', at }),
  )
  if (found.events.length === 0) throw eventNotFound(id, found)
  return found
}

function eventNotFound(id: string, { unsearchedBatches }: FoundEvents): RestError {
  const behind =
    unsearchedBatches === 0
      ? 'give the whole id, as "belfry tail --json" shows it'
      : `the index of events has yet to read ${unsearchedBatches} batches of the log: if the event is new, try again in a while`
  return new RestError(
    404,
    'event.not-found',
    `there is no event "${id}" that you may see: ${behind}`,
  )
}
