import type { State } from '#src/ports/state.ts'
import { TRAIL_RECENT_IDS, documentsOf } from './documents.ts'
import type { TrailPlan } from './documents.ts'
import { padded } from './padded.ts'

/** The events that a plan wrote for one organisation. */
interface Written {
  readonly key: string
  readonly ids: readonly string[]
}

/** Which events the trail holds already, as far back as the log may repeat one. */
export interface RecentIds {
  has(organisationId: string, id: string): boolean
  /** The document that a plan adds, and the keys of those that are too old to matter. */
  next(organisationId: string, plan: TrailPlan, ids: readonly string[]): RecentIdsChange
  /** Takes a change up once it is durable. */
  apply(organisationId: string, change: RecentIdsChange): void
}

export interface RecentIdsChange {
  readonly added: Written
  readonly forgotten: readonly string[]
}

/**
 * How many events of an organisation are remembered. An event stands twice in the log where a crash
 * came between recording it and noting that: the outbox then repeats a round of 500 at most, and
 * enrichment what it had read at once, 16 batches of one such round each. Tenancy events are
 * recorded in their order, so the second of two is at most 8,500 of them behind the first.
 */
const REMEMBERED_EVENTS_MIN = 20_000
/** Longer than the log will ever be. */
const SEQUENCE_DIGITS = 16

export async function readRecentIds(state: State): Promise<RecentIds> {
  const written = new Map<string, Written[]>()
  const known = new Map<string, Set<string>>()

  const add = (organisationId: string, document: Written) => {
    const documents = written.get(organisationId) ?? []
    documents.push(document)
    written.set(organisationId, documents)
    const ids = known.get(organisationId) ?? new Set()
    for (const id of document.ids) ids.add(id)
    known.set(organisationId, ids)
  }

  for await (const { key, value } of documentsOf(state, TRAIL_RECENT_IDS)) {
    add(key.split('|')[0] as string, { key, ids: value })
  }

  return {
    has: (organisationId, id) => known.get(organisationId)?.has(id) ?? false,
    next: (organisationId, plan, ids) => ({
      added: { key: `${organisationId}|${padded(plan.to, SEQUENCE_DIGITS)}`, ids },
      forgotten: tooOld(written.get(organisationId) ?? [], ids.length),
    }),
    apply: (organisationId, { added, forgotten }) => {
      const gone = new Set(forgotten)
      const ids = known.get(organisationId)
      const kept = (written.get(organisationId) ?? []).filter((document) => {
        if (!gone.has(document.key)) return true
        for (const id of document.ids) ids?.delete(id)
        return false
      })
      written.set(organisationId, kept)
      add(organisationId, added)
    },
  }
}

/** Keys of the oldest documents that are not needed for the least number of events. */
function tooOld(documents: readonly Written[], added: number): readonly string[] {
  let events = added
  return documents
    .toReversed()
    .filter(({ ids }) => {
      const needed = events < REMEMBERED_EVENTS_MIN
      events += ids.length
      return !needed
    })
    .map(({ key }) => key)
}
