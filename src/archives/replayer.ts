import type { Clock } from '#src/ports/clock.ts'
import type { ArchivedEvent, EventArchive } from '#src/ports/event-archive.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Observer } from '#src/ports/observer.ts'
import { pause } from '#src/ports/patiently.ts'
import type { State } from '#src/ports/state.ts'
import { replayedFrom } from './archived-event.ts'
import { ACTIVE_REPLAYS, ARCHIVES, REPLAYS, namedKey, placeKey, placeOfKey } from './documents.ts'
import type { Replay, ReplayState } from './documents.ts'
import { eachDocument } from './each-document.ts'

export interface ReplayerPorts {
  readonly state: State
  readonly log: EventLog
  readonly eventArchive: Pick<EventArchive, 'read'>
  readonly clock: Clock
  readonly observer: Observer
  readonly busExists: (busArn: string) => Promise<boolean>
  /** Resolves once all events up to a batch of the log are in their archives. */
  readonly archived: (sequence: number, signal: AbortSignal) => Promise<void>
  /** Resolves once all events up to a batch of the log have met the rules of their bus. */
  readonly routed: (sequence: number, signal: AbortSignal) => Promise<void>
  /** Whether targets of the destination's rules have yet to be sent what was routed to them. */
  readonly targetsAreBehind: (replay: Replay) => boolean
}

/**
 * A new event for the same target waits behind a batch at most, so a batch is as large as rules and
 * targets took in this time, be the target and the machine fast or slow.
 */
const BATCH_TAKES_MS = 25
const EVENTS_PER_BATCH_MIN = 5
const EVENTS_PER_BATCH_MAX = 200
const CHARACTERS_PER_BATCH_MAX = 1024 * 1024
const AFTER_FAULT_PAUSE_MS = 1_000
/** Targets that are behind get so long to catch up, and then the next batch anyway. */
const TARGETS_WAIT_MS_MAX = 30_000
const TARGETS_LOOK_EVERY_MS = 5

/**
 * Sends the events of all active replays, a batch of each in turn, until the signal aborts. What
 * was sent is noted after it is durable, so a crash repeats one batch of each replay and loses
 * none. New events do not wait for replays: a batch follows when the last one has been routed and
 * the targets have taken it.
 */
export async function replayEvents(ports: ReplayerPorts, signal: AbortSignal): Promise<void> {
  const { state, clock, observer, targetsAreBehind } = ports
  const onFault = (error: unknown) => observer.stageFaulted('replay', error)
  let wake = Promise.withResolvers<void>()
  const stopWatching = state.watch((changes) => {
    if (changes.some(({ collection }) => collection === ACTIVE_REPLAYS.name)) wake.resolve()
  })
  signal.addEventListener('abort', () => wake.resolve())

  /** The last turn of each, by key. */
  const lastTurns = new Map<string, Turn>()
  const lastTurnOf = (replay: Replay) => lastTurns.get(keyOf(replay)) ?? NO_TURN
  const mustWait = (replay: Replay) =>
    replay.state === 'RUNNING' &&
    clock.now() - lastTurnOf(replay).at < TARGETS_WAIT_MS_MAX &&
    targetsAreBehind(replay)
  const takeTurns = async (active: readonly Replay[]) => {
    const keys = new Set(active.map(keyOf))
    for (const key of lastTurns.keys()) if (!keys.has(key)) lastTurns.delete(key)
    let moved = false
    for (const replay of active.toSorted((a, b) => lastTurnOf(a).at - lastTurnOf(b).at)) {
      if (signal.aborted || mustWait(replay)) continue
      const turn = turnAfter(lastTurnOf(replay), clock.now())
      lastTurns.set(keyOf(replay), turn)
      await takeTurn(ports, { replay, limit: turn.events }, signal)
      moved = true
    }
    if (!moved) await pause(TARGETS_LOOK_EVERY_MS, signal)
  }

  while (!signal.aborted) {
    wake = Promise.withResolvers()
    try {
      const active = await activeReplays(state)
      if (active.length > 0) await takeTurns(active)
      else if (!signal.aborted) await wake.promise
    } catch (error) {
      onFault(error)
      await pause(AFTER_FAULT_PAUSE_MS, signal)
    }
  }
  stopWatching()
}

/** When a replay had its turn (epoch ms), and how many events it could send. */
interface Turn {
  readonly at: number
  readonly events: number
}

const NO_TURN: Turn = { at: 0, events: EVENTS_PER_BATCH_MIN }

function turnAfter({ at, events }: Turn, now: number): Turn {
  const wanted = now - at <= BATCH_TAKES_MS ? events * 2 : Math.floor(events / 2)
  const bounded = Math.min(EVENTS_PER_BATCH_MAX, Math.max(EVENTS_PER_BATCH_MIN, wanted))
  return { at: now, events: bounded }
}

async function activeReplays(state: State): Promise<readonly Replay[]> {
  const replays: Replay[] = []
  for await (const { key, value: names } of eachDocument(state, ACTIVE_REPLAYS)) {
    for (const name of names) {
      const replay = await state.get(REPLAYS, namedKey(placeOfKey(key), name))
      if (replay !== undefined) replays.push(replay)
    }
  }
  return replays
}

/** One step of a replay: to its end where it has one, or by one batch. */
async function takeTurn(
  ports: ReplayerPorts,
  { replay, limit }: { readonly replay: Replay; readonly limit: number },
  signal: AbortSignal,
): Promise<void> {
  const { state, log, clock, observer } = ports
  if (replay.state === 'CANCELLING') return end(ports, replay, 'CANCELLED')
  const archive = await state.get(ARCHIVES, namedKey(replay, replay.archive.name))
  if (archive?.id !== replay.archive.id) {
    return end(ports, replay, 'FAILED', `Archive ${replay.archive.name} does not exist.`)
  }
  if (!(await ports.busExists(replay.destinationArn))) {
    return end(ports, replay, 'FAILED', `Event bus ${replay.destinationArn} does not exist.`)
  }
  await ports.archived(replay.acceptedTo, signal)
  if (signal.aborted) return
  const events = await nextEvents(ports, replay, limit)
  if (events.length === 0) return end(ports, replay, 'COMPLETED')
  const acceptedAt = clock.now()
  await log.record(events.map((event) => replayedFrom(event, replay, acceptedAt)))
  observer.eventsReplayed(events.length)
  await noteProgress(state, replay, events.at(-1) as ArchivedEvent)
  await ports.routed(log.lastSequence(), signal)
}

async function nextEvents(
  { eventArchive }: ReplayerPorts,
  { archive, from, to, place }: Replay,
  limit: number,
): Promise<readonly ArchivedEvent[]> {
  return eventArchive.read(archive.id, {
    from,
    to,
    limit,
    charactersMax: CHARACTERS_PER_BATCH_MAX,
    ...(place !== undefined && { after: place }),
  })
}

async function noteProgress(
  state: State,
  replay: Replay,
  { time, position }: ArchivedEvent,
): Promise<void> {
  const key = keyOf(replay)
  await state.transact(async (transaction) => {
    const now = await transaction.get(REPLAYS, key)
    if (now === undefined) return
    const moving = now.state === 'STARTING' ? { ...now, state: 'RUNNING' as const } : now
    transaction.put(REPLAYS, key, { ...moving, place: { time, position } })
  })
}

async function end(
  { state, clock }: ReplayerPorts,
  replay: Replay,
  ended: ReplayState,
  stateReason?: string,
): Promise<void> {
  const key = keyOf(replay)
  await state.transact(async (transaction) => {
    const now = await transaction.get(REPLAYS, key)
    const active = (await transaction.get(ACTIVE_REPLAYS, placeKey(replay))) ?? []
    const others = active.filter((name) => name !== replay.name)
    if (others.length > 0) transaction.put(ACTIVE_REPLAYS, placeKey(replay), others)
    else transaction.delete(ACTIVE_REPLAYS, placeKey(replay))
    if (now === undefined) return
    transaction.put(REPLAYS, key, {
      ...now,
      // It may have been asked to stop after its last batch was sent.
      state: now.state === 'CANCELLING' ? 'CANCELLED' : ended,
      ...(stateReason !== undefined && { stateReason }),
      endedAt: clock.now(),
    })
  })
}

function keyOf(replay: Replay): string {
  return namedKey(replay, replay.name)
}
