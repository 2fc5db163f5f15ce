import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently, pause } from '#src/ports/patiently.ts'
import type { State } from '#src/ports/state.ts'
import { endDeserted } from './deserted.ts'
import {
  INCIDENTS,
  INCIDENTS_IN_ORDER,
  INCIDENT_ALERTS,
  INCIDENT_OF_GROUP,
  LEDGER,
  NOTIFICATIONS,
  TAKEN,
  documentsOf,
  keyIn,
  ofIncident,
} from './documents.ts'
import type { StoredIncident } from './documents.ts'
import { closeAlert } from './open-alerts.ts'

/** How long an incident is kept after its end, and what was written of it in the ledger. */
const KEPT_MS = 90 * 24 * 60 * 60_000
const LOOK_EVERY_MS = 60 * 60_000

interface RetentionPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly observer: Observer
}

/** Forgets what is long over, hour by hour, until the signal aborts. */
export async function keepNotificationsShort(
  ports: RetentionPorts,
  signal: AbortSignal,
): Promise<void> {
  const onFault = (error: unknown) => ports.observer.stageFaulted('notify', error)
  while (!signal.aborted) {
    await patiently(() => forgetOld(ports), onFault, signal)
    await pause(LOOK_EVERY_MS, signal)
  }
}

/** Forgets incidents that ended, and entries of the ledger that were written, too long ago. */
async function forgetOld({ state, clock, ids }: Omit<RetentionPorts, 'observer'>): Promise<void> {
  const before = clock.now() - KEPT_MS
  for await (const { key, value } of documentsOf(state, INCIDENTS_IN_ORDER)) {
    const incident = await state.get(INCIDENTS, value)
    if (incident === undefined || isOld(incident, before)) await forget(state, key, value, incident)
    else if (!(await isHeard(state, incident))) await endDeserted({ state, clock, ids }, value)
  }
  for await (const { key, value } of documentsOf(state, LEDGER)) {
    if (value.at < before) await state.transact(async (it) => it.delete(LEDGER, key))
  }
}

/** Or its notification was deleted by an older version of the hub, or just before it stopped. */
async function isHeard(state: State, incident: StoredIncident): Promise<boolean> {
  if (incident.state === 'RESOLVED') return true
  return (await state.get(NOTIFICATIONS.things, incident.notificationId)) !== undefined
}

function isOld({ state, changedAt, resolvedAt = changedAt }: StoredIncident, before: number) {
  return state === 'RESOLVED' && resolvedAt < before
}

async function forget(
  state: State,
  orderKey: string,
  id: string,
  incident: StoredIncident | undefined,
): Promise<void> {
  for await (const { key, value } of documentsOf(state, INCIDENT_ALERTS, ofIncident(id))) {
    await state.transact(async (transaction) => {
      transaction.delete(INCIDENT_ALERTS, key)
      if (incident !== undefined) {
        await closeAlert(transaction, incident, value.alert.alertId)
        transaction.delete(TAKEN, keyIn(incident.notificationId, value.id))
      }
    })
  }
  await state.transact(async (transaction) => {
    transaction.delete(INCIDENTS_IN_ORDER, orderKey)
    transaction.delete(INCIDENTS, id)
    if (incident === undefined) return
    const groupKey = keyIn(incident.notificationId, incident.group)
    if ((await transaction.get(INCIDENT_OF_GROUP, groupKey)) === id) {
      transaction.delete(INCIDENT_OF_GROUP, groupKey)
    }
  })
}
