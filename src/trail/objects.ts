import { gzipSync } from 'node:zlib'

import { objectKey, sha256Of } from './manifest.ts'
import type { ManifestObject } from './manifest.ts'
import { parquetOf } from './parquet.ts'
import type { Sealer } from './sealer.ts'
import type { ObjectFormat, TrailFormat } from './settings.ts'
import { dayOf } from './trail-event.ts'
import type { TrailEvent } from './trail-event.ts'

/** A batch of the log that fills a flush may hold much more than fits in an object. */
const OBJECT_CHARACTERS_MAX = 4 * 1024 * 1024

/** An object that is to be written, and its entry in the manifest. */
export interface MadeObject {
  readonly entry: ManifestObject
  readonly content: Uint8Array
}

export interface MakeOptions {
  readonly organisationId: string
  readonly sequence: number
  readonly format: TrailFormat
  /** Absent: objects stay readable to whoever keeps them. */
  readonly sealer?: Sealer
  /** Of the tenancy's own fields. */
  readonly prefix: string
}

/**
 * The objects of one organisation's events: one for each day and account, and each format, and
 * more where they are large. They are a function of the events alone, so that making them twice
 * makes the same.
 */
export function makeObjects(
  events: readonly TrailEvent[],
  options: MakeOptions,
): readonly MadeObject[] {
  const partitions = Map.groupBy(events, (event) => `${dayOf(event)} ${event.account}`)
  return [...partitions.values()]
    .flatMap(inParts)
    .flatMap((part) => formatsOf(options.format).map((format) => made(part, format, options)))
    .toSorted((a, b) => (a.entry.key < b.entry.key ? -1 : 1))
}

function inParts(events: readonly TrailEvent[]): readonly (readonly TrailEvent[])[] {
  const parts: TrailEvent[][] = []
  let characters = Number.POSITIVE_INFINITY
  for (const event of events) {
    characters += event.json.length
    if (characters > OBJECT_CHARACTERS_MAX) {
      parts.push([])
      characters = event.json.length
    }
    parts.at(-1)?.push(event)
  }
  return parts
}

function made(
  events: readonly TrailEvent[],
  format: ObjectFormat,
  { organisationId, sequence, sealer, prefix }: MakeOptions,
): MadeObject {
  const [first, last] = [events[0] as TrailEvent, events.at(-1) as TrailEvent]
  const { account, position } = first
  const sealed = sealer !== undefined
  const key = objectKey({ day: dayOf(first), account, sequence, position, format, sealed })
  const plain = format === 'ndjson' ? ndjsonOf(events) : parquetOf(events, prefix)
  const content = sealer?.seal(sealedName(organisationId, key), plain) ?? plain
  const entry = {
    key,
    format,
    sha256: sha256Of(content),
    bytes: content.byteLength,
    events: events.length,
    first: { id: first.id, time: first.time },
    last: { id: last.id, time: last.time },
  }
  return { entry, content }
}

/** One event a line, as it was written. Node's gzip carries no time, so the bytes repeat. */
function ndjsonOf(events: readonly TrailEvent[]): Uint8Array {
  return gzipSync(events.map(({ json }) => `${json}\n`).join(''))
}

/** What a sealed object is bound to. */
export function sealedName(organisationId: string, key: string): string {
  return `${organisationId}/${key}`
}

function formatsOf(format: TrailFormat): readonly ObjectFormat[] {
  return format === 'both' ? ['ndjson', 'parquet'] : [format]
}
