import { compactObject } from '#src/model/compact-json.ts'
import { derivedUuid } from '#src/model/derived-uuid.ts'
import { NO_HOPS, envelopeJson, isoSeconds } from '#src/model/event.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { scheduleArn } from './documents.ts'
import type { Schedule } from './documents.ts'

/** What a target is given when it has no input, as AWS gives it. */
const DEFAULT_EVENT = { source: 'aws.scheduler', detailType: 'Scheduled Event' }

/** A time of a schedule as an event: put on the target's bus, or sent to its endpoint. */
export function invocationOf(
  schedule: Schedule,
  time: number,
  given: Pick<RecordedEvent, 'acceptedAt' | 'busArn'>,
): RecordedEvent {
  const { account, region, target } = schedule
  const arn = scheduleArn(schedule)
  const origin = {
    ...(target.eventBridge ?? DEFAULT_EVENT),
    // Made again under its name, a schedule is another.
    id: derivedUuid(`${arn} ${schedule.createdAt} ${time}`),
    account,
    region,
  }
  const input = inputOf(schedule, time)
  const detailJson = (input === undefined ? undefined : compactObject(input)) ?? '{}'
  const json = envelopeJson({ ...origin, time, resources: [arn], detailJson })
  return { ...origin, ...given, hops: NO_HOPS, json }
}

/** The input with the Scheduler's placeholders filled in, as it is at a time of the schedule. */
export function inputOf(
  schedule: Pick<Schedule, 'account' | 'region' | 'group' | 'name'> & {
    readonly target: Pick<Schedule['target'], 'input'>
  },
  time: number,
): string | undefined {
  const arn = scheduleArn(schedule)
  return schedule.target.input
    ?.replaceAll('<aws.scheduler.schedule-arn>', arn)
    .replaceAll('<aws.scheduler.scheduled-time>', isoSeconds(time))
    .replaceAll('<aws.scheduler.execution-id>', derivedUuid(`${arn} ${time} execution`))
    .replaceAll('<aws.scheduler.attempt-number>', '1')
}
