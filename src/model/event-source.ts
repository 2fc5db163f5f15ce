import { Type } from 'typebox'
import type { Static } from 'typebox'

import { AwsAccountId, Id, Instant, RegionName } from './tenancy.ts'

/** What the tenancy's own event source of the logging account is called; others may not be. */
export const DEFAULT_EVENT_SOURCE = 'default'

export const EventSourceLabel = Type.String({
  pattern: '^[.\\-_A-Za-z0-9]{1,64}$',
  title: 'letters, digits, dots, dashes and underscores, 64 at most',
  examples: ['siem'],
  description: 'Last part of the name of the partner event source',
})

export const EventSource = Type.Object(
  {
    id: Id,
    organisationId: Id,
    name: Type.String({
      description: 'Also the name of the event bus that its account makes for it',
      examples: ['aws.partner/stax.io/333344445555/siem'],
    }),
    awsAccountId: AwsAccountId,
    region: RegionName,
    eventPattern: Type.Optional(
      Type.String({ maxLength: 4_096, description: 'Only events that match it' }),
    ),
    state: Type.Enum(['PENDING', 'ACTIVE'], {
      description: 'PENDING: the account has made no event bus for it',
    }),
    createdAt: Instant,
    modifiedAt: Instant,
  },
  { $id: 'EventSource' },
)
export type EventSource = Static<typeof EventSource>
