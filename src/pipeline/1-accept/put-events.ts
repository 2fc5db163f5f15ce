import { busArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { NO_HOPS, envelopeJson } from '#src/model/event.ts'
import type { AccountId, RecordedEvent, Region } from '#src/model/event.ts'
import { compactObject } from '#src/model/compact-json.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { Observer } from '#src/ports/observer.ts'

/** One entry of PutEvents, as the caller gave it. */
export interface PutEntry {
  readonly source?: string | undefined
  readonly detailType?: string | undefined
  readonly detail?: string | undefined
  /** Epoch ms. */
  readonly time?: number | undefined
  readonly resources?: readonly string[] | undefined
  readonly traceHeader?: string | undefined
  /** The bus, or why the caller may not put there. */
  readonly bus: BusAddress | EntryError
}

export interface EntryError {
  readonly errorCode: string
  readonly errorMessage: string
}

/** In the order of the entries. */
export type PutResult = { readonly eventId: string } | EntryError

export interface PutEventsPorts {
  readonly log: EventLog
  readonly clock: Clock
  readonly ids: Ids
  readonly observer: Observer
  /** Whether a bus exists. */
  readonly busExists: (busArn: string) => Promise<boolean>
}

/** DetailType's limit in AWS's documentation. */
const DETAIL_TYPE_CHARACTERS_MAX = 128

/**
 * Accepts the entries of one PutEvents call: checks each, stamps id, time, account and region,
 * and answers when all accepted ones are durable. An entry for a bus that does not exist gets an
 * id and is dropped, as on AWS.
 * @throws OverloadedFault, StoreFullFault: nothing was recorded.
 */
export async function putEvents(
  ports: PutEventsPorts,
  origin: { readonly account: AccountId; readonly region: Region },
  entries: readonly PutEntry[],
): Promise<readonly PutResult[]> {
  const { log, clock, ids, observer } = ports
  const acceptedAt = clock.now()
  const results: PutResult[] = []
  const accepted: RecordedEvent[] = []
  const arnOf = rememberedArn()
  for (const entry of entries) {
    const detail = checkedEntry(entry)
    if ('errorCode' in detail) {
      observer.entryRefused('put-events', detail.errorCode)
      results.push(detail)
      continue
    }
    const id = ids.timeOrderedUuid(acceptedAt)
    results.push({ eventId: id })
    const target = arnOf(detail.bus)
    if (!(await ports.busExists(target))) {
      observer.entryDropped()
      continue
    }
    const { source, detailType, json: detailJson } = detail
    const { account, region } = origin
    const time = entry.time ?? acceptedAt
    const resources = entry.resources ?? []
    accepted.push({
      id,
      busArn: target,
      acceptedAt,
      source,
      detailType,
      account,
      region,
      hops: NO_HOPS,
      ...(entry.traceHeader !== undefined && { traceHeader: entry.traceHeader }),
      json: envelopeJson({ id, detailType, source, account, time, region, resources, detailJson }),
    })
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

interface CheckedEntry {
  readonly bus: BusAddress
  readonly source: string
  readonly detailType: string
  readonly json: string
}

function checkedEntry(entry: PutEntry): CheckedEntry | EntryError {
  const { source, detailType, detail, bus } = entry
  if (!source) return missing('Source')
  if (!detailType) return missing('DetailType')
  if (!detail) return missing('Detail')
  if (detailType.length > DETAIL_TYPE_CHARACTERS_MAX) {
    return invalid(
      'DetailType',
      `DetailType must have length less than or equal to ${DETAIL_TYPE_CHARACTERS_MAX}.`,
    )
  }
  if (source.startsWith('aws.')) {
    return {
      errorCode: 'NotAuthorizedForSourceException',
      errorMessage: 'Not authorized for the source.',
    }
  }
  if ('errorCode' in bus) return bus
  const json = compactObject(detail)
  if (json === undefined) {
    return { errorCode: 'MalformedDetail', errorMessage: 'Detail is malformed.' }
  }
  return { bus, source, detailType, json }
}

function missing(argument: string): EntryError {
  return invalid(argument, `${argument} is a required argument.`)
}

function invalid(argument: string, reason: string): EntryError {
  return {
    errorCode: 'InvalidArgument',
    errorMessage: `Parameter ${argument} is not valid. Reason: ${reason}`,
  }
}
