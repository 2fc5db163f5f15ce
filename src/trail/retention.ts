import type { Clock } from '#src/ports/clock.ts'
import type { ObjectStore } from '#src/ports/object-store.ts'
import type { State } from '#src/ports/state.ts'
import type { Conditions } from './conditions.ts'
import { TRAIL_BACKLOGS, TRAIL_HEADS, documentsOf, headKey } from './documents.ts'
import type { TrailHead } from './documents.ts'
import { parseObjectKey } from './manifest.ts'
import type { TrailSettings } from './settings.ts'
import { dayOf } from './trail-event.ts'

export interface RetentionPorts {
  readonly state: State
  readonly clock: Clock
  readonly settings: TrailSettings
  readonly conditions: Conditions
}

const DAY_MS = 24 * 60 * 60_000
const DELETED_AT_ONCE = 8
const EVENTS = 'events/'

/**
 * Keeps objects for so many days. The chain says first what is deleted, and only then it is: an
 * object that is missing for any other reason has been tampered with. Which those are, the hub's
 * own record and the names of objects say, never what a manifest lists. Each organisation is tried
 * once: who may not delete must still be able to write, and others to delete.
 * @param declare makes a manifest that says so durable
 */
export async function expireObjects(
  ports: RetentionPorts,
  declare: (expire: { organisationId: string; before: string }) => Promise<void>,
): Promise<void> {
  const { state, settings, clock, conditions } = ports
  if (settings.retentionDays === undefined) return
  const time = new Date(clock.now() - settings.retentionDays * DAY_MS).toISOString()
  const before = dayOf({ time })
  for await (const { key, value } of documentsOf(state, TRAIL_HEADS)) {
    const { organisationId, retention } = value
    if (key !== headKey(organisationId, settings.place)) continue
    // Nothing can be done in a place that is waited for.
    if ((await state.get(TRAIL_BACKLOGS, organisationId)) !== undefined) continue
    try {
      const { store } = settings.placeOf(organisationId)
      if (retention === undefined || retention.before < before) {
        if (!(await hasObjectsBefore(store, before))) continue
        await declare({ organisationId, before })
      }
      const declared = await state.get(TRAIL_HEADS, key)
      if (declared?.retention !== undefined) await deleteExpired(store, declared.retention)
      conditions.succeeded(organisationId, 'retention')
    } catch (error) {
      conditions.failed(organisationId, 'retention', error)
    }
  }
}

/** Whether retention has taken an object: of an earlier day and an earlier manifest. */
export function isExpired(
  { day, sequence }: { readonly day: string; readonly sequence: number },
  retention: TrailHead['retention'],
): boolean {
  return retention !== undefined && sequence < retention.sequence && day < retention.before
}

async function hasObjectsBefore(store: ObjectStore, before: string): Promise<boolean> {
  for await (const { key } of store.list(EVENTS)) {
    const name = parseObjectKey(key)
    // Keys begin with the day, so the first one is of the oldest.
    if (name !== undefined) return name.day < before
  }
  return false
}

async function deleteExpired(
  store: ObjectStore,
  retention: NonNullable<TrailHead['retention']>,
): Promise<void> {
  let some: string[] = []
  const deleteSome = async () => {
    await Promise.all(some.map((key) => store.delete(key)))
    some = []
  }
  for await (const { key } of store.list(EVENTS)) {
    const name = parseObjectKey(key)
    if (name === undefined) continue
    if (name.day >= retention.before) break
    if (!isExpired(name, retention)) continue
    some.push(key)
    if (some.length === DELETED_AT_ONCE) await deleteSome()
  }
  await deleteSome()
}
