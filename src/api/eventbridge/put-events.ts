import { addressOf } from '#src/buses/event-buses.ts'
import type { Place } from '#src/buses/event-buses.ts'
import { AwsError } from '#src/errors.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { putEvents } from '#src/pipeline/1-accept/put-events.ts'
import type { EntryError, PutEntry, PutEventsPorts } from '#src/pipeline/1-accept/put-events.ts'
import { timestampMs } from './shapes.ts'

interface WireEntry {
  readonly Time?: number | string
  readonly Source?: string
  readonly Resources?: readonly string[]
  readonly DetailType?: string
  readonly Detail?: string
  readonly EventBusName?: string
  readonly TraceHeader?: string
}

/** Since 2026-01-29: AWS Compute Blog. */
const REQUEST_BYTES_MAX = 1_048_576
/** What Time counts for, however it is written. */
const TIME_BYTES = 14

export async function putEventsOperation(
  ports: PutEventsPorts,
  place: Place,
  { Entries }: { readonly Entries: readonly WireEntry[] },
): Promise<object> {
  const bytes = Entries.reduce((sum, entry) => sum + entryBytes(entry), 0)
  if (bytes > REQUEST_BYTES_MAX) {
    throw new AwsError(
      'ValidationException',
      `Total event entry size must be less than ${REQUEST_BYTES_MAX} bytes.`,
    )
  }
  const results = await putEvents(
    ports,
    place,
    Entries.map((entry) => entryFrom(place, entry)),
  )
  return {
    FailedEntryCount: results.filter((result) => 'errorCode' in result).length,
    Entries: results.map((result) =>
      'errorCode' in result
        ? { ErrorCode: result.errorCode, ErrorMessage: result.errorMessage }
        : { EventId: result.eventId },
    ),
  }
}

function entryFrom(place: Place, wire: WireEntry): PutEntry {
  return {
    source: wire.Source,
    detailType: wire.DetailType,
    detail: wire.Detail,
    time: wire.Time === undefined ? undefined : timestampMs(wire.Time),
    resources: wire.Resources,
    traceHeader: wire.TraceHeader,
    bus: busOf(place, wire.EventBusName),
  }
}

function busOf(place: Place, nameOrArn: string | undefined): BusAddress | EntryError {
  try {
    return addressOf(place, nameOrArn)
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    return { errorCode: error.code, errorMessage: error.message }
  }
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html */
function entryBytes(entry: WireEntry): number {
  let bytes = entry.Time === undefined ? 0 : TIME_BYTES
  for (const text of [entry.Source, entry.DetailType, entry.Detail]) {
    if (text) bytes += Buffer.byteLength(text)
  }
  for (const resource of entry.Resources ?? []) bytes += Buffer.byteLength(resource)
  return bytes
}
