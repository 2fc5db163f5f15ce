import { busArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { AccountId, RecordedEvent, Region } from '#src/model/event.ts'
import { NOT_AUTHORIZED_FOR_SOURCE, RATE_EXCEEDED, checkedEntry, eventOf } from './entry.ts'
import type { EntryError, EventEntry, PutResult } from './entry.ts'
import type { PutEventsPorts } from './put-events.ts'

export interface PutPartnerEventsPorts extends PutEventsPorts {
  /** Where events of a source go; undefined where it is no source of the caller's. */
  readonly activeBuses: (
    partner: { readonly account: AccountId; readonly region: Region },
    source: string,
  ) => Promise<readonly BusAddress[] | undefined>
  /** How many of so many events the partner may put now. */
  readonly take: (count: number) => number
}

const THROTTLED: EntryError = { errorCode: 'ThrottlingException', errorMessage: RATE_EXCEEDED }

/**
 * Accepts events of a partner: each comes, with one id, on the bus of every account that has taken
 * its source, as an event of that account. Where none has, it is dropped, as on AWS.
 * @returns in the order of the entries
 * @throws OverloadedFault, StoreFullFault: nothing was recorded.
 */
export async function putPartnerEvents(
  ports: PutPartnerEventsPorts,
  partner: { readonly account: AccountId; readonly region: Region },
  entries: readonly EventEntry[],
): Promise<readonly PutResult[]> {
  const { log, clock, ids, observer } = ports
  const acceptedAt = clock.now()
  const results: PutResult[] = []
  const accepted: RecordedEvent[] = []
  const allowed = ports.take(entries.length)
  for (const [index, entry] of entries.entries()) {
    if (index >= allowed) {
      observer.entryRefused('partners', THROTTLED.errorCode)
      results.push(THROTTLED)
      continue
    }
    const buses = await ports.activeBuses(partner, entry.source ?? '')
    const checked = checkedEntry(entry, () =>
      buses === undefined ? NOT_AUTHORIZED_FOR_SOURCE : undefined,
    )
    if ('errorCode' in checked) {
      const busArns = (buses ?? []).map(busArn)
      const refused = { busArns, account: partner.account, message: checked.errorMessage, ...entry }
      observer.entryRefused('partners', checked.errorCode, refused)
      results.push(checked)
      continue
    }
    const id = ids.timeOrderedUuid(acceptedAt)
    results.push({ eventId: id })
    if (buses?.length === 0) observer.entryDropped()
    for (const bus of buses ?? []) {
      const { account, region } = bus
      const placed = { id, busArn: busArn(bus), acceptedAt, account, region }
      accepted.push(eventOf(entry, checked, placed))
    }
  }
  await log.record(accepted)
  observer.entriesAccepted('partners', accepted.length)
  return results
}
