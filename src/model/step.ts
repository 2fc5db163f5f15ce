import type { LogLevel } from './bus-log.ts'
import type { AttemptError, PastAttempt } from './delivery.ts'

/**
 * The steps of an event's way, in the words of EventBridge's own logs of event buses (its
 * `message_type`), each with the level from which on a log has it. AWS says of the levels: errors;
 * the major steps too; all steps.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-logs-schema.html
 */
export const STEP_LEVELS = {
  EVENT_RECEIPT: 'TRACE',
  EVENT_INGEST_SUCCESS: 'INFO',
  EVENT_INGEST_FAILURE: 'ERROR',
  RULE_MATCH_START: 'TRACE',
  RULE_MATCH: 'INFO',
  NO_STANDARD_RULES_MATCHED: 'INFO',
  INVOCATION_START: 'TRACE',
  INVOCATION_ATTEMPT_START: 'TRACE',
  INVOCATION_ATTEMPT_SUCCESS: 'TRACE',
  INVOCATION_ATTEMPT_RETRYABLE_FAILURE: 'ERROR',
  INVOCATION_ATTEMPT_PERMANENT_FAILURE: 'ERROR',
  INVOCATION_ATTEMPT_THROTTLE: 'ERROR',
  INVOCATION_THROTTLE_START: 'INFO',
  INVOCATION_SUCCESS: 'INFO',
  INVOCATION_FAILURE: 'ERROR',
  INVOCATION_DLQ: 'ERROR',
} as const satisfies Record<string, Exclude<LogLevel, 'OFF'>>
export type StepType = keyof typeof STEP_LEVELS

/** What an attempt ended in. */
export function attemptStep(outcome: PastAttempt['outcome'], error?: AttemptError): StepType {
  if (outcome === 'delivered') return 'INVOCATION_ATTEMPT_SUCCESS'
  if (error?.code === 'THROTTLING') return 'INVOCATION_ATTEMPT_THROTTLE'
  return outcome === 'retry'
    ? 'INVOCATION_ATTEMPT_RETRYABLE_FAILURE'
    : 'INVOCATION_ATTEMPT_PERMANENT_FAILURE'
}
