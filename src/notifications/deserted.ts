import type { Notification } from '#src/model/notification.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State } from '#src/ports/state.ts'
import { withoutEscalation } from './agenda.ts'
import {
  AGENDA,
  INCIDENTS,
  INCIDENTS_IN_ORDER,
  NOTIFICATIONS,
  documentsOf,
  ofOrganisation,
} from './documents.ts'
import { writeLedger } from './ledger.ts'

/** Incidents whose notification is deleted: nothing is told of them any more, nor hears of their end. */

interface DesertedPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
}

/** Ends all incidents of a notification that is deleted. */
export async function endIncidentsOf(
  ports: DesertedPorts,
  deleted: Pick<Notification, 'id' | 'organisationId' | 'channelId'>,
): Promise<void> {
  const { state } = ports
  const prefix = ofOrganisation(deleted.organisationId)
  for await (const { value: id } of documentsOf(state, INCIDENTS_IN_ORDER, prefix)) {
    const incident = await state.get(INCIDENTS, id)
    if (incident?.notificationId === deleted.id) await endDeserted(ports, id, deleted)
  }
}

/**
 * Ends an incident where its notification is not there any more.
 * @param deleted the notification, where it is known; else the ledger has no place for what was not told
 */
export async function endDeserted(
  ports: DesertedPorts,
  id: string,
  deleted?: Pick<Notification, 'id' | 'channelId'>,
): Promise<void> {
  await ports.state.transact(async (transaction) => {
    const incident = await transaction.get(INCIDENTS, id)
    if (incident === undefined || incident.state === 'RESOLVED') return
    const { notificationId, revision, toldRevision } = incident
    if ((await transaction.get(NOTIFICATIONS.things, notificationId)) !== undefined) return
    const { due, escalated: _, waitsFor: __, ...rest } = withoutEscalation(transaction, incident)
    if (due !== undefined) transaction.delete(AGENDA, due)
    const now = ports.clock.now()
    const over = { ...rest, state: 'RESOLVED' as const, resolvedAt: now, changedAt: now }
    transaction.put(INCIDENTS, id, over)
    if (deleted === undefined || revision <= toldRevision) return
    const why = 'the notification was deleted before this was told'
    const held = { incident: over, notification: deleted, outcome: 'HELD', why } as const
    writeLedger(transaction, ports, held)
  })
}
