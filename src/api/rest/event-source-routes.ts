import { Type } from 'typebox'

import { EventSource, EventSourceLabel } from '#src/model/event-source.ts'
import { AwsAccountId, RegionName } from '#src/model/tenancy.ts'
import type { EventSources } from '#src/tenancy/event-sources.ts'
import { addNamedRoutes } from './named-routes.ts'
import { orNull } from './route.ts'
import type { AddRoute } from './route.ts'

const Pattern = Type.String({ minLength: 1, maxLength: 4_096, description: 'An event pattern' })

export function addEventSourceRoutes(add: AddRoute, eventSources: EventSources): void {
  addNamedRoutes(add, {
    noun: 'event-sources',
    summaries: {
      create:
        "Offer the tenancy's events to an account, which takes them by CreateEventBus with the source's name",
      list: 'List partner event sources',
      get: 'Show a partner event source',
      update: 'Change which events a partner event source sends; null: all',
      remove: 'Delete a partner event source; its event bus stays, and gets nothing more',
    },
    schema: EventSource,
    given: Type.Object({
      awsAccountId: AwsAccountId,
      region: Type.Optional(RegionName),
      label: EventSourceLabel,
      eventPattern: Type.Optional(Pattern),
    }),
    change: Type.Object({ eventPattern: orNull(Pattern) }),
    things: eventSources,
  })
}
