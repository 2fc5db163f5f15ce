import type { AccountId, Region } from '#src/model/event.ts'
import { collection } from '#src/ports/state.ts'
import type { Collection, State, StoredDocument } from '#src/ports/state.ts'
import type { TrailFormat } from './settings.ts'
import type { ManifestObject } from './manifest.ts'

/** What the next flush writes. A crash repeats it with the same id and so with the same objects. */
export interface TrailPlan {
  readonly id: string
  /** Batches of the log after this one, up to and with `to`. */
  readonly after: number
  readonly to: number
  readonly plannedAt: number
  readonly format: TrailFormat
  readonly sealed: boolean
  /** Retention: objects of this organisation that are of earlier days go. */
  readonly expire?: { readonly organisationId: string; readonly before: string }
}

/** How far the trail has read the log: all events up to there are in objects or in a backlog. */
export interface TrailProgress {
  readonly readTo: number
  readonly plan?: TrailPlan
}

/**
 * What an organisation has waiting since its place could not be written when those of others could.
 * Its events of the log after `after` are not in objects; plans of all organisations pass it over.
 */
export interface TrailBacklog {
  readonly after: number
  /** Its own, or the one of all in which it fell behind. */
  readonly plan?: TrailPlan
  /** When the oldest of its events was accepted; absent where only retention waits. */
  readonly since?: number
}

export interface TrailDays {
  /** `YYYY-MM-DD` */
  readonly first: string
  readonly last: string
}

/** The newest manifest of an organisation's trail in one place. */
export interface TrailHead {
  readonly organisationId: string
  readonly sequence: number
  readonly sha256: string
  /** The plan that wrote it. */
  readonly planId: string
  readonly events: number
  readonly objects: number
  readonly writtenAt: number
  readonly loggingAccount: AccountId
  readonly installationRegion: Region
  /** Of all events that were written there, in whatever order; hubs before 0.1.0 did not say. */
  readonly days?: TrailDays
  /** Objects of days before this one, in manifests before that one, are deleted. */
  readonly retention?: { readonly sequence: number; readonly before: string }
}

/** Objects that are durable and have not been announced yet. */
export interface TrailAnnouncement {
  readonly organisationId: string
  readonly loggingAccount: AccountId
  readonly installationRegion: Region
  readonly bucket: string
  readonly keyPrefix: string
  readonly location: string
  readonly sequence: number
  readonly objects: readonly ManifestObject[]
  readonly writtenAt: number
}

export const TRAIL_PROGRESS = collection<TrailProgress>('trail-progress')
/** By organisation. */
export const TRAIL_BACKLOGS = collection<TrailBacklog>('trail-backlogs')
/** By organisation and place. */
export const TRAIL_HEADS = collection<TrailHead>('trail-heads')
/** By organisation and plan: ids of the events that the plan wrote. */
export const TRAIL_RECENT_IDS = collection<readonly string[]>('trail-recent-ids')
/** By organisation, place and sequence. */
export const TRAIL_ANNOUNCEMENTS = collection<TrailAnnouncement>('trail-announcements')

/** The hub's only one. */
export const PROGRESS_KEY = 'progress'
export const NOTHING_READ: TrailProgress = { readTo: 0 }

const DOCUMENTS_PER_READ = 500

/** All documents of a collection, a page at a time. */
export async function* documentsOf<T>(
  state: State,
  from: Collection<T>,
  prefix = '',
): AsyncGenerator<StoredDocument<T>> {
  let after: string | undefined
  for (;;) {
    const options = { prefix, limit: DOCUMENTS_PER_READ, ...(after !== undefined && { after }) }
    const documents = await state.list(from, options)
    yield* documents
    if (documents.length < DOCUMENTS_PER_READ) return
    after = documents.at(-1)?.key
  }
}

export function headKey(organisationId: string, place: string): string {
  return `${organisationId}|${place}`
}
