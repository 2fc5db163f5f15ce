import { setImmediate as nextTurn } from 'node:timers/promises'

import { RestError } from '#src/errors.ts'
import type { Incident, IncidentDetails } from '#src/model/notification.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import { lookedAt, withoutEscalation } from './agenda.ts'
import type { AlertEvent } from './channels/sending.ts'
import { textOf } from './composing.ts'
import {
  INCIDENTS,
  INCIDENTS_IN_ORDER,
  INCIDENT_ALERTS,
  NOTIFICATIONS,
  agendaPlace,
  ofIncident,
  ofOrganisation,
} from './documents.ts'
import type { StoredIncident } from './documents.ts'

/** Who does something to an incident: a caller, or whoever has the message that tells of it. */
export type Handler =
  | { readonly caller: Principal; readonly name: string }
  | {
      readonly organisationId: string
      readonly name: string
      /** When they pressed the button in the message, if it is one of Slack's (epoch seconds). */
      readonly pressedAt?: number
    }

export interface IncidentFilter {
  readonly notificationId?: string | undefined
  readonly state?: Incident['state'] | undefined
}

/** What notifications tell of, and what people do about it. */
export interface Incidents {
  /** With what its message says of its alerts. @throws RestError 404 */
  read(handler: Handler, id: string): Promise<IncidentDetails>
  /** Of an organisation, the newest first. */
  list(
    organisationId: string,
    filter: IncidentFilter,
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<Page<Incident>>
  /** Its alerts, the oldest first. */
  alerts(
    handler: Handler,
    id: string,
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<Page<AlertEvent>>
  /** Somebody sees to it: no reminders, no escalation. */
  acknowledge(handler: Handler, id: string): Promise<Incident>
  /** Nothing is told of it until then (epoch ms). @throws RestError 400 */
  snooze(handler: Handler, id: string, until: number): Promise<Incident>
  /** It is over, whatever its alerts say; the next alert opens another. */
  resolve(handler: Handler, id: string): Promise<Incident>
}

const SNOOZE_DAYS_MAX = 30
const SNOOZE_MAX_MS = SNOOZE_DAYS_MAX * 24 * 60 * 60_000

export interface IncidentPorts {
  readonly state: State
  readonly actions: Actions
}

type Verb = 'Acknowledge' | 'Snooze' | 'Resolve'

export function createIncidents({ state, actions }: IncidentPorts): Incidents {
  const perform = async (
    verb: Verb,
    { handler, id, more = {} }: { readonly handler: Handler; readonly id: string; more?: object },
    edit: (incident: StoredIncident, now: number) => StoredIncident,
  ) =>
    actions.perform('caller' in handler ? handler.caller : undefined, async (step) => {
      const { transaction, now, tell } = step
      const changeOne = async (before: StoredIncident) => {
        const { number, notificationId, organisationId } = before
        const edited = edit(before, now)
        const by = { by: handler.name, ...more }
        const fields = { incidentId: before.id, incidentNumber: number, notificationId, ...by }
        tell(`Incident${verb}Event`, { organisationId, fields })
        refuseWhereDone(verb, handler, before)
        const pressedAt = pressedAtOf(handler)
        const pressed = { ...edited, ...(pressedAt !== undefined && { pressedAt }) }
        return lookedAtNow(transaction, pressed, now)
      }
      const before = await found(transaction, handler, id)
      const after = await changeOne(before)
      for (const follower of await followersOf(transaction, before)) {
        if (follower.state !== after.state || verb === 'Snooze') await changeOne(follower)
      }
      return shown(after)
    })

  return {
    read: async (handler, id) => {
      const incident = await found(state, handler, id)
      return { ...shown(incident), ...(await textOf(state, incident)) }
    },
    list: async (organisationId, filter, { after, limit }) => {
      const items: Incident[] = []
      let cursor = after
      for (;;) {
        const keys = await state.list(INCIDENTS_IN_ORDER, {
          prefix: ofOrganisation(organisationId),
          limit: KEYS_PER_READ,
          ...(cursor !== undefined && { after: cursor }),
        })
        for (const { key, value } of keys) {
          const incident = await state.get(INCIDENTS, value)
          if (incident === undefined || !fits(incident, filter)) continue
          if (items.length === limit)
            return { items, ...(cursor !== undefined && { last: cursor }) }
          items.push(shown(incident))
          cursor = key
        }
        if (keys.length < KEYS_PER_READ) return { items }
        cursor = keys.at(-1)?.key
        // A filter that few incidents fit must not keep the event loop for itself.
        await nextTurn()
      }
    },
    alerts: async (handler, id, { after, limit }) => {
      await found(state, handler, id)
      const read = await state.list(INCIDENT_ALERTS, {
        prefix: ofIncident(id),
        limit: limit + 1,
        ...(after !== undefined && { after }),
      })
      const last = read.length > limit ? read[limit - 1]?.key : undefined
      const items = read.slice(0, limit).map(({ value }) => value)
      return { items, ...(last !== undefined && { last }) }
    },
    acknowledge: (handler, id) =>
      perform(
        'Acknowledge',
        { handler, id },
        ({ snoozedUntil: _, snoozedBy: __, ...incident }, now) => ({
          ...incident,
          state: 'ACKNOWLEDGED',
          acknowledgedBy: handler.name,
          acknowledgedAt: now,
        }),
      ),
    snooze: (handler, id, until) => {
      const more = { until: new Date(until).toISOString() }
      return perform('Snooze', { handler, id, more }, (incident, now) => {
        if (until <= now || until > now + SNOOZE_MAX_MS) throw snoozedTooLong()
        return { ...incident, state: 'SNOOZED', snoozedUntil: until, snoozedBy: handler.name }
      })
    },
    resolve: (handler, id) =>
      perform('Resolve', { handler, id }, (incident, now) => ({
        ...incident,
        state: 'RESOLVED',
        resolvedAt: now,
        revision: incident.revision + 1,
        newsSince: incident.newsSince ?? now,
      })),
  }
}

const KEYS_PER_READ = 500

/** With its places in the agenda as they now should be: it is looked at at once. */
async function lookedAtNow(
  transaction: StateTransaction,
  incident: StoredIncident,
  now: number,
): Promise<StoredIncident> {
  // An escalation that is being sent is sent whole.
  const isEscalating = incident.escalatedUpTo !== undefined
  const { waitsFor: _, ...calm } = isEscalating
    ? incident
    : withoutEscalation(transaction, incident)
  const notification = await transaction.get(NOTIFICATIONS.things, incident.notificationId)
  const after =
    notification === undefined ? calm : lookedAt(transaction, calm, notification.channelId, now)
  transaction.put(INCIDENTS, after.id, after)
  return after
}

/** Incidents whose readers know of them by its message alone, and that are not over. */
async function followersOf(
  transaction: StateTransaction,
  { id, tellsOf = [] }: StoredIncident,
): Promise<readonly StoredIncident[]> {
  const all = await Promise.all(tellsOf.map((each) => transaction.get(INCIDENTS, each)))
  return all.flatMap((each) => (each?.toldWith === id && each.state !== 'RESOLVED' ? [each] : []))
}

/** @throws RestError 404 */
async function found(
  from: Pick<StateTransaction, 'get'>,
  handler: Handler,
  id: string,
): Promise<StoredIncident> {
  const incident = await from.get(INCIDENTS, id)
  if (incident !== undefined && isTheirs(handler, incident)) return incident
  throw new RestError(404, 'incident.not-found', `there is no incident "${id}"`)
}

/** @throws RestError 409 that says what is so */
function refuseWhereDone(verb: Verb, handler: Handler, before: StoredIncident): void {
  const { number, state, acknowledgedBy, pressedAt = -Infinity } = before
  if (verb === 'Acknowledge' && state === 'ACKNOWLEDGED') {
    throw new RestError(
      409,
      'incident.acknowledged',
      `incident ${number} is acknowledged by ${acknowledgedBy} already`,
    )
  }
  if (state === 'RESOLVED') {
    throw new RestError(409, 'incident.resolved', `incident ${number} is over already`)
  }
  if ((pressedAtOf(handler) ?? Infinity) <= pressedAt) {
    throw new RestError(
      409,
      'incident.pressed',
      `this press on incident ${number}, or a later one, was taken already`,
    )
  }
}

function pressedAtOf(handler: Handler): number | undefined {
  return 'pressedAt' in handler ? handler.pressedAt : undefined
}

function isTheirs(handler: Handler, { organisationId }: StoredIncident): boolean {
  if ('caller' in handler) return reaches(handler.caller, organisationId)
  return handler.organisationId === organisationId
}

function fits(incident: StoredIncident, filter: IncidentFilter): boolean {
  return (
    (filter.notificationId ?? incident.notificationId) === incident.notificationId &&
    (filter.state ?? incident.state) === incident.state
  )
}

/** Without what is for the sender alone. */
function shown({
  group: _group,
  revision: _revision,
  toldRevision: _toldRevision,
  toldState: _toldState,
  escalated: _escalated,
  escalatedTo: _escalatedTo,
  escalatedUpTo: _escalatedUpTo,
  newsSince: _newsSince,
  messages: _messages,
  sent: _sent,
  hadBy: _hadBy,
  toldTo: _toldTo,
  toldWith: _toldWith,
  tellsOf: _tellsOf,
  pressedAt: _pressedAt,
  endsAt: _endsAt,
  quietEnd: _quietEnd,
  escalationDue: _escalationDue,
  due,
  ...incident
}: StoredIncident): Incident {
  return { ...incident, ...(due !== undefined && { waitsUntil: agendaPlace(due).at }) }
}

function snoozedTooLong(): RestError {
  return new RestError(
    400,
    'incident.snooze',
    `an incident can be snoozed until a moment within the next ${SNOOZE_DAYS_MAX} days`,
  )
}
