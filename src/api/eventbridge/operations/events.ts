import { addressOf } from '#src/buses/event-buses.ts'
import type { Place } from '#src/buses/event-buses.ts'
import { AwsError } from '#src/errors.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { putEvents } from '#src/pipeline/1-accept/put-events.ts'
import type { EntryError, PutEntry, PutEventsPorts } from '#src/pipeline/1-accept/put-events.ts'
import { BUS_NAME_OR_ARN, EVENT_PATTERN, structure } from '../operation.ts'
import type { Operations } from '../operation.ts'
import { UNSUPPORTED, optional, required, string, timestampMs } from '../shapes.ts'
import { testEventPattern } from '../test-event-pattern.ts'

const ENTRY = structure({
  Time: optional({ type: 'timestamp' }),
  Source: optional(string()),
  Resources: optional({ type: 'list', member: string({ max: 2048 }) }),
  DetailType: optional(string()),
  Detail: optional(string()),
  EventBusName: optional(BUS_NAME_OR_ARN),
  TraceHeader: optional(string({ min: 1, max: 500 })),
})

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

export function eventOperations(ports: PutEventsPorts): Operations {
  return {
    PutEvents: {
      permission: 'events:Put',
      input: structure({
        Entries: required({ type: 'list', member: ENTRY, min: 1, max: 10, print: printEntry }),
        EndpointId: UNSUPPORTED,
      }),
      run: async (call, input) => putEntries(ports, call, input),
    },
    TestEventPattern: {
      permission: 'events:Read',
      input: structure({ EventPattern: required(EVENT_PATTERN), Event: required(string()) }),
      run: async (_call, input) => testEventPattern(input),
    },
  }
}

async function putEntries(
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

/** As AWS's Java prints an entry; recorded for requests of too many entries. */
function printEntry(value: unknown): string {
  const entry = value as Readonly<Record<string, string | number | readonly string[] | null>>
  const shown = (name: string) => {
    const field = entry[name]
    if (field === undefined || field === null) return 'null'
    return Array.isArray(field) ? `[${field.join(', ')}]` : String(field)
  }
  return (
    `PutEventsRequestEntry(time=${shown('Time')}, source=${shown('Source')}, ` +
    `resources=${shown('Resources')}, detailType=${shown('DetailType')}, ` +
    `detail=${shown('Detail')}, eventBusName=${shown('EventBusName')}, ` +
    `traceHeader=${shown('TraceHeader')}, kmsKeyIdentifier=null, internalMetadata=null)`
  )
}
