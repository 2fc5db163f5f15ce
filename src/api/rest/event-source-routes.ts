import { Type } from 'typebox'

import { EventSource, EventSourceLabel } from '#src/model/event-source.ts'
import { AwsAccountId, RegionName } from '#src/model/tenancy.ts'
import type { EventSources } from '#src/tenancy/event-sources.ts'
import {
  IdParams,
  OfOrganisation,
  PageQuery,
  orNull,
  page,
  pageRequest,
  pageSchema,
  ref,
} from './route.ts'
import type { AddRoute } from './route.ts'

const Pattern = Type.String({ minLength: 1, maxLength: 4_096, description: 'An event pattern' })

export function addEventSourceRoutes(add: AddRoute, eventSources: EventSources): void {
  const tag = 'event-sources'
  add({
    method: 'POST',
    url: '/event-sources',
    tag,
    summary:
      "Offer the tenancy's events to an account, which takes them by CreateEventBus with the source's name",
    permission: 'event-sources:Write',
    body: Type.Object({
      awsAccountId: AwsAccountId,
      region: Type.Optional(RegionName),
      label: EventSourceLabel,
      eventPattern: Type.Optional(Pattern),
    }),
    answer: [201, ref(EventSource)],
    run: (caller, { body }) => eventSources.create(caller, body),
  })
  add({
    method: 'GET',
    url: '/event-sources',
    tag,
    summary: 'List partner event sources',
    permission: 'event-sources:Read',
    query: Type.Object({ ...PageQuery, ...OfOrganisation }),
    answer: [200, pageSchema(EventSource)],
    run: async (caller, { query }) => {
      const { organisationId } = query
      return page(await eventSources.list(caller, { ...pageRequest(query), organisationId }))
    },
  })
  add({
    method: 'GET',
    url: '/event-sources/:id',
    tag,
    summary: 'Show a partner event source',
    permission: 'event-sources:Read',
    params: IdParams,
    answer: [200, ref(EventSource)],
    run: (caller, { params }) => eventSources.get(caller, params.id),
  })
  add({
    method: 'PATCH',
    url: '/event-sources/:id',
    tag,
    summary: 'Change which events a partner event source sends; null: all',
    permission: 'event-sources:Write',
    params: IdParams,
    body: Type.Object({
      eventPattern: orNull(Pattern),
    }),
    answer: [200, ref(EventSource)],
    run: (caller, { params, body }) => eventSources.update(caller, params.id, body.eventPattern),
  })
  add({
    method: 'DELETE',
    url: '/event-sources/:id',
    tag,
    summary: 'Delete a partner event source; its event bus stays, and gets nothing more',
    permission: 'event-sources:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => eventSources.remove(caller, params.id),
  })
}
