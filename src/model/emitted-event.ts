import { Type } from 'typebox'
import type { Static } from 'typebox'

import { AwsAccountId, RegionName } from './tenancy.ts'

/** More of them are several requests. */
export const EMITTED_PER_REQUEST_MAX = 500

/** A tenancy event as a publisher outside of the hub tells it. */
export const EmittedEvent = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'As in the catalogue',
      examples: ['VpcCreateEvent'],
    }),
    fields: Type.Record(Type.String(), Type.Unknown(), {
      description: "The event's own fields, as the catalogue describes them; more may come",
    }),
    organisationId: Type.Optional(
      Type.String({ format: 'uuid', description: 'Whose event; the operator must say' }),
    ),
    id: Type.Optional(
      Type.String({
        format: 'uuid',
        description: "The publisher's own; sent again, the event is not taken twice",
      }),
    ),
    time: Type.Optional(
      Type.String({ format: 'date-time', description: 'When it happened; absent: now' }),
    ),
    userId: Type.Optional(Type.String({ format: 'uuid', description: 'The user who did it' })),
    aws: Type.Optional(
      Type.Object(
        {
          accountId: AwsAccountId,
          region: Type.Optional({
            ...RegionName,
            description: "Absent: the region of the call's signature",
          }),
        },
        { additionalProperties: false, description: 'Where it happened' },
      ),
    ),
    eventVersion: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]{0,8}$',
        title: 'a whole number from 1, as a text',
        examples: ['1'],
        description: "The version of the type; absent: the catalogue's",
      }),
    ),
  },
  { $id: 'EmittedEvent', additionalProperties: false },
)
export type EmittedEvent = Static<typeof EmittedEvent>

/** The id under which an event was taken, or why it was not. */
export type EmitResult =
  | { readonly eventId: string }
  | { readonly code: string; readonly message: string }
