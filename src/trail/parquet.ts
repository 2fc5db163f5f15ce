import { parquetWriteBuffer } from 'hyparquet-writer'

import type { TrailEvent } from './trail-event.ts'

type Fields = Readonly<Record<string, unknown>>

/** Columns that queries filter by; the whole event stands beside them as its JSON text. */
const COLUMNS: Readonly<Record<string, (envelope: Fields, prefix: string) => unknown>> = {
  id: (envelope) => envelope['id'],
  detail_type: (envelope) => envelope['detail-type'],
  source: (envelope) => envelope['source'],
  account: (envelope) => envelope['account'],
  region: (envelope) => envelope['region'],
  event_id: ({ detail }, prefix) => at(detail, `${prefix}EventID`),
  event_time: ({ detail }, prefix) => at(detail, `${prefix}EventTime`),
  event_source: ({ detail }, prefix) => at(detail, `${prefix}EventSource`),
  event_type: ({ detail }, prefix) => at(detail, `${prefix}EventType`),
  event_name: ({ detail }, prefix) => at(detail, `${prefix}EventName`),
  customer_id: ({ detail }) => at(detail, 'meta', 'customer', 'id'),
  organization_id: ({ detail }) => at(detail, 'meta', 'organization', 'id'),
  user_id: ({ detail }) => at(detail, 'meta', 'user', 'id'),
  user_email: ({ detail }) => at(detail, 'meta', 'user', 'email'),
  aws_account_id: ({ detail }) => at(detail, 'meta', 'aws', 'accountId'),
  aws_account_name: ({ detail }) => at(detail, 'meta', 'aws', 'accountName'),
  status: ({ detail }) => at(detail, 'status'),
}

/** Events as a Parquet file, Snappy-compressed; fields that an event lacks are null. */
export function parquetOf(events: readonly TrailEvent[], prefix: string): Uint8Array {
  const envelopes = events.map(({ json }) => JSON.parse(json) as Fields)
  const text = (name: string, data: (string | null)[]) =>
    ({ name, data, type: 'STRING', nullable: true }) as const
  const buffer = parquetWriteBuffer({
    createdBy: 'belfry',
    columnData: [
      { name: 'time', data: events.map(({ time }) => new Date(time)), type: 'TIMESTAMP' },
      ...Object.entries(COLUMNS).map(([name, valueOf]) =>
        text(
          name,
          envelopes.map((envelope) => textOf(valueOf(envelope, prefix))),
        ),
      ),
      text(
        'event',
        events.map(({ json }) => json),
      ),
    ],
  })
  return new Uint8Array(buffer)
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce(
    (inner, name) =>
      typeof inner === 'object' && inner !== null ? (inner as Fields)[name] : undefined,
    value,
  )
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
