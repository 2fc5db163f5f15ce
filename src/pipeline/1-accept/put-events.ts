import { busArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { AccountId, RecordedEvent, Region } from '#src/model/event.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { Observer } from '#src/ports/observer.ts'
import { NOT_AUTHORIZED_FOR_SOURCE, checkedEntry, eventOf } from './entry.ts'
import type { EntryError, EventEntry, PutResult } from './entry.ts'

/** One entry of PutEvents. */
export interface PutEntry extends EventEntry {
  /** The bus, or why the caller may not put there. */
  readonly bus: BusAddress | EntryError
}

export interface PutEventsPorts {
  readonly log: EventLog
  readonly clock: Clock
  readonly ids: Ids
  readonly observer: Observer
  /** Whether a bus exists. */
  readonly busExists: (busArn: string) => Promise<boolean>
}

/**
 * Accepts the entries of one PutEvents call: checks each, stamps id, time, account and region,
 * and answers when all accepted ones are durable. An entry for a bus that does not exist gets an
 * id and is dropped, as on AWS.
 * @returns in the order of the entries
 * @throws OverloadedFault, StoreFullFault: nothing was recorded.
 */
export async function putEvents(
  ports: PutEventsPorts,
  { account, region }: { readonly account: AccountId; readonly region: Region },
  entries: readonly PutEntry[],
): Promise<readonly PutResult[]> {
  const { log, clock, ids, observer } = ports
  const acceptedAt = clock.now()
  const results: PutResult[] = []
  const accepted: RecordedEvent[] = []
  const arnOf = rememberedArn()
  for (const entry of entries) {
    const { bus } = entry
    const checked = checkedEntry(entry, (source) => {
      if (source.startsWith('aws.')) return NOT_AUTHORIZED_FOR_SOURCE
      return 'errorCode' in bus ? bus : undefined
    })
    if ('errorCode' in checked || 'errorCode' in bus) {
      const error = 'errorCode' in checked ? checked : (bus as EntryError)
      const message = error.errorMessage
      const refused = !('errorCode' in bus) && { busArns: [arnOf(bus)], account, message, ...entry }
      observer.entryRefused('put-events', error.errorCode, refused || undefined)
      results.push(error)
      continue
    }
    const id = ids.timeOrderedUuid(acceptedAt)
    results.push({ eventId: id })
    const target = arnOf(bus)
    if (!(await ports.busExists(target))) {
      observer.entryDropped()
      continue
    }
    accepted.push(eventOf(entry, checked, { id, busArn: target, acceptedAt, account, region }))
  }
  await log.record(accepted)
  observer.entriesAccepted('put-events', accepted.length)
  return results
}

/** One text for the entries of one bus: maps find a text that they have seen before much faster. */
function rememberedArn(): (bus: BusAddress) => string {
  let last: { readonly bus: BusAddress; readonly arn: string } | undefined
  return (bus) => {
    if (last === undefined || last.bus.name !== bus.name || last.bus.account !== bus.account) {
      last = { bus, arn: busArn(bus) }
    }
    return last.arn
  }
}
