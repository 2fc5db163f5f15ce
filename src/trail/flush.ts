import type { EventNamespace } from '#src/model/event-namespace.ts'
import type { Clock } from '#src/ports/clock.ts'
import { eachOf } from '#src/ports/each-of.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { ObjectStore } from '#src/ports/object-store.ts'
import type { Observer } from '#src/ports/observer.ts'
import type { State } from '#src/ports/state.ts'
import {
  PROGRESS_KEY,
  TRAIL_ANNOUNCEMENTS,
  TRAIL_BACKLOGS,
  TRAIL_HEADS,
  TRAIL_PROGRESS,
  TRAIL_RECENT_IDS,
  documentsOf,
  headKey,
} from './documents.ts'
import type { TrailDays, TrailHead, TrailPlan } from './documents.ts'
import type { Conditions } from './conditions.ts'
import { encodeManifest, manifestKey, parseManifest, sha256Of } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import { makeObjects } from './objects.ts'
import type { MadeObject } from './objects.ts'
import { padded } from './padded.ts'
import { plannedEvents } from './portion.ts'
import type { RecentIds } from './recent-ids.ts'
import type { Sealer } from './sealer.ts'
import type { TrailSettings } from './settings.ts'
import { dayOf } from './trail-event.ts'
import type { TrailEvent } from './trail-event.ts'

export interface FlushPorts {
  readonly state: State
  readonly log: EventLog
  readonly clock: Clock
  readonly observer: Observer
  readonly conditions: Conditions
  readonly namespace: EventNamespace
  readonly sealer: Sealer
  readonly settings: TrailSettings
}

/** Another hub, or someone by hand, has written where this hub's trail goes on. */
class TrailForkedFault extends Error {
  override readonly name = 'TrailForkedFault'
  constructor(location: string, key: string) {
    super(
      `the trail in "${location}" cannot go on: "${key}" is there already and not this hub's. Stop the other hub that writes there, or give one of them another place with --trail`,
    )
  }
}

const ORGANISATIONS_AT_ONCE = 4
const OBJECTS_AT_ONCE = 8

/**
 * Writes what a plan says and moves the trail behind it:
 *
 *   plan durable → objects → manifest → head, ids and announcement durable → plan done
 *
 * A crash anywhere repeats the plan from the start. Its objects are a function of the plan and the
 * log, so what was written already is written once more, the same under the same keys; an
 * organisation whose head names the plan is through with it. One whose place cannot be written
 * falls behind: it keeps the plan as its backlog, and the plan is done for the others.
 * @param gathered the plan's events where they are at hand; else the log is read again
 * @returns organisations that have fallen behind with this plan
 */
export async function carryOut(
  ports: FlushPorts,
  plan: TrailPlan,
  recent: RecentIds,
  gathered?: readonly TrailEvent[],
): Promise<readonly string[]> {
  const { state, log, conditions } = ports
  const events = gathered ?? (await plannedEvents(log, plan))
  const byOrganisation = Map.groupBy(events, ({ organisationId }) => organisationId)
  if (plan.expire !== undefined) byOrganisation.set(plan.expire.organisationId, [])
  // Read after the plan has become durable: a backlog that is there now is not ended before it is done.
  for await (const { key } of documentsOf(state, TRAIL_BACKLOGS)) byOrganisation.delete(key)
  const behind = new Map<string, number | undefined>()
  await eachOf(
    [...byOrganisation],
    { atOnce: ORGANISATIONS_AT_ONCE },
    async ([organisationId, own]) => {
      try {
        await writeFor(ports, plan, { organisationId, events: own, recent })
      } catch (error) {
        conditions.failed(organisationId, 'writing', error)
        behind.set(organisationId, own[0]?.acceptedAt)
      }
    },
  )
  await state.transact(async (transaction) => {
    for (const [organisationId, since] of behind) {
      const oldest = since !== undefined && { since }
      transaction.put(TRAIL_BACKLOGS, organisationId, { after: plan.after, plan, ...oldest })
    }
    transaction.put(TRAIL_PROGRESS, PROGRESS_KEY, { readTo: plan.to })
  })
  for (const [organisationId, since] of behind) conditions.fellBehind(organisationId, since)
  return [...behind.keys()]
}

interface OneOrganisation {
  readonly organisationId: string
  readonly events: readonly TrailEvent[]
  readonly recent: RecentIds
}

/** Writes one organisation's part of a plan. */
export async function writeFor(
  ports: FlushPorts,
  plan: TrailPlan,
  { organisationId, events, recent }: OneOrganisation,
): Promise<void> {
  const { state, settings, observer, conditions, sealer, namespace } = ports
  const { place } = settings
  const head = await state.get(TRAIL_HEADS, headKey(organisationId, place))
  if (head?.planId === plan.id) return
  const fresh = withoutRepeated(events, (id) => recent.has(organisationId, id))
  const expire = plan.expire?.organisationId === organisationId ? plan.expire : undefined
  if (fresh.length === 0 && expire === undefined) return
  const sequence = (head?.sequence ?? 0) + 1
  const objects = makeObjects(fresh, {
    organisationId,
    sequence,
    format: plan.format,
    prefix: namespace.prefix,
    ...(plan.sealed && { sealer }),
  })
  const manifest: Manifest = {
    version: 1,
    id: plan.id,
    organisation: organisationId,
    sequence,
    previous: head?.sha256 ?? null,
    writtenAt: new Date(plan.plannedAt).toISOString(),
    objects: objects.map(({ entry }) => entry),
    ...(expire !== undefined && { expired: { before: expire.before } }),
  }
  const { store } = settings.placeOf(organisationId)
  await putAll(store, objects)
  const sha256 = await putManifest(store, manifest)
  await commit(ports, { manifest, sha256, head, fresh, plan, recent })
  conditions.succeeded(organisationId, 'writing')
  observer.trailWritten(objects.length, fresh.length)
}

function withoutRepeated(
  events: readonly TrailEvent[],
  isKnown: (id: string) => boolean,
): readonly TrailEvent[] {
  const seen = new Set<string>()
  return events.filter(({ id }) => {
    if (seen.has(id) || isKnown(id)) return false
    seen.add(id)
    return true
  })
}

async function putAll(store: ObjectStore, objects: readonly MadeObject[]): Promise<void> {
  await eachOf(objects, { atOnce: OBJECTS_AT_ONCE }, ({ entry, content }) =>
    store.put(entry.key, content),
  )
}

async function putManifest(store: ObjectStore, manifest: Manifest): Promise<string> {
  const key = manifestKey(manifest.sequence)
  const bytes = encodeManifest(manifest)
  if (!(await store.putIfAbsent(key, bytes))) {
    const present = await store.get(key)
    const same = present !== undefined && parseManifest(present)?.id === manifest.id
    if (!same) throw new TrailForkedFault(store.location, key)
    // This plan's own, from before a crash; another version of the hub may have packed differently.
    await store.put(key, bytes)
  }
  return sha256Of(bytes)
}

interface WrittenManifest {
  readonly manifest: Manifest
  readonly sha256: string
  readonly head: TrailHead | undefined
  readonly fresh: readonly TrailEvent[]
  readonly plan: TrailPlan
  readonly recent: RecentIds
}

async function commit(
  { state, settings }: FlushPorts,
  { manifest, sha256, head, fresh, plan, recent }: WrittenManifest,
): Promise<void> {
  const { organisation: organisationId, sequence, objects, expired } = manifest
  // Retention is for those who have a head.
  const { loggingAccount, installationRegion } = (fresh[0] ?? head) as TrailEvent | TrailHead
  const about = { organisationId, loggingAccount, installationRegion }
  const { bucket, keyPrefix, location } = settings.placeOf(organisationId)
  const change = recent.next(
    organisationId,
    plan,
    fresh.map(({ id }) => id),
  )
  const key = headKey(organisationId, settings.place)
  const days = daysWith(head, fresh)
  const retention = expired === undefined ? head?.retention : { ...expired, sequence }
  await state.transact(async (transaction) => {
    transaction.put(TRAIL_HEADS, key, {
      ...about,
      sequence,
      sha256,
      planId: plan.id,
      writtenAt: plan.plannedAt,
      events: (head?.events ?? 0) + fresh.length,
      objects: (head?.objects ?? 0) + objects.length,
      ...(days !== undefined && { days }),
      ...(retention !== undefined && { retention }),
    })
    if (fresh.length === 0) return
    transaction.put(TRAIL_RECENT_IDS, change.added.key, change.added.ids)
    for (const forgotten of change.forgotten) transaction.delete(TRAIL_RECENT_IDS, forgotten)
    transaction.put(TRAIL_ANNOUNCEMENTS, `${key}|${padded(sequence)}`, {
      ...about,
      bucket,
      keyPrefix,
      location,
      sequence,
      objects,
      writtenAt: plan.plannedAt,
    })
  })
  if (fresh.length > 0) recent.apply(organisationId, change)
}

function daysWith(
  head: TrailHead | undefined,
  fresh: readonly TrailEvent[],
): TrailDays | undefined {
  if (head !== undefined && head.days === undefined) return undefined
  const { first = '', last = '' } = head?.days ?? {}
  const days = [first, last, ...fresh.map(dayOf)].filter((day) => day !== '').toSorted()
  return { first: days[0] ?? '', last: days.at(-1) ?? '' }
}
