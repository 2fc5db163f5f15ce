import type { ObjectStore } from '#src/ports/object-store.ts'

export const TRAIL_FORMATS = ['ndjson', 'parquet', 'both'] as const
export type TrailFormat = (typeof TRAIL_FORMATS)[number]
export type ObjectFormat = Exclude<TrailFormat, 'both'>

/** Where one organisation's trail is. */
export interface TrailPlace {
  readonly store: ObjectStore
  /** The bucket, or the folder that stands for it. */
  readonly bucket: string
  /** In front of the store's keys within the bucket. */
  readonly keyPrefix: string
  /** For people. */
  readonly location: string
}

export interface TrailSettings {
  /** Names the place of all trails; a chain is never continued in another place. */
  readonly place: string
  readonly placeOf: (organisationId: string) => TrailPlace
  readonly format: TrailFormat
  /** Encrypts objects before they leave the hub. */
  readonly sealed: boolean
  readonly flushEveryMs: number
  readonly retentionDays?: number
}
