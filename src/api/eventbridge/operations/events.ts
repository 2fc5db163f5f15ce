import { putContext } from '#src/buses/bus-access.ts'
import type { BusAccess } from '#src/buses/bus-access.ts'
import type { PartnerSources } from '#src/buses/partner-sources.ts'
import { AwsError } from '#src/errors.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { Quotas } from '#src/model/quotas.ts'
import type { EntryError, EventEntry, PutResult } from '#src/pipeline/1-accept/entry.ts'
import { RATE_EXCEEDED } from '#src/pipeline/1-accept/entry.ts'
import { putEvents } from '#src/pipeline/1-accept/put-events.ts'
import type { PutEntry, PutEventsPorts } from '#src/pipeline/1-accept/put-events.ts'
import { putPartnerEvents } from '#src/pipeline/1-accept/put-partner-events.ts'
import { createTokenBuckets } from '#src/pipeline/1-accept/token-buckets.ts'
import { EVENT_PATTERN, EVENT_SOURCE_NAME, structure } from '../operation.ts'
import type { Call, Operations } from '../operation.ts'
import {
  UNSUPPORTED,
  optional,
  printedItem,
  required,
  string,
  textPattern,
  timestampMs,
} from '../shapes.ts'
import { testEventPattern } from '../test-event-pattern.ts'

export interface EventOperationPorts extends PutEventsPorts {
  readonly access: BusAccess
  readonly partnerSources: PartnerSources
  readonly quotas: Pick<Quotas, 'put-events-rate' | 'put-partner-events-rate'>
}

const EVENT = {
  Time: optional({ type: 'timestamp' }),
  Resources: optional({ type: 'list', member: string({ max: 2048 }) }),
  DetailType: optional(string()),
  Detail: optional(string()),
} as const

const ENTRY = structure({
  ...EVENT,
  Source: optional(string()),
  // No partner event bus: PutPartnerEvents is the way to those.
  EventBusName: optional(
    string({
      min: 1,
      max: 1600,
      pattern: textPattern(
        String.raw`(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[\.\-_A-Za-z0-9]+`,
      ),
    }),
  ),
  TraceHeader: optional(string({ min: 1, max: 500 })),
})

const PARTNER_ENTRY = structure({ ...EVENT, Source: optional(EVENT_SOURCE_NAME) })

interface WireEntry {
  readonly Time?: number | string
  readonly Source?: string
  readonly Resources?: readonly string[]
  readonly DetailType?: string
  readonly Detail?: string
  readonly EventBusName?: string
  readonly TraceHeader?: string
}

/** The entries of a request must have fewer. Since 2026-01-29: AWS Compute Blog. */
const REQUEST_BYTES_LIMIT = 1_048_576
/** What Time counts for, however it is written. */
const TIME_BYTES = 14
/** AWS lets 1,400 events come in a second, and 3,600 at once. */
const PARTNER_BURST_SECONDS = 3_600 / 1_400

export function eventOperations(ports: EventOperationPorts): Operations {
  const takeCalls = throttleOf(ports.quotas['put-events-rate'], 1, ports)
  const takePartnerEvents = throttleOf(
    ports.quotas['put-partner-events-rate'],
    PARTNER_BURST_SECONDS,
    ports,
  )
  return {
    PutEvents: {
      permission: 'events:Put',
      input: structure({
        Entries: required({ type: 'list', member: ENTRY, min: 1, max: 10, print: printEntry }),
        EndpointId: UNSUPPORTED,
      }),
      run: async (call, input: PutInput) => {
        if (takeCalls(call, 1) === 0) throw rateExceeded(ports, input)
        return putEntries(ports, call, input)
      },
    },
    PutPartnerEvents: {
      permission: 'events:Put',
      input: structure({
        Entries: required({ type: 'list', member: PARTNER_ENTRY, min: 1, max: 20 }),
      }),
      run: async (call, { Entries }: PutInput) => {
        checkSize(Entries)
        const results = await putPartnerEvents(
          {
            ...ports,
            activeBuses: async (...source) => ports.partnerSources.activeBuses(...source),
            take: (count) => takePartnerEvents(call, count),
          },
          call,
          Entries.map(entryFrom),
        )
        return wireResults(results)
      },
    },
    TestEventPattern: {
      permission: 'events:Read',
      input: structure({ EventPattern: required(EVENT_PATTERN), Event: required(string()) }),
      run: async (_call, input) => testEventPattern(input),
    },
  }
}

interface PutInput {
  readonly Entries: readonly WireEntry[]
}

/** How many of so many a caller may do now; a rate without end is never asked about. */
function throttleOf(
  perSecond: number,
  burstSeconds: number,
  { clock }: Pick<EventOperationPorts, 'clock'>,
): (place: Pick<Call, 'account' | 'region'>, wanted: number) => number {
  if (!Number.isFinite(perSecond)) return (_place, wanted) => wanted
  const burst = Math.round(perSecond * burstSeconds)
  const buckets = createTokenBuckets({ perSecond, burst }, clock)
  return ({ account, region }, wanted) => buckets.take(`${account} ${region}`, wanted)
}

function rateExceeded({ observer }: EventOperationPorts, { Entries }: PutInput): AwsError {
  const error = new AwsError('ThrottlingException', RATE_EXCEEDED)
  Entries.forEach(() => observer.entryRefused('put-events', error.code))
  return error
}

async function putEntries(
  ports: EventOperationPorts,
  call: Call,
  { Entries }: PutInput,
): Promise<object> {
  checkSize(Entries)
  const entries: PutEntry[] = []
  for (const entry of Entries) {
    entries.push({ ...entryFrom(entry), bus: await busOf(ports.access, call, entry) })
  }
  return wireResults(await putEvents(ports, call, entries))
}

function checkSize(Entries: readonly WireEntry[]): void {
  const bytes = Entries.reduce((sum, entry) => sum + entryBytes(entry), 0)
  if (bytes < REQUEST_BYTES_LIMIT) return
  throw new AwsError(
    'ValidationException',
    `Total event entry size must be less than ${REQUEST_BYTES_LIMIT} bytes.`,
  )
}

function wireResults(results: readonly PutResult[]) {
  return {
    FailedEntryCount: results.filter((result) => 'errorCode' in result).length,
    Entries: results.map((result) =>
      'errorCode' in result
        ? { ErrorCode: result.errorCode, ErrorMessage: result.errorMessage }
        : { EventId: result.eventId },
    ),
  }
}

function entryFrom(wire: WireEntry): EventEntry {
  return {
    source: wire.Source,
    detailType: wire.DetailType,
    detail: wire.Detail,
    time: wire.Time === undefined ? undefined : timestampMs(wire.Time),
    resources: wire.Resources,
    traceHeader: wire.TraceHeader,
  }
}

async function busOf(
  access: BusAccess,
  call: Call,
  { EventBusName, Source, DetailType }: WireEntry,
): Promise<BusAddress | EntryError> {
  const context = putContext(Source, DetailType, false)
  try {
    return await access.busFor(call, EventBusName, { action: 'PutEvents', context })
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
  // It may be none: this is said before what each entry must be.
  const entry = (value ?? {}) as Readonly<Record<string, unknown>>
  const shown = (name: string) => {
    const field = entry[name]
    if (field === undefined || field === null) return 'null'
    return Array.isArray(field) ? `[${field.map(printedItem).join(', ')}]` : printedItem(field)
  }
  return (
    `PutEventsRequestEntry(time=${shown('Time')}, source=${shown('Source')}, ` +
    `resources=${shown('Resources')}, detailType=${shown('DetailType')}, ` +
    `detail=${shown('Detail')}, eventBusName=${shown('EventBusName')}, ` +
    `traceHeader=${shown('TraceHeader')}, kmsKeyIdentifier=null, internalMetadata=null)`
  )
}
