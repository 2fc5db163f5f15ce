import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import { countOf } from './alert-event.ts'
import type { endingOf } from './alert-event.ts'
import type { AlertEvent } from './channels/sending.ts'
import { INCIDENTS, keyIn, ofIncident } from './documents.ts'
import type { StoredIncident } from './documents.ts'

/** By incident and alert: what is still so; of a summary how much. */
const OPEN_ALERTS = collection<true | number>('open-alerts')
/** By notification and alert: the incidents in which that is still so. */
const OPEN_IN = collection<readonly string[]>('alerts-open-in')

type Of = Pick<StoredIncident, 'id' | 'notificationId'>

/** How much of an incident is still so, with this alert. */
export async function openAfter(
  transaction: StateTransaction,
  incident: Of & Pick<StoredIncident, 'open'>,
  event: AlertEvent,
  ending: ReturnType<typeof endingOf>,
): Promise<number> {
  const { id, notificationId, open } = incident
  const { alertId } = event.alert
  if (ending === 'ends') return open - (await closeAlert(transaction, incident, alertId))
  const key = ofIncident(id) + alertId
  const known = await transaction.get(OPEN_ALERTS, key)
  const before = Number(known ?? 0)
  const said = Math.max(1, countOf(event) ?? 1)
  // Of two ends the later may come first: what is over stays so.
  const after = ending === 'eases' ? Math.min(before, said) : said
  if (after !== before) transaction.put(OPEN_ALERTS, key, after === 1 ? true : after)
  if (known !== undefined) return open + after - before
  const openIn = keyIn(notificationId, alertId)
  const others = (await transaction.get(OPEN_IN, openIn)) ?? []
  transaction.put(OPEN_IN, openIn, [...others, id])
  return open + after
}

/** Whether an alert is still so in an incident. */
export async function isOpenIn(
  from: Pick<StateTransaction, 'get'>,
  incidentId: string,
  alertId: string,
): Promise<boolean> {
  return (await from.get(OPEN_ALERTS, ofIncident(incidentId) + alertId)) !== undefined
}

/** Whether it is, in an incident of any of these notifications that is not over. */
export async function isOpenInAny(
  from: Pick<StateTransaction, 'get'>,
  notificationIds: readonly string[],
  alertId: string,
): Promise<boolean> {
  for (const notificationId of notificationIds) {
    if ((await incidentsWith(from, notificationId, alertId)).length > 0) return true
  }
  return false
}

/** Forgets that an alert is still so in an incident. Answers how much of it was. */
export async function closeAlert(
  transaction: StateTransaction,
  { id, notificationId }: Of,
  alertId: string,
): Promise<number> {
  const key = ofIncident(id) + alertId
  const known = await transaction.get(OPEN_ALERTS, key)
  if (known === undefined) return 0
  transaction.delete(OPEN_ALERTS, key)
  const openIn = keyIn(notificationId, alertId)
  const others = ((await transaction.get(OPEN_IN, openIn)) ?? []).filter((other) => other !== id)
  if (others.length === 0) transaction.delete(OPEN_IN, openIn)
  else transaction.put(OPEN_IN, openIn, others)
  return Number(known)
}

/**
 * The incidents, not over yet, in which an alert is so. It may be of another group by now: the tag
 * that names the owner was changed, or a silence that was over it has ended.
 */
export async function incidentsWith(
  from: Pick<StateTransaction, 'get'>,
  notificationId: string,
  alertId: string,
): Promise<readonly StoredIncident[]> {
  const ids = (await from.get(OPEN_IN, keyIn(notificationId, alertId))) ?? []
  const all = await Promise.all(ids.map((id) => from.get(INCIDENTS, id)))
  return all.flatMap((each) => (each === undefined || each.state === 'RESOLVED' ? [] : [each]))
}
