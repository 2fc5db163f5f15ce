import type { EventNamespace } from '#src/model/event-namespace.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { SEVERITIES } from '#src/model/alert.ts'
import type { Severity } from '#src/model/alert.ts'
import type { Notification, Silence } from '#src/model/notification.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { backwards } from '#src/tenancy/documents.ts'
import { nextNumber } from '#src/tenancy/numbers.ts'
import { planned, withoutEscalation } from './agenda.ts'
import {
  alertEventOf,
  causeOf,
  endingOf,
  endsByItself,
  leftOfSummary,
  quietEndOf,
  unwanted,
} from './alert-event.ts'
import type { AlertEvent } from './channels/sending.ts'
import {
  INCIDENTS,
  INCIDENTS_IN_ORDER,
  INCIDENT_ALERTS,
  INCIDENT_OF_GROUP,
  NOTIFICATIONS,
  TAKEN,
  alertKey,
  keyIn,
} from './documents.ts'
import type { StoredIncident } from './documents.ts'
import { writeLedger } from './ledger.ts'
import { mutingNow } from './muting.ts'
import type { Muting } from './muting.ts'
import { incidentsWith, openAfter } from './open-alerts.ts'

export interface TakingPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly namespace: EventNamespace
}

/** The way in: alerts that the rule of a notification has matched become incidents. */
export interface Taking {
  /** Resolves when it is durable. An event that was taken before changes nothing. */
  take(notificationId: string, event: Pick<RecordedEvent, 'json'>): Promise<void>
  /** Resolves when those are taken that are being taken now. */
  settled(): Promise<void>
}

/** Taken together: they share a flush of the store. */
const ALERTS_PER_TRANSACTION_MAX = 250
/** What comes back so soon after its end is the same incident again. */
const REOPENS_WITHIN_MS = 60 * 60 * 1_000

interface Waiting {
  readonly notificationId: string
  readonly event: AlertEvent
  readonly taken: PromiseWithResolvers<void>
}

export function createTaking(ports: TakingPorts): Taking {
  const { state, namespace } = ports
  const waiting: Waiting[] = []
  let isTaking = false
  let underWay = Promise.resolve()

  const takeAll = async () => {
    isTaking = true
    while (waiting.length > 0) {
      underWay = takeSome(waiting.splice(0, ALERTS_PER_TRANSACTION_MAX))
      await underWay
    }
    isTaking = false
  }

  const takeSome = async (some: readonly Waiting[]) => {
    try {
      const muting = await mutingNow(state, ports.clock.now())
      await state.transact(async (transaction) => {
        for (const each of some) await takeOne(ports, transaction, each, muting)
      })
      for (const { taken } of some) taken.resolve()
    } catch (error) {
      for (const { taken } of some) taken.reject(error)
    }
  }

  return {
    take: async (notificationId, { json }) => {
      const event = alertEventOf(json, namespace)
      if (event === undefined) return
      const taken = Promise.withResolvers<void>()
      waiting.push({ notificationId, event, taken })
      if (!isTaking) void takeAll()
      await taken.promise
    },
    settled: () => underWay,
  }
}

async function takeOne(
  ports: TakingPorts,
  transaction: StateTransaction,
  { notificationId, event }: Waiting,
  muting: Muting,
): Promise<void> {
  const notification = await transaction.get(NOTIFICATIONS.things, notificationId)
  // It was deleted while this was on its way.
  if (notification === undefined) return
  const takenKey = keyIn(notificationId, event.id)
  if ((await transaction.get(TAKEN, takenKey)) !== undefined) return
  const { organisationId } = notification
  await muting.noteHiding(transaction, organisationId, event)
  const now = ports.clock.now()
  const silence = muting.silenceOf(organisationId, [event], now)
  const found = await incidentsFor(ports, transaction, { notification, event, silence })
  for (const incident of found)
    await takeInto(ports, transaction, { notification, event }, incident)
  // What is over, and was never told, needs no telling.
  const [first] = found
  if (first !== undefined) transaction.put(TAKEN, takenKey, first.id)
}

async function takeInto(
  ports: TakingPorts,
  transaction: StateTransaction,
  { notification, event }: Pick<IncidentRequest, 'notification' | 'event'>,
  found: StoredIncident,
): Promise<void> {
  const now = ports.clock.now()
  const turn = found.alerts + 1
  const ending = endingOf(event, notification.alerts)
  const open = await openAfter(transaction, found, event, ending)
  const isOver = open === 0
  const why = unwanted(event, notification)
  const quiet = quietEndOf(event)
  const isTold = ending === 'opens' || (notification.tellResolved && quiet === undefined)
  const isNews = why === undefined && isTold
  const endsNow = isOver && found.state !== 'RESOLVED'
  // Of several ends the last decides whether the incident's is told.
  const quietEnd = endsNow ? quiet : isOver ? found.quietEnd : undefined
  const endsAt = endsByItself(event, now)
  const isReopened = found.state === 'RESOLVED' && !isOver
  const before = isReopened ? reopened(transaction, found) : found
  const taken: StoredIncident = {
    ...withoutEnd(before),
    alerts: turn,
    open,
    severity: worseOf(found.severity, event.alert.severity),
    state: isOver ? 'RESOLVED' : stateAfter(found),
    changedAt: now,
    revision: found.revision + (isNews ? 1 : 0),
    ...(isNews && { newsSince: found.newsSince ?? now }),
    ...(isOver && { resolvedAt: now }),
    ...(quietEnd !== undefined && { quietEnd }),
    ...(endsAt !== undefined && !isOver && { endsAt }),
  }
  transaction.put(INCIDENT_ALERTS, alertKey(found.id, turn), event)
  if (why !== undefined) {
    writeLedger(transaction, ports, { incident: taken, notification, outcome: 'HELD', why })
  }
  if (endsNow && quietEnd !== undefined) {
    const ended = { incident: taken, notification, outcome: 'HELD', why: quietEnd } as const
    writeLedger(transaction, ports, ended)
  }
  transaction.put(INCIDENTS, found.id, planned(transaction, taken, notification))
}

/** The incidents that take an alert: those that it ends a part of, or else the group's, or a new one. */
async function incidentsFor(
  { clock, ids }: TakingPorts,
  transaction: StateTransaction,
  { notification, event, silence }: IncidentRequest,
): Promise<readonly StoredIncident[]> {
  const ending = endingOf(event, notification.alerts)
  const parted =
    ending === 'opens' ? [] : await incidentsWith(transaction, notification.id, event.alert.alertId)
  // What eases, or was told by a summary, was not told where it is in none.
  if (parted.length > 0 || ending === 'eases' || leftOfSummary(event) !== undefined) return parted
  const now = clock.now()
  const { group, ...cause } = causeOf(event, notification)
  // What is silenced waits by itself, so that it holds back nothing else.
  const whole = silence === undefined ? group : `${group}#${silence.id}`
  const groupKey = keyIn(notification.id, whole)
  const id = await transaction.get(INCIDENT_OF_GROUP, groupKey)
  const known = id === undefined ? undefined : await transaction.get(INCIDENTS, id)
  if (known !== undefined && takesMore(known, now)) return [known]
  const isUntold = !notification.tellResolved || quietEndOf(event) !== undefined
  if (ending === 'ends' && isUntold) return []
  const incident: StoredIncident = {
    id: ids.timeOrderedUuid(now),
    number: await nextNumber(transaction, notification.organisationId, 'incident'),
    organisationId: notification.organisationId,
    notificationId: notification.id,
    group: whole,
    ...cause,
    state: 'OPEN',
    severity: event.alert.severity,
    alerts: 0,
    open: 0,
    told: 0,
    messages: 0,
    revision: 0,
    toldRevision: 0,
    openedAt: now,
    changedAt: now,
  }
  transaction.put(INCIDENT_OF_GROUP, groupKey, incident.id)
  const inOrder = keyIn(incident.organisationId, `${backwards(now)}|${incident.id}`)
  transaction.put(INCIDENTS_IN_ORDER, inOrder, incident.id)
  return [incident]
}

interface IncidentRequest {
  readonly notification: Notification
  readonly event: AlertEvent
  readonly silence: Silence | undefined
}

function takesMore({ state, resolvedAt = 0 }: StoredIncident, now: number): boolean {
  return state !== 'RESOLVED' || now - resolvedAt < REOPENS_WITHIN_MS
}

function withoutEnd({
  resolvedAt: _,
  endsAt: __,
  quietEnd: ___,
  ...incident
}: StoredIncident): StoredIncident {
  return incident
}

/** Where it was escalated, and shown to be over, it is as if it had never been escalated. */
function reopened(transaction: StateTransaction, incident: StoredIncident): StoredIncident {
  const { escalated, escalatedAt: _, escalatedTo: __, ...rest } = incident
  if (escalated === undefined) return incident
  const isShown = escalated.state === 'RESOLVED'
  return withoutEscalation(transaction, isShown ? rest : incident)
}

/** Somebody sees to it already, or it is new. */
function stateAfter({ state }: StoredIncident): StoredIncident['state'] {
  return state === 'RESOLVED' ? 'OPEN' : state
}

function worseOf(one: Severity, other: Severity): Severity {
  return SEVERITIES.indexOf(one) < SEVERITIES.indexOf(other) ? other : one
}
