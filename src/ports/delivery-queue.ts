import type { AccountId, LogPosition } from '#src/model/event.ts'
import type { Target } from '#src/model/event-bus.ts'
import type {
  DeadLetter,
  Delivery,
  NewDelivery,
  PastAttempt,
  Settlement,
} from '#src/model/delivery.ts'

/** A lane that has deliveries waiting. */
export interface WaitingLane {
  readonly lane: string
  /** Of one of its deliveries. */
  readonly target: Target
}

/** Narrows dead letters: those for which all that is given holds. */
export interface DeadLetterQuery {
  /** Only those of rules in these accounts. */
  readonly accounts?: readonly AccountId[]
  readonly ids?: readonly number[]
  readonly ruleArn?: string
  readonly targetId?: string
  readonly eventId?: string
  /** Only those with a greater id. */
  readonly afterId?: number
  readonly limit: number
}

/** What became of an event that was routed. */
export interface DeliveryHistory {
  readonly pending: readonly Delivery[]
  readonly dead: readonly DeadLetter[]
  /** The oldest first. */
  readonly attempts: readonly PastAttempt[]
}

/** Durable deliveries and dead letters, and the attempts that were made. */
export interface DeliveryQueue {
  /**
   * Stores deliveries, and moves the cursor of the reader that decided them, in one transaction:
   * after a crash a batch is routed again or not at all, never half. Answers the new ids, in order.
   */
  enqueue(
    deliveries: readonly NewDelivery[],
    cursor?: { readonly reader: string; readonly sequence: number },
  ): Promise<readonly number[]>
  waitingLanes(): Promise<readonly WaitingLane[]>
  /** Deliveries of one lane that are due at `now`, the longest due first. */
  due(lane: string, now: number, limit: number): Promise<readonly Delivery[]>
  /** When the lane's next delivery is due, or undefined when none waits. */
  nextDueAt(lane: string): Promise<number | undefined>
  /** Records attempts and what becomes of their deliveries. */
  settle(settlements: readonly Settlement[]): Promise<void>
  /** The deliveries of the event at a place of the log, with at most so many attempts. */
  historyOf(position: LogPosition, attemptsMax: number): Promise<DeliveryHistory>
  deadLetters(query: DeadLetterQuery): Promise<readonly DeadLetter[]>
  /**
   * Turns dead letters into pending deliveries with a fresh retry budget.
   * Answers those that it found, as they now are.
   */
  redrive(ids: readonly number[], now: number): Promise<readonly Delivery[]>
  /** Counts for metrics and readiness. */
  counts(): Promise<{ readonly pending: number; readonly dead: number }>
}
