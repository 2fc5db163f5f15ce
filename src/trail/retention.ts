import type { Clock } from '#src/ports/clock.ts'
import type { ObjectStore } from '#src/ports/object-store.ts'
import type { State } from '#src/ports/state.ts'
import { TRAIL_HEADS } from './documents.ts'
import type { TrailHead } from './documents.ts'
import { parseObjectKey } from './manifest.ts'
import type { TrailSettings } from './settings.ts'

export interface RetentionPorts {
  readonly state: State
  readonly clock: Clock
  readonly settings: TrailSettings
}

const DAY_MS = 24 * 60 * 60_000
const HEADS_PER_READ = 500
const DELETED_AT_ONCE = 8
const EVENTS = 'events/'

/** Trails in the place of the settings. */
async function headsOf({
  state,
  settings,
}: Pick<RetentionPorts, 'state' | 'settings'>): Promise<readonly TrailHead[]> {
  const heads: TrailHead[] = []
  let after: string | undefined
  for (;;) {
    const documents = await state.list(TRAIL_HEADS, {
      limit: HEADS_PER_READ,
      ...(after !== undefined && { after }),
    })
    const here = documents.filter(({ key }) => key.slice(key.indexOf('|') + 1) === settings.place)
    heads.push(...here.map(({ value }) => value))
    if (documents.length < HEADS_PER_READ) return heads
    after = documents.at(-1)?.key
  }
}

/**
 * Keeps objects for so many days. The chain says first what is deleted, and only then it is: an
 * object that is missing for any other reason has been tampered with.
 * @param declare makes a manifest that says so durable
 */
export async function expireObjects(
  ports: RetentionPorts,
  declare: (expire: { organisationId: string; before: string }) => Promise<void>,
): Promise<void> {
  const { settings, clock } = ports
  if (settings.retentionDays === undefined) return
  const before = dayOf(clock.now() - settings.retentionDays * DAY_MS)
  for (const { organisationId, retention } of await headsOf(ports)) {
    const { store } = settings.placeOf(organisationId)
    if (retention === undefined || retention.before < before) {
      if (!(await hasObjectsBefore(store, before))) continue
      await declare({ organisationId, before })
    }
    const declared = (await headsOf(ports)).find((head) => head.organisationId === organisationId)
    if (declared?.retention !== undefined) await deleteExpired(store, declared.retention)
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

function dayOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 'YYYY-MM-DD'.length)
}
