import { createHash } from 'node:crypto'

import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Value } from 'typebox/value'

import { padded } from './padded.ts'
import type { ObjectFormat } from './settings.ts'

const OBJECT_KEY =
  /^events\/day=(\d{4}-\d{2}-\d{2})\/account=(\d{12})\/(\d{12})-(\d+)\.(ndjson\.gz|parquet)(\.sealed)?$/
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Day = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' })
const Whole = Type.Integer({ minimum: 0 })
const EventMark = Type.Object({ id: Type.String(), time: Type.String() })

const ManifestObject = Type.Object({
  key: Type.String({ pattern: OBJECT_KEY.source }),
  format: Type.Enum(['ndjson', 'parquet']),
  sha256: Sha256,
  bytes: Whole,
  events: Whole,
  first: EventMark,
  last: EventMark,
})
export type ManifestObject = Static<typeof ManifestObject>

const Manifest = Type.Object({
  version: Type.Enum([1]),
  /** Of the flush, so that a hub knows its own after a crash. */
  id: Type.String(),
  organisation: Type.String(),
  sequence: Type.Integer({ minimum: 1 }),
  /** SHA-256 of the manifest before this one; null in the first. */
  previous: Type.Union([Sha256, Type.Null()]),
  writtenAt: Type.String(),
  objects: Type.Array(ManifestObject),
  /** Retention: objects of days before this one that earlier manifests list are gone. */
  expired: Type.Optional(Type.Object({ before: Day })),
})
export type Manifest = Static<typeof Manifest>

export function encodeManifest(manifest: Manifest): Uint8Array {
  return Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`)
}

/** The manifest, or undefined where the bytes are none. */
export function parseManifest(bytes: Uint8Array): Manifest | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString())
    return Value.Check(Manifest, value) ? value : undefined
  } catch {
    return undefined
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Folders of so many manifests, which file systems and people can still list. */
const MANIFESTS_PER_FOLDER = 10_000
const FOLDER_DIGITS = 8

export function manifestKey(sequence: number): string {
  const folder = padded(Math.floor(sequence / MANIFESTS_PER_FOLDER), FOLDER_DIGITS)
  return `manifests/${folder}/${padded(sequence)}.json`
}

/** The sequence of a manifest's key; undefined for any other key. */
export function sequenceOfManifest(key: string): number | undefined {
  const sequence = Number(/^manifests\/\d+\/(\d+)\.json$/.exec(key)?.[1] ?? Number.NaN)
  return Number.isSafeInteger(sequence) && manifestKey(sequence) === key ? sequence : undefined
}

export interface ObjectName {
  readonly day: string
  readonly account: string
  readonly sequence: number
  /** Position in the log of the object's first event. */
  readonly position: number
  readonly format: ObjectFormat
  readonly sealed: boolean
}

const EXTENSIONS = { ndjson: 'ndjson.gz', parquet: 'parquet' } as const
const SEALED_EXTENSION = '.sealed'

export function objectKey({ day, account, sequence, position, format, sealed }: ObjectName) {
  const name = `${padded(sequence)}-${position}.${EXTENSIONS[format]}`
  return `events/day=${day}/account=${account}/${name}${sealed ? SEALED_EXTENSION : ''}`
}

/** What an object's key says; undefined for any other key. */
export function parseObjectKey(key: string): ObjectName | undefined {
  const parts = OBJECT_KEY.exec(key)
  if (parts === null) return undefined
  const [, day = '', account = '', sequence, position, extension, sealed] = parts
  return {
    day,
    account,
    sequence: Number(sequence),
    position: Number(position),
    format: extension === EXTENSIONS.parquet ? 'parquet' : 'ndjson',
    sealed: sealed !== undefined,
  }
}
