import { Type } from 'typebox'

import type { Cause, EventType } from './event-type.ts'
import { Uuid, outcome } from './event-type.ts'

/** What people do about alerts that they are told of, and about those that they are not. */

const ID_EXAMPLE = '0194f0e2-5a3c-7b11-9d0e-5a5a5a5a0001'
const Instant = Type.String({ format: 'date-time' })

const INCIDENT = [
  ['Acknowledge', 'acknowledge', 'acknowledged: somebody sees to it'],
  ['Snooze', 'snooze', 'put off'],
  ['Resolve', 'resolve', 'called over'],
] as const

const OTHERS = [
  {
    name: 'Silence',
    field: 'silence',
    path: 'silences',
    what: 'A silence over alerts',
    fields: { reason: Type.String(), endsAt: Instant },
    example: { reason: 'We move the build farm.', endsAt: '2026-02-01T08:00:00.000Z' },
  },
  {
    name: 'Inhibition',
    field: 'inhibition',
    path: 'inhibitions',
    what: 'An inhibition, by which alerts hide others,',
    fields: { inhibitionName: Type.String() },
    example: { inhibitionName: 'Outages of accounts' },
  },
] as const

const READERS: readonly {
  readonly verb: string
  readonly summary: string
  readonly cause: Cause
}[] = [
  {
    verb: 'Unsubscribe',
    summary: 'A reader of a notification’s e-mail ended it for an address.',
    cause: { action: 'Somebody did so by the link of a letter to that address' },
  },
  {
    verb: 'Resubscribe',
    summary: 'A reader who had ended a notification’s e-mail is told again.',
    cause: {
      action: 'POST /api/v1/notifications/:id/resubscribe',
      permission: 'notifications:Write',
    },
  },
]

type Unplaced = Omit<EventType, 'category' | 'component' | 'version'>

export const NOTIFICATION_EVENTS: readonly Unplaced[] = [
  ...OTHERS.flatMap(({ name, field, path, what, fields, example }) =>
    (
      [
        ['Create', `POST /api/v1/${path}`, 'made'],
        ['Delete', `DELETE /api/v1/${path}/:id`, 'deleted'],
      ] as const
    ).map(([verb, action, done]) => ({
      name: `${name}${verb}Event`,
      provenance: 'ours' as const,
      summary: `${what} was ${done}.`,
      causes: [{ action, permission: 'notifications:Write' as const }],
      fields: Type.Object({ [`${field}Id`]: Uuid, ...fields, ...outcome }),
      example: { [`${field}Id`]: ID_EXAMPLE, ...example, status: 'SUCCESS' },
    })),
  ),
  ...READERS.map(({ verb, summary, cause }) => ({
    name: `Notification${verb}Event`,
    provenance: 'ours' as const,
    summary,
    causes: [cause],
    fields: Type.Object({
      notificationId: Uuid,
      notificationNumber: Type.Integer({ minimum: 1, description: 'The short id' }),
      notificationName: Type.String(),
      email: Type.String({ description: 'Of the reader' }),
      ...outcome,
    }),
    example: {
      notificationId: ID_EXAMPLE,
      notificationNumber: 12,
      notificationName: 'Platform costs',
      email: 'ada@example.com',
      status: 'SUCCESS',
    },
  })),
  ...INCIDENT.map(([verb, path, done]) => ({
    name: `Incident${verb}Event`,
    provenance: 'ours' as const,
    summary: `An incident that people were told of was ${done}.`,
    causes: [
      {
        action: `POST /api/v1/incidents/:id/${path}`,
        permission: 'incidents:Write' as const,
      },
      { action: 'Somebody did so from a message' },
    ],
    fields: Type.Object({
      incidentId: Uuid,
      incidentNumber: Type.Integer({ minimum: 1 }),
      notificationId: Uuid,
      by: Type.String({ description: 'Who, as far as it is known' }),
      ...(verb === 'Snooze' && { until: Instant }),
      ...outcome,
    }),
    example: {
      incidentId: ID_EXAMPLE,
      incidentNumber: 17,
      notificationId: ID_EXAMPLE,
      by: 'ada@example.com',
      ...(verb === 'Snooze' && { until: '2026-02-01T08:00:00.000Z' }),
      status: 'SUCCESS',
    },
  })),
]
