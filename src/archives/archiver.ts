import { setImmediate as nextTurn } from 'node:timers/promises'

import type { ArchiveTarget } from '#src/model/event-bus.ts'
import { sequenceOf } from '#src/model/event.ts'
import type { PositionedEvent } from '#src/model/event.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Cursors } from '#src/ports/cursors.ts'
import type { EventArchive, NewArchivedEvent } from '#src/ports/event-archive.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently } from '#src/ports/patiently.ts'
import type { State } from '#src/ports/state.ts'
import { archivedFrom } from './archived-event.ts'
import { ARCHIVES } from './documents.ts'

export interface ArchiverPorts {
  readonly log: EventLog
  readonly cursors: Cursors
  readonly state: Pick<State, 'list'>
  readonly eventArchive: Pick<EventArchive, 'add'>
  readonly clock: Clock
  readonly observer: Observer
  /** Which archives of a bus take an event, given as JSON text. */
  readonly archivesOf: (busArn: string) => Promise<MatchArchives>
  /** Told how far all events are in their archives. */
  readonly onPassed: (sequence: number) => void
}

export type MatchArchives = (eventJson: string) => readonly ArchiveTarget[]

const ARCHIVE_READER = 'archives'
/** One write for many events costs fewer flushes, which live events would have to wait for. */
const WRITE_EVERY_MS = 250
/** A write of so many keeps the writer's thread for some ms. */
const EVENTS_PER_WRITE_MAX = 128
const CHARACTERS_PER_WRITE_MAX = 1024 * 1024
/** A stretch of the log without archived events is worth a flush only now and then. */
const CURSOR_SAVE_EVERY_MS = 1_000
/** Callers of the API get their turn on the event loop after so many events. */
const EVENTS_PER_TURN = 200

/**
 * Reads the log and adds events to the archives of their bus. The last of them and the cursor
 * become durable together, and an archive knows an event again by its position: so a crash neither
 * loses nor doubles one. Runs until the signal aborts.
 */
export async function archiveEvents(ports: ArchiverPorts, signal: AbortSignal): Promise<void> {
  const { log, clock, observer, onPassed } = ports
  const onFault = (error: unknown) => observer.stageFaulted('archive', error)
  let cursor = (await patiently(() => firstUnread(ports), onFault, signal)) ?? 0
  let saved = { at: clock.now(), to: cursor }
  /** Read, and not yet in their archives. */
  let chosen: NewArchivedEvent[] = []
  let dueAt = 0
  const save = async () => {
    const reach = { from: saved.to, to: cursor }
    if (!(await patiently(() => addInParts(ports, chosen, reach), onFault, signal))) return
    observer.eventsArchived(chosen.length)
    chosen = []
    saved = { at: clock.now(), to: cursor }
    onPassed(cursor)
  }
  onPassed(cursor)
  while (!signal.aborted) {
    const waitMs = dueAt - clock.now()
    if (chosen.length >= EVENTS_PER_WRITE_MAX || (chosen.length > 0 && waitMs <= 0)) {
      await save()
      continue
    }
    const waiting =
      chosen.length === 0 ? signal : AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
    const batches = await patiently(() => log.next(cursor, waiting), onFault, signal)
    // Read at once, so that archives choose by the patterns that they had when an event came.
    for (const { sequence, events } of batches ?? []) {
      const some = await patiently(() => chooseFrom(ports, events), onFault, signal)
      if (some === undefined) return
      if (chosen.length === 0) dueAt = clock.now() + WRITE_EVERY_MS
      // Not spread: a batch may hold more than a call takes arguments.
      for (const one of some) chosen.push(one)
      cursor = sequence
    }
    if (chosen.length > 0) continue
    if (clock.now() - saved.at >= CURSOR_SAVE_EVERY_MS && cursor > saved.to) await save()
    else onPassed(cursor)
  }
}

/** A log that is older than archives has nothing for them: they take only what came after them. */
async function firstUnread({ log, cursors, state }: ArchiverPorts): Promise<number> {
  const last = log.lastSequence()
  const cursor = await cursors.get(ARCHIVE_READER)
  const [archive] = cursor > 0 ? [] : await state.list(ARCHIVES, { limit: 1 })
  return cursor > 0 || archive !== undefined ? cursor : last
}

async function chooseFrom(
  { archivesOf }: ArchiverPorts,
  events: readonly PositionedEvent[],
): Promise<readonly NewArchivedEvent[]> {
  const chosen: NewArchivedEvent[] = []
  // Most events are of few buses, and most buses have no archive.
  const known = new Map<string, MatchArchives>()
  for (const [index, positioned] of events.entries()) {
    if (index % EVENTS_PER_TURN === EVENTS_PER_TURN - 1) await nextTurn()
    const { event, position } = positioned
    const { awaitsEnrichment, replayArn, onlyRules } = event
    // A scheduled event is no event of the bus's: AWS archives none.
    if (awaitsEnrichment || replayArn !== undefined || onlyRules !== undefined) continue
    const match = known.get(event.busArn) ?? (await archivesOf(event.busArn))
    known.set(event.busArn, match)
    const archives = match(event.json).filter(({ after }) => sequenceOf(position) > after)
    if (archives.length === 0) continue
    const archived = archivedFrom(positioned)
    chosen.push(...archives.map(({ id: archiveId }) => ({ archiveId, ...archived })))
  }
  return chosen
}

/** Only the last part moves the cursor: what comes before it is added again after a crash. */
async function addInParts(
  { eventArchive }: ArchiverPorts,
  chosen: readonly NewArchivedEvent[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<true> {
  let part: NewArchivedEvent[] = []
  let characters = 0
  for (const one of chosen) {
    const size = one.event.json.length
    const full =
      part.length === EVENTS_PER_WRITE_MAX || characters + size > CHARACTERS_PER_WRITE_MAX
    if (part.length > 0 && full) {
      await eventArchive.add(ARCHIVE_READER, from, part)
      part = []
      characters = 0
    }
    part.push(one)
    characters += size
  }
  await eventArchive.add(ARCHIVE_READER, to, part)
  return true
}
