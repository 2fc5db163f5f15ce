import type { Target } from './event-bus.ts'
import type { LogPosition, RecordedEvent } from './event.ts'

/**
 * A delivery is one event for one target. Its life:
 *
 *   PENDING  routed and durable. Due at `nextAttemptAt`. An attempt ends in one of
 *              success     -> the delivery is done; its attempts stay in the history
 *              retryable   -> PENDING again, later
 *              permanent, or out of retries, or too old -> DEAD
 *   DEAD     kept as a dead letter with a copy of its event, until it is redriven
 *            (PENDING again, as new), or until the dead-letter queue of its target has it.
 */
export interface Delivery {
  readonly id: number
  readonly position: LogPosition
  readonly eventId: string
  readonly ruleArn: string
  /** As it was when the event was routed. */
  readonly target: Target
  /** Set by a managed rule: it may put events on buses of other accounts. */
  readonly managed: boolean
  /** Epoch ms from which the event's age counts. */
  readonly startedAt: number
  /** Attempts made so far. */
  readonly attempts: number
  readonly nextAttemptAt: number
  /** Of one that was a dead letter: the log may have it no longer. */
  readonly event?: RecordedEvent
}

/** A delivery that routing has decided and nothing has stored yet. */
export type NewDelivery = Omit<Delivery, 'id' | 'attempts' | 'event'>

/** Deliveries of one lane share a target, and nothing else: lanes do not wait for each other. */
export function laneOf({ ruleArn, target }: Pick<Delivery, 'ruleArn' | 'target'>): string {
  return `${ruleArn}#${target.id}`
}

/** Error codes that EventBridge writes on dead letters, those that Belfry's targets can meet. */
export type DeadLetterCode =
  | 'CONNECTION_FAILURE'
  | 'ERROR_FROM_TARGET'
  | 'FAILED_TO_ASSUME_ROLE'
  | 'INTERNAL_ERROR'
  | 'INVALID_JSON'
  | 'INVALID_PARAMETER'
  | 'NO_PERMISSIONS'
  | 'NO_RESOURCE'
  | 'RESOURCE_LIMIT_EXCEEDED'
  | 'SDK_CLIENT_ERROR'
  | 'THIRD_ACCOUNT_HOP_DETECTED'
  | 'THIRD_REGION_HOP_DETECTED'
  | 'THROTTLING'
  | 'TIMEOUT'
  | 'TRANSIENT_ASSUME_ROLE'

export interface AttemptError {
  readonly code: DeadLetterCode
  readonly message: string
  /** What a service of AWS called the error, where one answered; kept of a dead letter. */
  readonly awsCode?: string
}

/** Which limit ended the retries; absent on a permanent failure. */
export type ExhaustedRetryCondition = 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds'

/** What a target answered, cut where it would be too long for a history. */
export interface TargetAnswer {
  readonly status: number
  readonly body: string
}

/** One try of a delivery. */
export interface Attempt {
  /** Epoch ms. */
  readonly startedAt: number
  readonly durationMs: number
  /** As it was tried: its rule may have changed it since the event was routed. */
  readonly target: Target
  readonly answer?: TargetAnswer
}

/** An attempt as the history has it. */
export interface PastAttempt extends Attempt {
  readonly deliveryId: number
  readonly position: LogPosition
  readonly ruleArn: string
  /** 1 for the first; counts from there again after a redrive. */
  readonly number: number
  readonly outcome: Settlement['kind']
  readonly error?: AttemptError
}

/** What became of a delivery, mostly by an attempt, as the queue records it. */
export type Settlement = { readonly id: number } & (
  | { readonly kind: 'delivered'; readonly attempt: Attempt }
  | {
      readonly kind: 'retry'
      readonly attempt: Attempt
      readonly attempts: number
      readonly nextAttemptAt: number
      readonly error: AttemptError
    }
  | {
      readonly kind: 'dead'
      /** Absent: it became too old while others of its lane were tried. */
      readonly attempt?: Attempt
      readonly attempts: number
      readonly diedAt: number
      readonly error: AttemptError
      readonly exhausted?: ExhaustedRetryCondition
      /** Epoch ms from which the dead-letter queue of the target is to get it. */
      readonly nextSendAt?: number
      /** Kept with the dead letter, which outlives the log's retention; absent where it had ended. */
      readonly event?: RecordedEvent
    }
)

/** A delivery that ended without success. */
export interface DeadLetter {
  readonly id: number
  readonly eventId: string
  readonly ruleArn: string
  readonly targetId: string
  readonly targetArn: string
  readonly attempts: number
  readonly startedAt: number
  readonly diedAt: number
  readonly error: AttemptError
  readonly exhausted?: ExhaustedRetryCondition
  /** Why the dead-letter queue of its target does not have it. */
  readonly sendError?: AttemptError
  /** Epoch ms at which the queue is to get it. */
  readonly nextSendAt?: number
  readonly eventJson: string
}

/** Attempts after the first; none of what ended before it was tried. */
export function retriesOf({ attempts }: Pick<DeadLetter, 'attempts'>): number {
  return Math.max(0, attempts - 1)
}

/** A dead letter on its way to the dead-letter queue of its target. */
export interface OutgoingLetter {
  readonly letter: DeadLetter
  /** Absent where the log no longer had it when the letter died. */
  readonly event?: RecordedEvent
  /** As it was when the event was routed. */
  readonly target: Target
  /** How often it was sent in vain. */
  readonly sends: number
}

/** What became of sending a dead letter, and whether it is sent again. */
export type LetterSettlement = Pick<DeadLetter, 'id' | 'diedAt'> &
  (
    | { readonly kind: 'sent' }
    | { readonly kind: 'kept'; readonly error: AttemptError; readonly nextSendAt?: number }
  )
