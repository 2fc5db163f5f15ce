import type { AttemptError, Delivery } from '#src/model/delivery.ts'
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
 *   healthy   up to `concurrency` attempts at once, once its target has shown that it answers: it
 *             begins with ATTEMPTS_AT_FIRST, and each success allows one more. Many targets that
 *             hang at once thus never take the connections of one that answers.
 *   held up   its target takes nothing before a time: until then all stays in the store, and after
 *             that no more is held than is attempted at once
 *   failing   after FAILURES_UNTIL_FAILING failures in a row: one attempt at a time with a rest
 *             between, and most deliveries stay in the store. Those that have been too old for
 *             OVERDUE_AFTER_MS end without an attempt, or they would outnumber the attempts for
 *             ever. The first success makes it healthy again.
 */
export interface Lane {
  readonly name: string
  readonly concurrency: number
  /** In memory and due, not yet attempted. */
  readonly ready: HeldDelivery[]
  /** Ids in memory, up to the commit of what became of them. */
  readonly held: Set<number>
  attemptsUnderWay: number
  /** Since the last failure; counted no further than `concurrency`. */
  successesInARow: number
  failuresInARow: number
  /** The newest failure; absent after a success. */
  lastError?: AttemptError
  /** Epoch ms before which a failing lane makes no attempt. */
  restsUntil: number
  /** Epoch ms before which the target takes nothing; 0 as long as it has not said so. */
  notBefore: number
  /** The store may have deliveries of this lane that are not held. */
  storeHasMore: boolean
  refilling: boolean
  timer?: NodeJS.Timeout
}

const READY_PER_LANE_MAX = 256
const FAILURES_UNTIL_FAILING = 3
const ATTEMPTS_AT_FIRST = 2
export const READY_WHILE_FAILING_MAX = 32
/** From one attempt of a failing lane to the next: a target that refuses at once is not hammered. */
const FAILING_REST_MS = 100

export function newLane(name: string, concurrency: number): Lane {
  return {
    name,
    concurrency,
    ready: [],
    held: new Set(),
    attemptsUnderWay: 0,
    successesInARow: 0,
    failuresInARow: 0,
    restsUntil: 0,
    notBefore: 0,
    storeHasMore: false,
    refilling: false,
  }
}

export function isFailing(lane: Lane): boolean {
  return lane.failuresInARow >= FAILURES_UNTIL_FAILING
}

export function attemptsAllowed(lane: Lane): number {
  if (isFailing(lane)) return 1
  return Math.min(lane.concurrency, ATTEMPTS_AT_FIRST + lane.successesInARow)
}

/** Notes how an attempt ended: a target that refuses for good has answered. */
export function noteAttempt(lane: Lane, error: AttemptError | undefined, now: number): void {
  if (error === undefined) {
    lane.failuresInARow = 0
    lane.successesInARow = Math.min(lane.concurrency, lane.successesInARow + 1)
    delete lane.lastError
    return
  }
  lane.failuresInARow += 1
  lane.successesInARow = 0
  lane.lastError = error
  if (isFailing(lane)) lane.restsUntil = now + FAILING_REST_MS
}

/** How long a lane has to wait for its next attempt, in ms. */
export function restOf(lane: Lane, now: number): number {
  return isFailing(lane) ? Math.max(0, lane.restsUntil - now) : 0
}

/** How many more deliveries the lane may hold ready. */
export function roomOf(lane: Lane): number {
  return readyMax(lane) - lane.ready.length
}

function readyMax(lane: Lane): number {
  if (isFailing(lane)) return READY_WHILE_FAILING_MAX
  return lane.notBefore > 0 ? lane.concurrency : READY_PER_LANE_MAX
}

/** A failing lane is not: its target is what holds it up. */
export function isBehind(lane: Lane): boolean {
  return !isFailing(lane) && (lane.ready.length > 0 || lane.storeHasMore)
}

export function isIdle(lane: Lane): boolean {
  return lane.held.size === 0 && !lane.storeHasMore && !lane.refilling && lane.timer === undefined
}
