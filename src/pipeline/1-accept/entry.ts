import { compactObject } from '#src/model/compact-json.ts'
import { NO_HOPS, envelopeJson } from '#src/model/event.ts'
import type { AccountId, RecordedEvent, Region } from '#src/model/event.ts'

/** An event as who puts it gave it. */
export interface EventEntry {
  readonly source?: string | undefined
  readonly detailType?: string | undefined
  readonly detail?: string | undefined
  /** Epoch ms. */
  readonly time?: number | undefined
  readonly resources?: readonly string[] | undefined
  readonly traceHeader?: string | undefined
}

export interface EntryError {
  readonly errorCode: string
  readonly errorMessage: string
}

/** What became of an entry. */
export type PutResult = { readonly eventId: string } | EntryError

/** An entry that has all it needs. */
export interface CheckedEntry {
  readonly source: string
  readonly detailType: string
  /** Compact JSON text of an object. */
  readonly detailJson: string
}

export const NOT_AUTHORIZED_FOR_SOURCE: EntryError = {
  errorCode: 'NotAuthorizedForSourceException',
  errorMessage: 'Not authorized for the source.',
}

/** What AWS says when it throttles. */
export const RATE_EXCEEDED = 'Rate exceeded'

/** DetailType's limit in AWS's documentation. */
const DETAIL_TYPE_CHARACTERS_MAX = 128

/** @param refusalOf why the caller may not put an event of this source there, if so */
export function checkedEntry(
  { source, detailType, detail }: EventEntry,
  refusalOf: (source: string) => EntryError | undefined,
): CheckedEntry | EntryError {
  if (!source) return missing('Source')
  if (!detailType) return missing('DetailType')
  if (!detail) return missing('Detail')
  if (detailType.length > DETAIL_TYPE_CHARACTERS_MAX) {
    return invalid(
      'DetailType',
      `DetailType must have length less than or equal to ${DETAIL_TYPE_CHARACTERS_MAX}.`,
    )
  }
  const refusal = refusalOf(source)
  if (refusal !== undefined) return refusal
  const detailJson = compactObject(detail)
  if (detailJson === undefined) {
    return { errorCode: 'MalformedDetail', errorMessage: 'Detail is malformed.' }
  }
  return { source, detailType, detailJson }
}

/** Where an accepted entry becomes an event, and as what. */
interface Acceptance {
  readonly id: string
  readonly busArn: string
  readonly acceptedAt: number
  readonly account: AccountId
  readonly region: Region
}

export function eventOf(
  { time, resources = [], traceHeader }: EventEntry,
  { source, detailType, detailJson }: CheckedEntry,
  acceptance: Acceptance,
): RecordedEvent {
  const { id, account, region, acceptedAt } = acceptance
  return {
    ...acceptance,
    source,
    detailType,
    hops: NO_HOPS,
    ...(traceHeader !== undefined && { traceHeader }),
    json: envelopeJson({
      id,
      detailType,
      source,
      account,
      time: time ?? acceptedAt,
      region,
      resources,
      detailJson,
    }),
  }
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
