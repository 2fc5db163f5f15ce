import type { Rule } from '#src/model/event-bus.ts'
import type { Incident, LedgerEntry, Notification } from '#src/model/notification.ts'
import { mayDo, reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { State } from '#src/ports/state.ts'
import { CHANNELS } from './channels/documents.ts'
import { INCIDENTS, NOTIFICATIONS, TAKEN, keyIn } from './documents.ts'
import { ledgerOf } from './ledger.ts'
import { parseNotificationTarget } from './notifications.ts'

/** What a notification made of an alert that its rule took. */
export interface Outcome {
  readonly notificationId: string
  /** Absent: the notification is deleted. */
  readonly notificationName?: string
  /** Absent: it made none, or the incident is forgotten. */
  readonly incident?: Pick<Incident, 'id' | 'number' | 'title' | 'state' | 'waitsFor'>
  /** What was sent and held back of the incident since the alert came, the newest first. */
  readonly ledger: readonly ToldEntry[]
}

export interface ToldEntry extends Pick<LedgerEntry, 'at' | 'outcome' | 'channelId' | 'why'> {
  /** Absent: the channel is deleted. */
  readonly channelName?: string
}

type Reads = Pick<State, 'get' | 'list'>

const ENTRIES_MAX = 20

/**
 * What came of an alert behind its delivery to a notification; undefined for other targets, and for
 * callers who may not see it.
 */
export async function outcomeOf(
  state: Reads,
  caller: Principal,
  { targetArn, eventId, since }: { targetArn: string; eventId: string; since: number },
): Promise<Outcome | undefined> {
  const notificationId = parseNotificationTarget(targetArn)
  const maySee = mayDo(caller, 'notifications:Read') && mayDo(caller, 'incidents:Read')
  if (notificationId === undefined || !maySee) return undefined
  const notification = await state.get(NOTIFICATIONS.things, notificationId)
  const incidentId = await state.get(TAKEN, keyIn(notificationId, eventId))
  const incident = incidentId === undefined ? undefined : await state.get(INCIDENTS, incidentId)
  const organisationId = (notification ?? incident)?.organisationId
  if (organisationId === undefined) return { notificationId, ledger: [] }
  if (!reaches(caller, organisationId)) return undefined
  return {
    notificationId,
    ...(notification !== undefined && { notificationName: notification.name }),
    ...(incident !== undefined && { incident: briefly(incident) }),
    ledger: incident === undefined ? [] : await toldOf(state, incident, since),
  }
}

/** The notification whose rule it is, as the rule of one has it for its target. */
export async function notificationOfRule(
  state: Pick<State, 'get'>,
  { targets }: Pick<Rule, 'targets'>,
): Promise<Notification | undefined> {
  const [id] = targets.flatMap(({ arn }) => parseNotificationTarget(arn) ?? [])
  return id === undefined ? undefined : state.get(NOTIFICATIONS.things, id)
}

function briefly({ id, number, title, state, waitsFor }: Omit<Incident, 'waitsUntil'>) {
  return { id, number, title, state, ...(waitsFor !== undefined && { waitsFor }) }
}

async function toldOf(
  state: Reads,
  { id: incidentId, organisationId }: Pick<Incident, 'id' | 'organisationId'>,
  since: number,
): Promise<readonly ToldEntry[]> {
  const page = { limit: ENTRIES_MAX, since }
  const { items } = await ledgerOf(state, organisationId, { incidentId }, page)
  return Promise.all(
    items.map(async ({ at, outcome, channelId, why }) => {
      const channelName = (await state.get(CHANNELS, channelId))?.name
      return { at, outcome, channelId, ...(channelName !== undefined && { channelName }), why }
    }),
  )
}
