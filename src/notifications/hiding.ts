import { setImmediate as nextTurn } from 'node:timers/promises'

import { ALERT_EVENTS } from '#src/model/catalogue/cost-and-compliance.ts'
import type { Inhibition } from '#src/model/notification.ts'
import type { Clock } from '#src/ports/clock.ts'
import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { endingOf, endsByItself } from './alert-event.ts'
import { alertJson, alertPattern } from './alert-pattern.ts'
import type { AlertEvent } from './channels/sending.ts'
import {
  INCIDENTS,
  INCIDENTS_IN_ORDER,
  INCIDENT_ALERTS,
  NOTIFICATIONS,
  documentsOf,
  keyIn,
  ofIncident,
  ofOrganisation,
} from './documents.ts'
import { isOpenIn, isOpenInAny } from './open-alerts.ts'

/**
 * Which alerts hide others: those that match the source of an inhibition, from when they come, or from
 * when it is made, for as long as an incident in which they are so is not over.
 */

/** By inhibition and the values of its fields; holds the alerts that hide others now. */
const HIDING = collection<readonly (HidingAlert | string)[]>('hiding-alerts')
/** By inhibition and alert; holds the key of HIDING where it is: what its fields say may change. */
const HIDES_AT = collection<string>('hiding-alert-places')

/** An alert that hides others; before 2026-11-27 its id alone was stored. */
interface HidingAlert {
  readonly alertId: string
  /** Where no other alert ends it. */
  readonly until?: number
  /** It is one of those that the inhibition hides, as well. */
  readonly isTarget?: boolean
}

/** Alerts of one inhibition and one set of values that are known to be open: any one of them hides. */
const HIDING_MAX = 100

/** Keeps count of the alerts that hide others, as they open and end. */
export async function noteHiding(
  transaction: StateTransaction,
  inhibition: Inhibition,
  event: AlertEvent,
  now: number,
): Promise<void> {
  const ending = endingOf(event)
  // It is of one resource that fails no more: what hides is the summary, which goes on as it was.
  if (ending === 'eases' && event.name === ALERT_EVENTS.COMPLIANCE) return
  const hides = ending !== 'ends' && matches(inhibition.source, event)
  // News of it may be milder than what the source asks for: it goes on all the same.
  if (!hides && ending === 'opens') return
  const { alertId } = event.alert
  const placeKey = keyIn(inhibition.id, alertId)
  const known = await transaction.get(HIDES_AT, placeKey)
  const key = hidingKey(inhibition, event)
  const after = hides ? key : undefined
  for (const place of new Set([known ?? key, after])) {
    if (place === undefined) continue
    const before = stillHiding(await transaction.get(HIDING, place), now)
    const others = before.filter((other) => other.alertId !== alertId)
    const all = place === after ? [...others, hidingAlert(inhibition, event, now)] : others
    if (all.length === 0) transaction.delete(HIDING, place)
    else transaction.put(HIDING, place, all.slice(-HIDING_MAX))
  }
  if (after !== undefined) transaction.put(HIDES_AT, placeKey, after)
  else if (known !== undefined) transaction.delete(HIDES_AT, placeKey)
}

/** Answers, of one moment, whether an inhibition hides an alert. */
export function hidingAt(
  state: State,
  now: number,
): (inhibition: Inhibition, event: AlertEvent) => Promise<boolean> {
  const notifications = new Map<string, Promise<readonly string[]>>()
  const open = new Map<string, Promise<boolean>>()
  // Whoever heard of it may be gone, and its incident may have been ended by hand.
  const isOpen = (organisationId: string, alertId: string) => {
    const heardBy = notifications.get(organisationId) ?? notificationIdsOf(state, organisationId)
    notifications.set(organisationId, heardBy)
    const key = keyIn(organisationId, alertId)
    const is = open.get(key) ?? heardBy.then((all) => isOpenInAny(state, all, alertId))
    open.set(key, is)
    return is
  }
  return async (inhibition, event) => {
    const key = hidingKey(inhibition, event)
    const hiding = key === undefined ? undefined : await state.get(HIDING, key)
    // As in Alertmanager: of alerts that are source and target none hides another, or none were told.
    const isSource = hiding !== undefined && matches(inhibition.source, event)
    for (const { alertId, isTarget = true } of stillHiding(hiding, now)) {
      if (alertId === event.alert.alertId || (isSource && isTarget)) continue
      if (await isOpen(inhibition.organisationId, alertId)) return true
    }
    return false
  }
}

/** Has an inhibition hide others behind what was told before it was made. */
export async function lookBack(
  { state, clock }: { readonly state: State; readonly clock: Clock },
  inhibition: Inhibition,
): Promise<void> {
  const incidents = documentsOf(
    state,
    INCIDENTS_IN_ORDER,
    ofOrganisation(inhibition.organisationId),
  )
  for await (const { value: id } of incidents) {
    const incident = await state.get(INCIDENTS, id)
    if (incident === undefined || incident.state === 'RESOLVED') continue
    for await (const { value: event } of documentsOf(state, INCIDENT_ALERTS, ofIncident(id))) {
      if (!matches(inhibition.source, event)) continue
      await state.transact(async (transaction) => {
        if (!(await isOpenIn(transaction, id, event.alert.alertId))) return
        await noteHiding(transaction, inhibition, event, clock.now())
      })
    }
    await nextTurn()
  }
}

/** Forgets what an inhibition that is gone had hide others. */
export async function forgetHiding(state: State, { id }: Inhibition): Promise<void> {
  for (const from of [HIDING, HIDES_AT]) {
    for await (const { key } of documentsOf<unknown>(state, from, keyIn(id, ''))) {
      await state.transact(async (transaction) => transaction.delete(from, key))
    }
  }
}

function matches(pattern: Inhibition['source'], event: AlertEvent): boolean {
  return alertPattern(pattern).matches(alertJson(standing(event)))
}

/** A correction of a budget is of what is over: what is so is what it leaves. */
function standing(event: AlertEvent): AlertEvent {
  if (event.name !== ALERT_EVENTS.BUDGET || event.alert.change !== 'CORRECTED') return event
  const { remaining = [] } = event.alert
  return { ...event, alert: { ...event.alert, change: 'REACHED', thresholds: remaining } }
}

function hidingAlert(inhibition: Inhibition, event: AlertEvent, now: number): HidingAlert {
  const until = endsByItself(event, now)
  const isTarget = matches(inhibition.target, event)
  return { alertId: event.alert.alertId, isTarget, ...(until !== undefined && { until }) }
}

function stillHiding(
  hiding: readonly (HidingAlert | string)[] = [],
  now: number,
): readonly HidingAlert[] {
  return hiding
    .map((one): HidingAlert => (typeof one === 'string' ? { alertId: one } : one))
    .filter(({ until = Infinity }) => now < until)
}

/** One for each set of values that source and target must share; none where one is missing. */
function hidingKey({ id, equal }: Inhibition, { alert }: AlertEvent): string | undefined {
  const values = equal.map((field) => (alert as Readonly<Record<string, unknown>>)[field])
  return values.includes(undefined) ? undefined : keyIn(id, JSON.stringify(values))
}

async function notificationIdsOf(state: State, organisationId: string): Promise<readonly string[]> {
  const all = await NOTIFICATIONS.all(state, organisationId)
  return all.map(({ id }) => id)
}
