import { setImmediate as nextTurn } from 'node:timers/promises'

import type { LedgerEntry, Notification } from '#src/model/notification.ts'
import type { Page } from '#src/model/page.ts'
import { pageOf } from '#src/model/page.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { backwards } from '#src/tenancy/documents.ts'
import { LEDGER, keyIn, ofOrganisation } from './documents.ts'
import type { StoredIncident } from './documents.ts'

interface Noted extends Pick<LedgerEntry, 'outcome' | 'why'> {
  readonly incident: Pick<StoredIncident, 'id' | 'number' | 'title' | 'organisationId' | 'alerts'>
  readonly notification: Pick<Notification, 'id' | 'channelId'>
  /** Where it is not the notification's own. */
  readonly channelId?: string
  readonly messageId?: string
  /** Whom it was for; empty: nobody yet. */
  readonly to?: readonly string[]
}

/** Writes down what became of something that might have been sent. */
export function writeLedger(
  transaction: StateTransaction,
  { clock, ids }: { readonly clock: Clock; readonly ids: Ids },
  { incident, notification, channelId = notification.channelId, to = [], ...noted }: Noted,
): void {
  const at = clock.now()
  const { organisationId } = incident
  const id = ids.timeOrderedUuid(at)
  transaction.put(LEDGER, keyIn(organisationId, `${backwards(at)}|${id}`), {
    id,
    organisationId,
    at,
    notificationId: notification.id,
    channelId,
    incidentId: incident.id,
    incidentNumber: incident.number,
    incidentTitle: incident.title,
    alerts: incident.alerts,
    ...(to.length > 0 && { to: [...new Set(to)] }),
    ...noted,
  })
}

export interface LedgerFilter {
  readonly notificationId?: string | undefined
  readonly channelId?: string | undefined
  readonly incidentId?: string | undefined
  readonly outcome?: LedgerEntry['outcome'] | undefined
}

export interface LedgerPage {
  readonly after?: string | undefined
  readonly limit: number
  /** Nothing older (epoch ms) is read. */
  readonly since?: number
}

const ENTRIES_PER_READ = 500

/** Entries of an organisation, the newest first. */
export async function ledgerOf(
  state: Pick<State, 'list'>,
  organisationId: string,
  filter: LedgerFilter,
  { after, limit, since = 0 }: LedgerPage,
): Promise<Page<LedgerEntry>> {
  const wanted = Object.entries(filter).filter(([, value]) => value !== undefined)
  const found: { key: string; value: LedgerEntry }[] = []
  let cursor = after
  for (;;) {
    const read = await state.list(LEDGER, {
      prefix: ofOrganisation(organisationId),
      limit: ENTRIES_PER_READ,
      ...(cursor !== undefined && { after: cursor }),
    })
    for (const entry of read) {
      if (entry.value.at < since) return pageOf(found, limit)
      const fits = wanted.every(([name, value]) => entry.value[name as keyof LedgerEntry] === value)
      if (fits) found.push(entry)
      if (found.length > limit) return pageOf(found, limit)
    }
    if (read.length < ENTRIES_PER_READ) return pageOf(found, limit)
    // A filter that few entries fit must not keep the event loop for itself.
    await nextTurn()
    cursor = read.at(-1)?.key
  }
}
