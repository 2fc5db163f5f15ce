import { EventPattern, InvalidEventPatternError } from '@belfry/event-pattern'
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
import { createSight } from '../visibility.ts'
import type { EventPorts } from './event-routes.ts'
import { FoundEventSchema, wireEvent } from './event-routes.ts'
import { Fault, PageQuery, page, pageRequest, ref, requestSchema } from './route.ts'

export interface EventSearchPorts extends EventPorts {
  readonly search: SearchPorts
  readonly clock: Clock
}

const PATTERN_CHARACTERS_MAX = 4_096
const TEXT_CHARACTERS_MAX = 256

/** Epoch ms, or a time as ISO 8601 writes it. */
export const Time = Type.String({
  maxLength: 40,
  description: 'Such as 2026-01-31T08:00:00Z, or epoch milliseconds',
})

const SearchQuery = Type.Object({
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  account: Type.Optional(
    Type.String({
      pattern: '^[0-9]{12}$',
      title: 'an AWS account id of 12 digits',
      examples: ['111122223333'],
      description: 'Where it was',
    }),
  ),
  region: Type.Optional(Type.String({ maxLength: 64 })),
  source: Type.Optional(Type.String({ maxLength: 256 })),
  detailType: Type.Optional(Type.String({ maxLength: 128 })),
  bus: Type.Optional(Type.String({ maxLength: 1_600, description: 'ARN of an event bus' })),
  pattern: Type.Optional(
    Type.String({ maxLength: PATTERN_CHARACTERS_MAX, description: 'An event pattern, as JSON' }),
  ),
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
      schema: {
        tags: ['events'],
        summary: 'Search the events of the past, the newest first',
        ...requestSchema({ query: SearchQuery }),
        response: { 200: Answer, default: ref(Fault) },
      },
      preValidation: async (request) => {
        request.caller = await ports.callerOf(request, 'events:Read')
      },
    },
    async ({ query, caller }, reply) => {
      const principal = caller as Principal
      const { bus: busArn, pattern, from, to, limit: _, nextToken, ...fields } = query
      const { limit, after } = pageRequest(query)
      const sees = createSight(directory, principal)
      const { events, next, searchedTo } = await searchEvents(search, {
        filter: {
          ...fields,
          ...(busArn !== undefined && { busArn }),
          ...(pattern !== undefined && { pattern: patternOf(pattern) }),
        },
        period: periodOf({ from, to }, clock.now()),
        ...(nextToken !== undefined && { before: Number(after) || 0 }),
        limit,
        accept: async ({ busArn: arn, acceptedAt: at }) =>
          sees({ account: parseBusArn(arn)?.account ?? '', at }),
      })
      const items: string[] = []
      for (const event of events) items.push(await wireEvent(ports, principal, event))
      const last = next === undefined ? {} : { last: String(next) }
      const { items: _items, ...token } = page({ items: [], ...last })
      const rest = JSON.stringify({ searchedTo, ...token }).slice(1)
      // Text, so that the numbers of the events arrive as they were written.
      void reply.type('application/json; charset=utf-8')
      return reply.send(`{"items":[${items.join(',')}],${rest}`)
    },
  )
}

/** @throws RestError for a text that is no event pattern */
export function patternOf(text: string): EventPattern {
  try {
    return EventPattern.parse(text)
  } catch (error) {
    if (!(error instanceof InvalidEventPatternError)) throw error
    const message = `Event pattern is not valid. Reason: ${error.message}`
    throw new RestError(400, 'pattern.invalid', message)
  }
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
