import type { Notification } from '#src/model/notification.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import {
  AGENDA,
  INCIDENTS,
  NOTIFICATIONS,
  agendaKey,
  agendaPlace,
  ofChannel,
  stateShown,
} from './documents.ts'
import type { AgendaEntry, StoredIncident } from './documents.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/**
 * An incident with its place in the agenda of its channel: when its news may be told, no earlier
 * than it is looked at already. To be stored in the same transaction.
 */
export function planned(
  transaction: StateTransaction,
  incident: StoredIncident,
  notification: Notification,
): StoredIncident {
  const told = firstTelling(incident, notification)
  const before = incident.due === undefined ? Infinity : agendaPlace(incident.due).at
  const at = Math.min(before, told, incident.endsAt ?? Infinity)
  if (at === before) return withEscalationShown(transaction, incident)
  return lookedAt(transaction, incident, notification.channelId, at)
}

/** When what is new of an incident may be told at the earliest. */
export function firstTelling(
  { toldAt, openedAt }: StoredIncident,
  { settleSeconds, updateSeconds }: Notification,
): number {
  if (toldAt === undefined) return openedAt + settleSeconds * SECOND_MS
  return toldAt + updateSeconds * SECOND_MS
}

/** When an incident is told again: at the end of its snooze, or that nobody has acknowledged it. */
export function nextReminder(
  {
    state,
    toldAt,
    snoozedUntil = Infinity,
  }: Pick<StoredIncident, 'state' | 'toldAt' | 'snoozedUntil'>,
  { repeatHours = Infinity }: Pick<Notification, 'repeatHours'>,
): number {
  if (toldAt === undefined) return Infinity
  if (state === 'SNOOZED') return snoozedUntil
  return state === 'OPEN' ? toldAt + repeatHours * HOUR_MS : Infinity
}

/**
 * Moves an incident in the agenda, or (Infinity) takes it out; where it was escalated, how things are
 * now is shown there too.
 */
export function lookedAt(
  transaction: StateTransaction,
  { due, ...before }: StoredIncident,
  channelId: string,
  at: number,
): StoredIncident {
  const incident = withEscalationShown(transaction, before)
  // What waits for something is not about to be told.
  const isHeld = incident.waitsFor !== undefined
  if (due !== undefined) transaction.delete(AGENDA, due)
  if (at === Infinity) return incident
  const held = isHeld && { isHeld }
  const entry: AgendaEntry = { incidentId: incident.id, does: 'tell', ...held }
  const key = agendaKey(channelId, at, entry)
  transaction.put(AGENDA, key, entry)
  return { ...incident, due: key }
}

/** Plans an incident's escalation, which begins to count with its first message, once. */
export function withEscalation(
  transaction: StateTransaction,
  incident: StoredIncident,
  { escalation }: Notification,
  now: number,
): StoredIncident {
  const isPlanned = incident.escalationDue !== undefined || incident.escalatedAt !== undefined
  if (escalation === undefined || isPlanned || incident.state !== 'OPEN') return incident
  const at = now + escalation.afterMinutes * MINUTE_MS
  return escalatedLater(transaction, incident, escalation.channelId, at)
}

/** Moves an incident in the agenda of its escalation. */
export function escalatedLater(
  transaction: StateTransaction,
  incident: StoredIncident,
  channelId: string,
  at: number,
): StoredIncident {
  const entry: AgendaEntry = { incidentId: incident.id, does: 'escalate' }
  const key = agendaKey(channelId, at, entry)
  const moved = withoutEscalation(transaction, incident)
  transaction.put(AGENDA, key, entry)
  return { ...moved, escalationDue: key }
}

/** Has the message of an escalation looked at, at once, where it shows something else than is so. */
export function withEscalationShown(
  transaction: StateTransaction,
  incident: StoredIncident,
): StoredIncident {
  const { escalated, escalationDue } = incident
  const isToShow = escalated !== undefined && escalated.state !== stateShown(incident)
  if (!isToShow || escalationDue !== undefined) return incident
  return escalatedLater(transaction, incident, escalated.channelId, 0)
}

/** Takes an incident out of the agenda of its escalation. */
export function withoutEscalation(
  transaction: StateTransaction,
  { escalationDue, ...incident }: StoredIncident,
): StoredIncident {
  if (escalationDue !== undefined) transaction.delete(AGENDA, escalationDue)
  return incident
}

/** What was held back in an organisation may be told now. */
export async function lookAtAllNow(
  ports: { readonly state: State; readonly clock: Clock },
  organisationId: string,
): Promise<void> {
  for (const notification of await NOTIFICATIONS.all(ports.state, organisationId)) {
    await lookAtNow(ports, notification, notification.channelId)
  }
}

const ENTRIES_PER_READ = 500

/** Looks at all incidents of a notification at once, on the channel that it has now. */
export async function lookAtNow(
  { state, clock }: { readonly state: State; readonly clock: Clock },
  notification: Notification,
  channelBefore: string,
): Promise<void> {
  let after: string | undefined
  for (;;) {
    const entries = await state.list(AGENDA, {
      prefix: ofChannel(channelBefore),
      limit: ENTRIES_PER_READ,
      ...(after !== undefined && { after }),
    })
    await state.transact(async (transaction) => {
      for (const { value } of entries) {
        const incident = await transaction.get(INCIDENTS, value.incidentId)
        if (incident?.notificationId !== notification.id || value.does !== 'tell') continue
        const { channelId } = notification
        transaction.put(
          INCIDENTS,
          incident.id,
          lookedAt(transaction, incident, channelId, clock.now()),
        )
      }
    })
    if (entries.length < ENTRIES_PER_READ) return
    after = entries.at(-1)?.key
  }
}
