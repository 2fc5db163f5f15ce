import { setImmediate as nextTurn } from 'node:timers/promises'

import type { Rule } from '#src/model/event-bus.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Cursors } from '#src/ports/cursors.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { EventVolume, VolumeCount, VolumeKey } from '#src/ports/event-volume.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently, pause } from '#src/ports/patiently.ts'

export interface VolumePorts {
  readonly log: EventLog
  readonly cursors: Cursors
  readonly volume: EventVolume
  readonly clock: Clock
  readonly observer: Observer
  readonly keepDays: number
  readonly matchingRules: (event: RecordedEvent) => Promise<readonly Rule[]>
}

const VOLUME_READER = 'volume'
export const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const WRITE_EVERY_MS = 2_000
/** A write takes some ms of the writer's thread. */
const COUNTS_PER_WRITE_MAX = 2_000
/** Matching this many takes about a ms of the event loop. */
const EVENTS_PER_TURN = 100
/** A sender may think of ever new sources and detail types: beyond so many an hour all are one. */
const NAMES_PER_HOUR_MAX = 5_000
/** What the rest of an hour is counted under. */
const OTHER_NAMES = '(other)'

/**
 * Reads the log and counts what is on each event bus, and what each rule there matches. Like the
 * index it follows at a distance. Runs until the signal aborts.
 */
export async function countVolume(ports: VolumePorts, signal: AbortSignal): Promise<void> {
  const { log, cursors, volume, clock, observer, keepDays } = ports
  const onFault = (error: unknown) => observer.stageFaulted('volume', error)
  let cursor = (await patiently(() => cursors.get(VOLUME_READER), onFault, signal)) ?? 0
  const names = createNames()
  while (!signal.aborted) {
    const counts = new Map<string, VolumeCount>()
    let seen = 0
    do {
      const batches = (await patiently(() => log.next(cursor, signal), onFault, signal)) ?? []
      for (const { sequence, events } of batches) {
        for (const { event } of events) {
          if ((seen += 1) % EVENTS_PER_TURN === 0) await nextTurn()
          if (event.awaitsEnrichment === true) continue
          const matching = await patiently(() => ports.matchingRules(event), onFault, signal)
          count(counts, names, event, matching ?? [])
        }
        cursor = sequence
      }
    } while (cursor < log.lastSequence() && counts.size < COUNTS_PER_WRITE_MAX && !signal.aborted)
    // What was counted while stopping may be half a batch: it is counted again at the next start.
    if (signal.aborted) return
    const given = { counts: [...counts.values()], keepFrom: clock.now() - keepDays * DAY_MS }
    const upTo = cursor
    await patiently(() => volume.add(VOLUME_READER, upTo, given), onFault, signal)
    observer.volumeCounted(given.counts.filter(({ ruleArn }) => ruleArn === undefined))
    if (cursor >= log.lastSequence()) await pause(WRITE_EVERY_MS, signal)
  }
}

function count(
  counts: Map<string, VolumeCount>,
  names: Names,
  event: RecordedEvent,
  matching: readonly Rule[],
): void {
  const { busArn, account, region, acceptedAt } = event
  const hour = Math.floor(acceptedAt / HOUR_MS) * HOUR_MS
  const { source, detailType } = names.of(hour, event)
  const bytes = Buffer.byteLength(event.json)
  const add = (key: VolumeKey) => {
    const text = Object.values(key).join('\n')
    const before = counts.get(text)
    const sum = { events: (before?.events ?? 0) + 1, bytes: (before?.bytes ?? 0) + bytes }
    counts.set(text, { ...key, ...sum })
  }
  const key = { hour, busArn, account, region, source, detailType }
  add(key)
  for (const { arn: ruleArn } of matching) add({ ...key, ruleArn })
}

interface Names {
  /** The names to count an event under. */
  of(hour: number, event: RecordedEvent): Pick<VolumeKey, 'source' | 'detailType'>
}

function createNames(): Names {
  let current = 0
  const known = new Set<string>()
  return {
    of: (hour, { source, detailType }) => {
      if (hour > current) {
        current = hour
        known.clear()
      }
      const name = `${source}\n${detailType}`
      if (known.size < NAMES_PER_HOUR_MAX) known.add(name)
      return known.has(name)
        ? { source, detailType }
        : { source: OTHER_NAMES, detailType: OTHER_NAMES }
    },
  }
}
