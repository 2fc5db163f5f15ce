import type { Clock } from '#src/ports/clock.ts'
import type { EventArchive } from '#src/ports/event-archive.ts'
import type { Observer } from '#src/ports/observer.ts'
import { pause } from '#src/ports/patiently.ts'
import type { State } from '#src/ports/state.ts'
import { ARCHIVES } from './documents.ts'
import type { Archive } from './documents.ts'
import { eachDocument } from './each-document.ts'
import { forgetEndedReplays } from './ended-replays.ts'

export interface RetentionPorts {
  readonly state: State
  readonly eventArchive: EventArchive
  readonly clock: Clock
  readonly observer: Observer
}

const DAY_MS = 24 * 60 * 60_000
const PRUNE_EVERY_MS = 60_000
/** It reads all replays there are. */
const FORGET_REPLAYS_EVERY_MS = 60 * 60_000
/** A step keeps the writer's thread for some ms; live events go between two of them. */
const EVENTS_PER_STEP = 200
const PAUSE_BETWEEN_STEPS_MS = 20

/**
 * Deletes the events of archives that are gone, and those that are older than their archive keeps
 * them, some at a time, and replays that ended long ago, until the signal aborts.
 */
export async function keepRetention(ports: RetentionPorts, signal: AbortSignal): Promise<void> {
  const { clock, observer } = ports
  let replaysForgottenAt = Number.NEGATIVE_INFINITY
  while (!signal.aborted) {
    await pruneAll(ports, signal).catch((error: unknown) => observer.stageFaulted('archive', error))
    if (clock.now() - replaysForgottenAt >= FORGET_REPLAYS_EVERY_MS) {
      replaysForgottenAt = clock.now()
      await forgetEndedReplays(ports, signal).catch((error: unknown) =>
        observer.stageFaulted('replay', error),
      )
    }
    await pause(PRUNE_EVERY_MS, signal)
  }
}

async function pruneAll(ports: RetentionPorts, signal: AbortSignal): Promise<void> {
  const { state, eventArchive, clock } = ports
  // Their ids first: an archive that is made meanwhile is not taken for one that is gone.
  const archiveIds = await eventArchive.archiveIds()
  const archives = await archivesById(state)
  for (const archiveId of archiveIds) {
    const before = endOf(archives.get(archiveId), clock.now())
    if (before === undefined) continue
    while (!signal.aborted) {
      const deleted = await eventArchive.prune(archiveId, before, EVENTS_PER_STEP)
      if (deleted < EVENTS_PER_STEP) break
      await pause(PAUSE_BETWEEN_STEPS_MS, signal)
    }
  }
}

/** Events of before this time are to go; undefined where none are. */
function endOf(archive: Archive | undefined, now: number): number | undefined {
  if (archive === undefined) return Number.MAX_SAFE_INTEGER
  return archive.retentionDays === 0 ? undefined : now - archive.retentionDays * DAY_MS
}

async function archivesById(state: State): Promise<ReadonlyMap<string, Archive>> {
  const archives = new Map<string, Archive>()
  for await (const { value } of eachDocument(state, ARCHIVES)) archives.set(value.id, value)
  return archives
}
