import { derivedUuid } from '#src/model/derived-uuid.ts'
import type { ScheduledInput } from '#src/model/event.ts'
import { withMembers } from '#src/model/json-text.ts'
import { JsonValue } from './json-value.ts'

/** An attempt to invoke the target of a schedule. */
export interface ScheduledAttempt {
  readonly scheduleArn: string
  /** As the event has it: `YYYY-MM-DDThh:mm:ssZ`. */
  readonly scheduledTime: string
  readonly eventId: string
  /** 1 for the first. */
  readonly number: number
}

const EXECUTION_ID_CHARACTERS = 16

/**
 * What the target of a schedule is sent: its Input, or the notification of the Scheduler, in which
 * the detail is a string, as recorded on AWS.
 * @param json the event of the schedule, compact
 */
export function scheduledText(
  { input }: ScheduledInput,
  json: string,
  { ruleArn: scheduleArn, attempts }: { readonly ruleArn: string; readonly attempts: number },
): string {
  if (input === undefined) return withMembers(json, { detail: '"{}"' })
  const event = new JsonValue(json)
  return withContextAttributes(input, {
    scheduleArn,
    scheduledTime: stringAt(event, 'time'),
    eventId: stringAt(event, 'id'),
    number: attempts + 1,
  })
}

/**
 * An Input with what its context attributes stand for.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
 */
export function withContextAttributes(input: string, attempt: ScheduledAttempt): string {
  const { scheduleArn, scheduledTime, eventId, number } = attempt
  return input
    .replaceAll('<aws.scheduler.schedule-arn>', scheduleArn)
    .replaceAll('<aws.scheduler.scheduled-time>', scheduledTime)
    .replaceAll('<aws.scheduler.execution-id>', executionIdOf(eventId, number))
    .replaceAll('<aws.scheduler.attempt-number>', String(number))
}

/** Each attempt has its own, and an attempt that is repeated after a crash the same again. */
export function executionIdOf(eventId: string, attempt: number): string {
  const hex = derivedUuid(`${eventId} ${attempt}`).replaceAll('-', '')
  return hex.slice(0, EXECUTION_ID_CHARACTERS)
}

export function stringAt(event: JsonValue, member: string): string {
  const text = event.member(member)?.text ?? '""'
  return String(JSON.parse(text))
}
