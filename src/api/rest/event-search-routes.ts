import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Static } from 'typebox'

import { RestError } from '#src/errors.ts'
import { DELIVERY_STATUSES, searchEvents } from '#src/history/search.ts'
import type { SearchPorts } from '#src/history/search.ts'
import type { Period } from '#src/history/scan.ts'
import { parseBusArn } from '#src/model/arn.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Clock } from '#src/ports/clock.ts'
import { EventFilterQuery, namesFilter, patternOf } from '../event-filter.ts'
import { createSight } from '../visibility.ts'
import type { EventPorts } from './event-routes.ts'
import { FoundEventSchema, wireEvent } from './event-routes.ts'
import { PageQuery, numbered, pageRequest } from './list-route.ts'
import { guarded, ref, requestSchema } from './route.ts'

export interface EventSearchPorts extends EventPorts {
  readonly search: SearchPorts
  readonly clock: Clock
}

const TEXT_CHARACTERS_MAX = 256

/** Epoch ms, or a time as ISO 8601 writes it. */
export const Time = Type.String({
  maxLength: 40,
  description: 'Such as 2026-01-31T08:00:00Z, or epoch milliseconds',
})

const SearchQuery = Type.Object({
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  ...EventFilterQuery,
  text: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: TEXT_CHARACTERS_MAX,
      description: 'Anywhere in the JSON of the event',
    }),
  ),
  status: Type.Optional(
    Type.Unsafe<(typeof DELIVERY_STATUSES)[number]>({
      type: 'string',
      enum: [...DELIVERY_STATUSES],
      description: 'How one of its deliveries stands; UNMATCHED: no rule took it',
    }),
  ),
  ...PageQuery,
})

const Answer = Type.Object({
  items: Type.Array(ref(FoundEventSchema), { description: 'The newest first' }),
  searchedTo: Type.Integer({
    description: 'Epoch milliseconds back to which all has been searched',
  }),
  nextToken: Type.Optional(
    Type.String({
      description: 'Goes on with the search; a page may be empty and not be the last',
    }),
  ),
})

/** `GET /events`: the events of the history that fit a search. */
export function addEventSearchRoute(app: FastifyInstance, ports: EventSearchPorts): void {
  const { directory, search, clock } = ports
  app.get<{ Querystring: Static<typeof SearchQuery> }>(
    '/events',
    {
      exposeHeadRoute: false,
      ...guarded(ports.callerOf, 'events:Read', {
        tags: ['events'],
        summary: 'Search the events of the past, the newest first',
        ...requestSchema({ query: SearchQuery }),
        response: { 200: Answer },
      }),
    },
    async ({ query, caller }, reply) => {
      const principal = caller as Principal
      const { pattern, text, status } = query
      const { asked, tokenAfter } = pageRequest('/events', query)
      const before = numbered(asked.after)
      const sees = createSight(directory, principal)
      const { events, next, searchedTo } = await searchEvents(search, {
        filter: {
          isNamed: namesFilter(directory, query),
          ...(text !== undefined && { text }),
          ...(status !== undefined && { status }),
          ...(pattern !== undefined && { pattern: patternOf(pattern) }),
        },
        period: periodOf(query, clock.now()),
        ...(before !== undefined && { before }),
        limit: asked.limit,
        accept: async ({ busArn, acceptedAt: at }) =>
          sees({ account: parseBusArn(busArn)?.account ?? '', at }),
      })
      const items: string[] = []
      for (const event of events) items.push(await wireEvent(ports, principal, event))
      const last = next === undefined ? undefined : String(next)
      const rest = JSON.stringify({ searchedTo, ...tokenAfter(last) }).slice(1)
      // Text, so that the numbers of the events arrive as they were written.
      void reply.type('application/json; charset=utf-8')
      return reply.send(`{"items":[${items.join(',')}],${rest}`)
    },
  )
}

/**
 * Until now, and from the beginning, where nothing else is said.
 * @throws RestError for what is no time, or ends before it begins
 */
export function periodOf(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  now: number,
): Period {
  const period = { from: timeOf('from', from, 0), to: timeOf('to', to, now + 1) }
  if (period.from < period.to) return period
  throw new RestError(400, 'period.empty', '"from" must be before "to"')
}

function timeOf(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const time = /^\d+$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isSafeInteger(time)) return time
  const message = `"${name}" must be a time such as 2026-01-31T08:00:00Z, or epoch milliseconds`
  throw new RestError(400, 'period.malformed', message)
}
