import { DEFAULT_BUS, busArn, parseBusArn } from '#src/model/arn.ts'
import { compactObject } from '#src/model/compact-json.ts'
import { derivedUuid } from '#src/model/derived-uuid.ts'
import type { Target } from '#src/model/event-bus.ts'
import { NO_HOPS, envelopeJson, isoSeconds } from '#src/model/event.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { withContextAttributes } from '#src/model/target-input/scheduled-input.ts'
import type { State } from '#src/ports/state.ts'
import { SCHEDULES, keyOfSchedule, scheduleArn } from './documents.ts'
import type { Schedule } from './documents.ts'

/** What a target is given when it has no input, as AWS gives it. */
const DEFAULT_EVENT = { source: 'aws.scheduler', detailType: 'Scheduled Event' }
/** A schedule has one target, and no name for it. */
const TARGET_ID = 'target'

/** A time of a schedule as an event that is put on its target, an event bus. */
export function putOf(schedule: Schedule, time: number, acceptedAt: number): RecordedEvent {
  const { account, region, target } = schedule
  const arn = scheduleArn(schedule)
  const origin = {
    ...(target.eventBridge ?? DEFAULT_EVENT),
    // Made again under its name, a schedule is another.
    id: derivedUuid(`${arn} ${schedule.createdAt} ${time}`),
    account,
    region,
  }
  const input = target.input ?? '{}'
  const attempt = { scheduleArn: arn, scheduledTime: isoSeconds(time), eventId: origin.id }
  // Of a target that is no event bus the input may be any text.
  const detailJson = compactObject(withContextAttributes(input, { ...attempt, number: 1 })) ?? '{}'
  const json = envelopeJson({ ...origin, time, resources: [arn], detailJson })
  return { ...origin, busArn: target.arn, acceptedAt, hops: NO_HOPS, json }
}

/**
 * A time of a schedule as an event that is delivered to its target, with retries and dead letters.
 * It is in the log of the schedule's default bus, where no rule gets it.
 */
export function deliveredOf(schedule: Schedule, time: number, acceptedAt: number): RecordedEvent {
  const { account, region, target } = schedule
  const isBus = parseBusArn(target.arn) !== undefined
  // To PutEvents, no input is an empty detail.
  const input = target.input ?? (isBus ? '{}' : undefined)
  return {
    ...putOf(schedule, time, acceptedAt),
    busArn: busArn({ account, region, name: DEFAULT_BUS }),
    onlyRules: [],
    scheduled: { ...(input !== undefined && { input }) },
  }
}

/** A schedule's target as the deliveries know it: its input is the event's. */
export function recipientOf({ target }: Schedule): Target {
  const { arn, roleArn, retryPolicy, messageGroupId, partitionKey, deadLetterArn } = target
  return {
    id: TARGET_ID,
    arn,
    roleArn,
    retryPolicy,
    ...(messageGroupId !== undefined && { messageGroupId }),
    ...(partitionKey !== undefined && { partitionKey }),
    ...(deadLetterArn !== undefined && { deadLetterArn }),
  }
}

/** The target that the schedule of an ARN has now; undefined where there is no such schedule. */
export async function currentRecipient(state: State, arn: string): Promise<Target | undefined> {
  const key = keyOfSchedule(arn)
  const schedule = key === undefined ? undefined : await state.get(SCHEDULES, key)
  return schedule && recipientOf(schedule)
}
