import type { Delivery } from '#src/model/delivery.ts'
import type { RecordedEvent } from '#src/model/event.ts'

/** A delivery in memory; its event may still have to be read from the log. */
export interface HeldDelivery {
  readonly delivery: Delivery
  readonly event?: RecordedEvent
}

/**
 * The deliveries of one target of one rule that are in memory. The store holds all of them; a
 * lane holds the next few, so that a target that is down costs no memory and no other lane.
 *
 *   healthy   up to `concurrency` attempts at once
 *   held up   its target takes nothing before a time: until then all stays in the store, and after
 *             that no more is held than is attempted at once
 *   failing   after FAILURES_UNTIL_FAILING failures in a row: one attempt at a time, and new
 *             deliveries stay in the store; the first success makes it healthy again
 */
export interface Lane {
  readonly name: string
  readonly concurrency: number
  /** In memory and due, not yet attempted. */
  readonly ready: HeldDelivery[]
  /** Ids in memory, up to the commit of what became of them. */
  readonly held: Set<number>
  attemptsUnderWay: number
  failuresInARow: number
  /** Epoch ms before which the target takes nothing; 0 as long as it has not said so. */
  notBefore: number
  /** The store may have deliveries of this lane that are not held. */
  storeHasMore: boolean
  refilling: boolean
  timer?: NodeJS.Timeout
}

const READY_PER_LANE_MAX = 256
const FAILURES_UNTIL_FAILING = 3

export function newLane(name: string, concurrency: number): Lane {
  return {
    name,
    concurrency,
    ready: [],
    held: new Set(),
    attemptsUnderWay: 0,
    failuresInARow: 0,
    notBefore: 0,
    storeHasMore: false,
    refilling: false,
  }
}

export function isFailing(lane: Lane): boolean {
  return lane.failuresInARow >= FAILURES_UNTIL_FAILING
}

export function attemptsAllowed(lane: Lane): number {
  return isFailing(lane) ? 1 : lane.concurrency
}

/** How many more deliveries the lane may hold ready. */
export function roomOf(lane: Lane): number {
  return readyMax(lane) - lane.ready.length
}

function readyMax(lane: Lane): number {
  if (isFailing(lane)) return 1
  return lane.notBefore > 0 ? lane.concurrency : READY_PER_LANE_MAX
}

/** A failing lane is not: its target is what holds it up. */
export function isBehind(lane: Lane): boolean {
  return !isFailing(lane) && (lane.ready.length > 0 || lane.storeHasMore)
}

export function isIdle(lane: Lane): boolean {
  return lane.held.size === 0 && !lane.storeHasMore && !lane.refilling && lane.timer === undefined
}
