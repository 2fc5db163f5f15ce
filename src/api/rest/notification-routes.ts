import { Type } from 'typebox'

import { RestError } from '#src/errors.ts'
import {
  INCIDENT_STATES,
  Incident,
  IncidentDetails,
  Inhibition,
  LEDGER_OUTCOMES,
  LedgerEntry,
  NewInhibition,
  NewNotification,
  NewSilence,
  Notification,
  NotificationOptions,
  Silence,
} from '#src/model/notification.ts'
import { callerName } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { DefaultSegments } from '#src/notifications/default-segments.ts'
import type { Hearers } from '#src/notifications/hearers.ts'
import type { Handler, Incidents } from '#src/notifications/incidents.ts'
import { ledgerOf } from '#src/notifications/ledger.ts'
import type { Inhibitions } from '#src/notifications/inhibitions.ts'
import type { Notifications } from '#src/notifications/notifications.ts'
import type { Silences } from '#src/notifications/silences.ts'
import type { Directory } from '#src/ports/directory.ts'
import type { State } from '#src/ports/state.ts'
import type { Unsubscribing } from '#src/notifications/unsubscribing.ts'
import { organisationOf } from '#src/tenancy/organisations.ts'
import { addList } from './list-route.ts'
import { addNamedRoutes } from './named-routes.ts'
import { Id, IdParams, Instant, OfOrganisation, orNull, ref } from './route.ts'
import type { AddRoute } from './route.ts'

export interface NotificationRoutePorts {
  readonly state: State
  readonly notifications: Notifications
  readonly silences: Silences
  readonly inhibitions: Inhibitions
  readonly incidents: Incidents
  readonly hearers: Hearers
  readonly unsubscribing: Unsubscribing
  readonly defaultSegments: DefaultSegments
  readonly directory: Directory
}

/** What answers refer to by name. */
export const NOTIFICATION_SCHEMAS = [
  Notification,
  Incident,
  IncidentDetails,
  LedgerEntry,
  Silence,
  Inhibition,
]

const { organisationId: _, ...given } = NewNotification.properties
const options = Object.fromEntries(
  Object.entries(NotificationOptions).map(([name, schema]) => [name, orNull(schema)]),
) as { readonly [K in keyof typeof NotificationOptions]: ReturnType<typeof orNull> }
const Change = Type.Partial(Type.Object({ ...given, ...options }), { minProperties: 1 })

export function addNotificationRoutes(add: AddRoute, ports: NotificationRoutePorts): void {
  addNamedRoutes(add, {
    noun: 'notifications',
    summaries: {
      create: 'Tell people of alerts on a channel',
      list: 'List notifications',
      get: 'Show a notification',
      update: 'Change a notification; null takes an option away',
      remove: 'Delete a notification: what it has not told yet is not told',
    },
    schema: Notification,
    given: NewNotification,
    change: Change,
    things: ports.notifications as never,
  })
  addHearersRoute(add, ports)
  addResubscribeRoute(add, ports)
  addIncidentRoutes(add, ports)
  addLedgerRoute(add, ports)
  addMutingRoutes(add, ports)
  addDefaultSegmentRoutes(add, ports)
}

/** RFC 5321: of a path, with its angle brackets. */
const EMAIL_CHARACTERS_MAX = 254

const Hearing = Type.Object({
  notificationId: Id,
  notificationName: Type.String(),
  channelId: Id,
  hears: Type.Boolean(),
  to: Type.Optional(
    Type.Array(Type.String(), {
      description:
        'Whom it would tell now, of those whom no other tells first: addresses of e-mail, or where another channel leads, as far as that is no secret',
    }),
  ),
  at: Type.Optional({
    ...Instant,
    description: 'Of its message, were nothing to change until then',
  }),
  why: Type.String(),
})

function addHearersRoute(add: AddRoute, { state, hearers }: NotificationRoutePorts): void {
  add({
    method: 'POST',
    url: '/notifications/hearers',
    tag: 'notifications',
    summary: 'Say who would hear of an alert now, and why not: nothing is sent',
    permission: 'notifications:Read',
    body: Type.Object({
      organisationId: Id,
      event: Type.Record(Type.String(), Type.Unknown(), {
        description:
          'The whole event of the alert, as GET /catalogue shows it, or with what is around it in GET /events and in the live stream',
      }),
    }),
    answer: [200, Type.Object({ items: Type.Array(Hearing) })],
    run: async (caller, { body: { organisationId, event } }) => {
      await organisationOf(state, caller, organisationId)
      const found = await alertHearers(hearers, organisationId, event)
      return {
        items: found.map(({ notification, ...hearing }) => ({
          notificationId: notification.id,
          notificationName: notification.name,
          channelId: notification.channelId,
          ...hearing,
        })),
      }
    },
  })
}

function addResubscribeRoute(add: AddRoute, { unsubscribing }: NotificationRoutePorts): void {
  add({
    method: 'POST',
    url: '/notifications/:id/resubscribe',
    tag: 'notifications',
    summary: 'Tell a reader again who has unsubscribed by the link of a letter',
    permission: 'notifications:Write',
    params: IdParams,
    body: Type.Object({ email: Type.String({ minLength: 1, maxLength: EMAIL_CHARACTERS_MAX }) }),
    answer: [200, ref(Notification)],
    run: (caller, { params, body }) => unsubscribing.resubscribe(caller, params.id, body.email),
  })
}

async function alertHearers(
  hearers: Hearers,
  organisationId: string,
  shown: Readonly<Record<string, unknown>>,
) {
  const event = [shown, shown['event']].find(isWholeEvent)
  const json = event === undefined ? undefined : JSON.stringify(event)
  const found = json === undefined ? undefined : await hearers.of(organisationId, json)
  if (found !== undefined) return found
  throw new RestError(
    400,
    'notification.no-alert',
    'the event is not that of an alert: give a whole BudgetAlertEvent, CostSpikeEvent or ComplianceAlertEvent, such as the example in GET /catalogue/BudgetAlertEvent',
  )
}

function isWholeEvent(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { id, time, detail } = value as Readonly<Record<string, unknown>>
  const isEvent = typeof id === 'string' && typeof time === 'string'
  return isEvent && typeof detail === 'object' && detail !== null
}

function addIncidentRoutes(
  add: AddRoute,
  { state, incidents, directory }: NotificationRoutePorts,
): void {
  const tag = 'incidents'
  addList(add, {
    url: '/incidents',
    tag,
    summary: 'List what people are told of, the newest first',
    permission: 'incidents:Read',
    filter: {
      organisationId: Id,
      notificationId: Type.Optional(Id),
      state: Type.Optional(Type.Enum([...INCIDENT_STATES])),
    },
    item: Incident,
    list: async (caller, { organisationId, notificationId, state: wanted, ...asked }) => {
      await organisationOf(state, caller, organisationId)
      return incidents.list(organisationId, { notificationId, state: wanted }, asked)
    },
  })
  add({
    method: 'GET',
    url: '/incidents/:id',
    tag,
    summary: 'Show an incident, and what its message says of its alerts',
    permission: 'incidents:Read',
    params: IdParams,
    answer: [200, ref(IncidentDetails)],
    run: async (caller, { params }) => incidents.read(await handlerOf(caller), params.id),
  })
  addList(add, {
    url: '/incidents/:id/alerts',
    tag,
    summary: 'List the alerts of an incident, the oldest first',
    permission: 'incidents:Read',
    params: IdParams,
    item: Type.Object({
      id: Type.String({ description: 'Of its event' }),
      at: Instant,
      name: Type.String({ description: 'Of its event’s type' }),
      alert: Type.Record(Type.String(), Type.Unknown()),
    }),
    list: async (caller, asked, params) =>
      incidents.alerts(await handlerOf(caller), params.id, asked),
  })
  for (const [does, summary] of [
    ['acknowledge', 'See to an incident: no reminders of it, no escalation'],
    ['resolve', 'Call an incident over, whatever its alerts say'],
  ] as const) {
    add({
      method: 'POST',
      url: `/incidents/:id/${does}`,
      tag,
      summary,
      permission: 'incidents:Write',
      params: IdParams,
      answer: [200, ref(Incident)],
      run: async (caller, { params }) => incidents[does](await handlerOf(caller), params.id),
    })
  }
  add({
    method: 'POST',
    url: '/incidents/:id/snooze',
    tag,
    summary: 'Tell nothing of an incident until a moment within the next 30 days',
    permission: 'incidents:Write',
    params: IdParams,
    body: Type.Object({ until: Instant }),
    answer: [200, ref(Incident)],
    run: async (caller, { params, body }) =>
      incidents.snooze(await handlerOf(caller), params.id, body.until),
  })

  /** As people know each other, where it is a person. */
  async function handlerOf(caller: Principal): Promise<Handler> {
    const user = caller.userId === undefined ? undefined : await directory.user(caller.userId)
    return { caller, name: user?.email ?? callerName(caller.arn) }
  }
}

function addLedgerRoute(add: AddRoute, { state }: NotificationRoutePorts): void {
  addList(add, {
    url: '/notification-ledger',
    tag: 'notifications',
    summary: 'What was sent to whom, and what was held back and why, the newest first',
    permission: 'notifications:Read',
    filter: {
      organisationId: Id,
      notificationId: Type.Optional(Id),
      channelId: Type.Optional(Id),
      incidentId: Type.Optional(Id),
      outcome: Type.Optional(Type.Enum([...LEDGER_OUTCOMES])),
    },
    item: LedgerEntry,
    list: async (caller, { organisationId, limit, after, ...filter }) => {
      await organisationOf(state, caller, organisationId)
      return ledgerOf(state, organisationId, filter, {
        limit,
        ...(after !== undefined && { after }),
      })
    },
  })
}

function addMutingRoutes(add: AddRoute, { silences, inhibitions }: NotificationRoutePorts): void {
  const tag = 'notifications'
  const permission = 'notifications:Write'
  add({
    method: 'POST',
    url: '/silences',
    tag,
    summary: 'Tell nobody of alerts that match a pattern until a moment within 366 days',
    permission,
    body: NewSilence,
    answer: [201, ref(Silence)],
    run: (caller, { body }) => silences.create(caller, body),
  })
  add({
    method: 'POST',
    url: '/inhibitions',
    tag,
    summary: 'Let alerts hide others while they last, such as an account’s outage its children',
    permission,
    body: NewInhibition,
    answer: [201, ref(Inhibition)],
    run: (caller, { body }) => inhibitions.create(caller, body),
  })
  addList(add, {
    url: '/silences',
    tag,
    summary: 'List silences',
    permission: 'notifications:Read',
    filter: OfOrganisation,
    item: Silence,
    list: (caller, asked) => silences.list(caller, asked),
  })
  addList(add, {
    url: '/inhibitions',
    tag,
    summary: 'List inhibitions',
    permission: 'notifications:Read',
    filter: OfOrganisation,
    item: Inhibition,
    list: (caller, asked) => inhibitions.list(caller, asked),
  })
  for (const [noun, things, summary] of [
    ['silences', silences, 'End a silence: what it held back is told'],
    ['inhibitions', inhibitions, 'Delete an inhibition: what it hid is told'],
  ] as const) {
    add({
      method: 'DELETE',
      url: `/${noun}/:id`,
      tag,
      summary,
      permission,
      params: IdParams,
      answer: [204],
      run: (caller, { params }) => things.remove(caller, params.id),
    })
  }
}

const DefaultSegment = Type.Object({ viewId: Id, segmentId: Id })

function addDefaultSegmentRoutes(add: AddRoute, { defaultSegments }: NotificationRoutePorts): void {
  const tag = 'users'
  const url = '/users/:id/default-segment'
  const about = { tag, url, params: IdParams }
  add({
    ...about,
    method: 'GET',
    summary: 'The segment that what a user is told by e-mail is narrowed to',
    permission: 'notifications:Read',
    answer: [200, DefaultSegment],
    run: (caller, { params }) => defaultSegments.get(caller, params.id),
  })
  add({
    ...about,
    method: 'PUT',
    summary: 'Tell a user by e-mail only of alerts in a segment, and of the whole organisation’s',
    permission: 'notifications:Write',
    body: DefaultSegment,
    answer: [200, DefaultSegment],
    run: (caller, { params, body }) => defaultSegments.set(caller, params.id, body),
  })
  add({
    ...about,
    method: 'DELETE',
    summary: 'Tell a user by e-mail of alerts in all segments again',
    permission: 'notifications:Write',
    answer: [204],
    run: (caller, { params }) => defaultSegments.remove(caller, params.id),
  })
}
