import { laneOf } from '#src/model/delivery.ts'
import type { Attempt, AttemptError, Delivery, Settlement } from '#src/model/delivery.ts'
import type { Target } from '#src/model/event-bus.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { DeliveryQueue } from '#src/ports/delivery-queue.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently } from '#src/ports/patiently.ts'
import {
  READY_WHILE_FAILING_MAX,
  attemptsAllowed,
  isBehind,
  isFailing,
  isIdle,
  newLane,
  noteAttempt,
  restOf,
  roomOf,
} from './lane.ts'
import type { HeldDelivery, Lane } from './lane.ts'
import { isOverdue, verdictAfter } from './retry-schedule.ts'
import type { AttemptOutcome } from './retry-schedule.ts'
import { createSettler } from './settler.ts'
import type { Settler } from './settler.ts'

/** A kind of target. */
export interface TargetKind {
  /** Attempts that one lane may have under way. */
  readonly concurrency: number
  /** Takes bounded time, for the hub waits for it when it stops. */
  attempt(delivery: Delivery, event: RecordedEvent): Promise<AttemptOutcome>
}

export interface DispatcherPorts {
  readonly log: EventLog
  readonly queue: DeliveryQueue
  readonly clock: Clock
  readonly ids: Ids
  readonly observer: Observer
  readonly targetKindOf: (target: Target) => TargetKind
  /** The target as its rule has it now; undefined where rule or target are gone. */
  readonly currentTarget: (ruleArn: string, targetId: string) => Promise<Target | undefined>
  /** Told of a dead letter that the dead-letter queue of its target is to get; absent: none gets any. */
  readonly onLetter?: () => void
}

type MadeAttempt = Exclude<AttemptOutcome, { readonly kind: 'held-up' }>

/** Deliveries in memory over all lanes. */
const HELD_MAX = 50_000
/** Characters of events that wait in memory; what is above is read from the log when it is its turn. */
const HELD_CHARACTERS_MAX = 50_000_000
/** Of a target's answer, what the history of a delivery keeps. */
const ANSWER_CHARACTERS_MAX = 1_024
/** Node's timers overflow above 2^31 ms; a lane looks again at least this often. */
const LOOK_AGAIN_AFTER_MS_MAX = 60_000
const LOOK_AGAIN_AFTER_MS_MIN = 20
/** While HELD_MAX deliveries are in memory, a lane that has none of them waits so long. */
const MEMORY_FULL_PAUSE_MS = 100
/** While a lane has attempts under way, it looks for what became due in so long. */
const HELD_PAUSE_MS = 1_000

/**
 * Attempts deliveries, lane by lane, until the signal aborts. Whatever is pending in the store is
 * taken up at the start.
 */
export class Dispatcher {
  readonly #ports: DispatcherPorts
  readonly #signal: AbortSignal
  readonly #settler: Settler
  readonly #lanes = new Map<string, Lane>()
  readonly #underWay = new Set<Promise<void>>()
  #heldCount = 0
  #heldCharacters = 0
  /** Resolves after the signal has aborted and every attempt that was under way is settled. */
  readonly drained: Promise<void>

  constructor(ports: DispatcherPorts, signal: AbortSignal) {
    this.#ports = ports
    this.#signal = signal
    this.#settler = createSettler(ports.queue, this.#onFault)
    this.drained = new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(this.#drain()))
    })
    void this.#takeUpWaiting()
  }

  /** Takes durable deliveries with their events at hand; what does not fit is read again later. */
  offer(deliveries: readonly HeldDelivery[]): void {
    const touched = new Set<Lane>()
    for (const held of deliveries) {
      const lane = this.#lane(laneOf(held.delivery), held.delivery.target)
      this.#hold(lane, held)
      touched.add(lane)
    }
    for (const lane of touched) this.#pump(lane)
  }

  /** Whether more waits for a target that answers than it is sent at once, of rules of some place. */
  isBehind(ruleArnPrefix: string): boolean {
    return this.#lanes
      .values()
      .some((lane) => lane.name.startsWith(ruleArnPrefix) && isBehind(lane))
  }

  async #takeUpWaiting(): Promise<void> {
    const waiting = await this.#patiently(() => this.#ports.queue.waitingLanes())
    for (const { lane: name, target } of waiting ?? []) {
      const lane = this.#lane(name, target)
      lane.storeHasMore = true
      this.#pump(lane)
    }
  }

  #lane(name: string, target: Target): Lane {
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    const lane = newLane(name, this.#ports.targetKindOf(target).concurrency)
    this.#lanes.set(name, lane)
    return lane
  }

  /** False where there is no room: the store keeps the delivery for later. */
  #hold(lane: Lane, held: HeldDelivery): boolean {
    if (lane.held.has(held.delivery.id)) return true
    const isHeldUp = this.#ports.clock.now() < lane.notBefore
    if (isHeldUp || roomOf(lane) <= 0 || this.#heldCount >= HELD_MAX) {
      lane.storeHasMore = true
      return false
    }
    lane.held.add(held.delivery.id)
    this.#heldCount += 1
    const characters = charactersOf(held)
    const fits = this.#heldCharacters + characters <= HELD_CHARACTERS_MAX
    if (fits) this.#heldCharacters += characters
    lane.ready.push(fits ? held : { delivery: held.delivery })
    return true
  }

  #takeReady(lane: Lane, start: number, count: number): readonly HeldDelivery[] {
    const taken = lane.ready.splice(start, count)
    for (const held of taken) this.#heldCharacters -= charactersOf(held)
    return taken
  }

  #release(lane: Lane, id: number): void {
    if (lane.held.delete(id)) this.#heldCount -= 1
  }

  /** Starts as many attempts as the lane allows, and reads on when it has run out. */
  #pump(lane: Lane): void {
    if (this.#signal.aborted) return
    const now = this.#ports.clock.now()
    if (isFailing(lane)) this.#endOverdue(lane, now)
    const restMs = restOf(lane, now)
    if (restMs > 0 && lane.ready.length > 0) this.#lookAgainIn(lane, restMs)
    while (restMs === 0 && lane.attemptsUnderWay < attemptsAllowed(lane)) {
      const [next] = this.#takeReady(lane, 0, 1)
      if (next === undefined) break
      this.#track(this.#attempt(lane, next))
    }
    if (lane.ready.length === 0 && lane.storeHasMore && !lane.refilling) {
      const waitMs = lane.notBefore - now
      if (waitMs > 0) this.#lookAgainIn(lane, waitMs)
      else void this.#refill(lane)
    }
    if (isIdle(lane)) this.#lanes.delete(lane.name)
  }

  /** What the hub waits for when it stops. */
  #track(work: Promise<void>): void {
    this.#underWay.add(work)
    void work.finally(() => this.#underWay.delete(work))
  }

  async #refill(lane: Lane): Promise<void> {
    lane.refilling = true
    lane.storeHasMore = false
    clearTimeout(lane.timer)
    delete lane.timer
    const { queue, clock } = this.#ports
    const wanted = lane.held.size + Math.max(1, roomOf(lane))
    const found = await this.#patiently(() => queue.due(lane.name, clock.now(), wanted))
    const fresh = (found ?? []).filter(({ id }) => !lane.held.has(id))
    const firstRefused = fresh.findIndex((delivery) => !this.#hold(lane, { delivery }))
    if (firstRefused === 0) {
      lane.storeHasMore = false
      this.#lookAgainIn(lane, MEMORY_FULL_PAUSE_MS)
    } else if (fresh.length > 0) lane.storeHasMore = true
    else await this.#lookAgainWhenDue(lane)
    lane.refilling = false
    this.#pump(lane)
  }

  async #lookAgainWhenDue(lane: Lane): Promise<void> {
    const { queue, clock } = this.#ports
    const dueAt = await this.#patiently(() => queue.nextDueAt(lane.name))
    // More may have been offered meanwhile than the lane could hold.
    if (dueAt === undefined || lane.storeHasMore) return
    // Those that are held show as due too, and may hide one that is due later.
    this.#lookAgainIn(lane, lane.held.size > 0 ? HELD_PAUSE_MS : dueAt - clock.now())
  }

  #lookAgainIn(lane: Lane, waitMs: number): void {
    if (this.#signal.aborted) return
    const boundedMs = Math.min(LOOK_AGAIN_AFTER_MS_MAX, Math.max(LOOK_AGAIN_AFTER_MS_MIN, waitMs))
    clearTimeout(lane.timer)
    lane.timer = setTimeout(() => {
      delete lane.timer
      lane.storeHasMore = true
      this.#pump(lane)
    }, boundedMs)
  }

  async #attempt(lane: Lane, { delivery: routed, event: known }: HeldDelivery): Promise<void> {
    const { clock, observer } = this.#ports
    lane.attemptsUnderWay += 1
    const startedAt = clock.now()
    const delivery = await this.#asTargetIsNow(routed)
    const { outcome, event } = await this.#outcomeOf(delivery, known)
    lane.attemptsUnderWay -= 1
    if (outcome.kind === 'held-up') {
      if (lane.notBefore <= startedAt) observer.deliveryHeldUp(delivery, event)
      this.#holdUp(lane, delivery.id, outcome.notBefore)
      return
    }
    const endedAt = clock.now()
    noteAttempt(lane, outcome.kind === 'retryable' ? outcome.error : undefined, endedAt)
    const durationMs = endedAt - startedAt
    const attempt = { startedAt, durationMs, target: delivery.target, ...answerOf(outcome) }
    const settlement = this.#settlementOf(delivery, event, { outcome, attempt })
    observer.attemptFinished({
      delivery,
      ...(event !== undefined && { event }),
      outcome: settlement.kind,
      attempt,
      ...(outcome.kind !== 'success' && { error: outcome.error }),
    })
    this.#settle(lane, settlement)
    if (isFailing(lane)) this.#shed(lane, READY_WHILE_FAILING_MAX)
    this.#pump(lane)
  }

  #settle(lane: Lane, settlement: Settlement): void {
    this.#settler.add(settlement, () => {
      this.#release(lane, settlement.id)
      if (settlement.kind === 'retry') lane.storeHasMore = true
      if (settlement.kind === 'dead' && settlement.nextSendAt !== undefined) {
        this.#ports.onLetter?.()
      }
      this.#pump(lane)
    })
  }

  /** A target that was mended is tried as it is now; one that was removed, as it was. */
  async #asTargetIsNow(delivery: Delivery): Promise<Delivery> {
    const { ruleArn, target } = delivery
    const now = await this.#patiently(() => this.#ports.currentTarget(ruleArn, target.id))
    return now === undefined ? delivery : { ...delivery, target: now }
  }

  /** As if it had not been attempted: the store has the delivery as it was. */
  #holdUp(lane: Lane, id: number, notBefore: number): void {
    lane.notBefore = Math.max(lane.notBefore, notBefore)
    this.#release(lane, id)
    lane.storeHasMore = true
    this.#shed(lane, 0)
    this.#pump(lane)
  }

  /** A lane that is failing or held up gives its memory back; the store has what it held. */
  #shed(lane: Lane, keep: number): void {
    for (const { delivery } of this.#takeReady(lane, keep, lane.ready.length)) {
      this.#release(lane, delivery.id)
      lane.storeHasMore = true
    }
  }

  /** Ends what has been too old for long, for it would wait for the attempts of all before it. */
  #endOverdue(lane: Lane, now: number): void {
    const overdue = lane.ready.filter(({ delivery }) => isOverdue(delivery, now))
    for (const held of overdue) {
      this.#takeReady(lane, lane.ready.indexOf(held), 1)
      this.#track(this.#expire(lane, held))
    }
  }

  async #expire(lane: Lane, { delivery: routed, event: known }: HeldDelivery): Promise<void> {
    const delivery = await this.#asTargetIsNow(routed)
    const event = known ?? (await this.#patiently(() => this.#eventOf(delivery)))
    const { lastError: error = TOO_OLD } = lane
    const ofEvent = event !== undefined && { event }
    this.#ports.observer.deliveryExpired({ delivery, error, ...ofEvent })
    const exhausted = 'MaximumEventAgeInSeconds'
    this.#settle(lane, { ...this.#deadOf(delivery, event, error), exhausted })
  }

  /** From the log, or, of one that was a dead letter, as that kept it. */
  async #eventOf({ position, event }: Delivery): Promise<RecordedEvent | undefined> {
    return (await this.#ports.log.eventAt(position)) ?? event
  }

  /** As it is without another attempt. */
  #deadOf(delivery: Delivery, event: RecordedEvent | undefined, error: AttemptError) {
    const { id, attempts, target } = delivery
    const now = this.#ports.clock.now()
    const nextSend = this.#hasQueue(target) && { nextSendAt: now }
    const ofEvent = event !== undefined && { event }
    return { kind: 'dead' as const, id, attempts, diedAt: now, error, ...ofEvent, ...nextSend }
  }

  async #outcomeOf(
    delivery: Delivery,
    known: RecordedEvent | undefined,
  ): Promise<{ readonly outcome: AttemptOutcome; readonly event: RecordedEvent | undefined }> {
    const { targetKindOf } = this.#ports
    let event = known
    try {
      event ??= await this.#eventOf(delivery)
      if (event !== undefined) {
        const outcome = await targetKindOf(delivery.target).attempt(delivery, event)
        return { event, outcome }
      }
      const message = `the log no longer has event ${delivery.eventId}`
      return { event, outcome: { kind: 'permanent', error: { code: 'INTERNAL_ERROR', message } } }
    } catch (error) {
      this.#onFault(error)
      const message = error instanceof Error ? error.message : String(error)
      return { event, outcome: { kind: 'retryable', error: { code: 'INTERNAL_ERROR', message } } }
    }
  }

  #settlementOf(
    delivery: Delivery,
    event: RecordedEvent | undefined,
    { outcome, attempt }: { readonly outcome: MadeAttempt; readonly attempt: Attempt },
  ): Settlement {
    const { id } = delivery
    if (outcome.kind === 'success') return { kind: 'delivered', id, attempt }
    const { error } = outcome
    const attempts = delivery.attempts + 1
    const now = this.#ports.clock.now()
    const dead = { ...this.#deadOf(delivery, event, error), attempt, attempts }
    if (outcome.kind === 'permanent') return dead
    const { retryAfterMs = 0 } = outcome
    const jitter = this.#ports.ids.fraction()
    const verdict = verdictAfter(delivery, attempts, { now, jitter, retryAfterMs })
    return verdict.kind === 'dead'
      ? { ...dead, exhausted: verdict.exhausted }
      : { kind: 'retry', id, attempt, attempts, nextAttemptAt: verdict.nextAttemptAt, error }
  }

  #hasQueue({ deadLetterArn }: Target): boolean {
    return deadLetterArn !== undefined && this.#ports.onLetter !== undefined
  }

  async #drain(): Promise<void> {
    for (const lane of this.#lanes.values()) clearTimeout(lane.timer)
    await Promise.allSettled(this.#underWay)
    await this.#settler.drained()
  }

  #patiently<T>(work: () => Promise<T>): Promise<T | undefined> {
    return patiently(work, this.#onFault, this.#signal)
  }

  readonly #onFault = (error: unknown) => this.#ports.observer.stageFaulted('deliver', error)
}

const TOO_OLD: AttemptError = { code: 'TIMEOUT', message: 'it was too old before it was its turn' }

function charactersOf({ event }: HeldDelivery): number {
  return event?.json.length ?? 0
}

function answerOf({ answer }: MadeAttempt): Pick<Attempt, 'answer'> {
  if (answer === undefined) return {}
  return { answer: { ...answer, body: answer.body.slice(0, ANSWER_CHARACTERS_MAX) } }
}
