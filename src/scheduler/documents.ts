import type { RetryPolicy } from '#src/model/event-bus.ts'
import type { AccountId, Region } from '#src/model/event.ts'
import { collection } from '#src/ports/state.ts'

/**
 * Words of the Scheduler, which has nothing to do with the rules of an event bus.
 *
 *  schedule  when its target is invoked, and with what; one account, one region, one group
 *  group     schedules that are tagged and deleted together; every schedule is in one
 */

/** The account and region that schedules and groups are of. */
export interface SchedulerPlace {
  readonly account: AccountId
  readonly region: Region
}

export interface ScheduleAddress extends SchedulerPlace {
  readonly group: string
  readonly name: string
}

/** What a caller sets, and an update replaces as a whole. */
export interface ScheduleSettings {
  readonly expression: string
  /** An IANA time zone. */
  readonly zone: string
  /** Epoch ms. */
  readonly start?: number
  readonly end?: number
  readonly state: 'ENABLED' | 'DISABLED'
  readonly description?: string
  /** The target is invoked at some time within so many minutes. */
  readonly flexibleMinutes?: number
  readonly actionAfterCompletion: 'NONE' | 'DELETE'
  readonly target: ScheduleTarget
}

export interface ScheduleTarget {
  /** An ARN, or the URL of an HTTP endpoint or a file. */
  readonly arn: string
  readonly roleArn: string
  /** With the Scheduler's context attributes, such as `<aws.scheduler.scheduled-time>`. */
  readonly input?: string
  readonly retryPolicy: RetryPolicy
  /** Of the event that is put on an event bus. */
  readonly eventBridge?: { readonly source: string; readonly detailType: string }
  /** Of a FIFO queue: the group of its messages. */
  readonly messageGroupId?: string
  /** Of a stream. */
  readonly partitionKey?: string
  /** The standard queue that gets what could not be delivered. */
  readonly deadLetterArn?: string
}

export interface Schedule extends ScheduleSettings, ScheduleAddress {
  readonly createdAt: number
  readonly modifiedAt: number
  /** Of the call that made the schedule what it is. */
  readonly clientToken?: string
}

export interface ScheduleGroup extends SchedulerPlace {
  readonly name: string
  readonly state: 'ACTIVE' | 'DELETING'
  readonly tags: Readonly<Record<string, string>>
  /** Absent of the default group, which is there from the beginning. */
  readonly createdAt?: number
  readonly modifiedAt?: number
  readonly clientToken?: string
}

export const DEFAULT_GROUP = 'default'

export const SCHEDULES = collection<Schedule>('schedules')
/** The default group is not stored before it is tagged. */
export const GROUPS = collection<ScheduleGroup>('schedule-groups')
/** How many groups an account has in a region, so that the quota is exact. */
export const GROUP_COUNTS = collection<number>('schedule-group-counts')

/** Kinds of owners of timers. */
export const SCHEDULE_TIMERS = 'schedule'
export const GROUP_TIMERS = 'schedule-group'
export const DELETION_TIMERS = 'scheduler-deletion'

/** No name of AWS's holds this character, so keys cannot run into each other. */
const SEPARATOR = '|'

export function scheduleKey({ account, region, group, name }: ScheduleAddress): string {
  return [account, region, group, name].join(SEPARATOR)
}

export function groupKey({ account, region, name }: SchedulerPlace & { readonly name: string }) {
  return [account, region, name].join(SEPARATOR)
}

export function accountPrefix(account: AccountId): string {
  return account + SEPARATOR
}

export function placeKey({ account, region }: SchedulerPlace): string {
  return [account, region].join(SEPARATOR)
}

export function scheduleArn({ account, region, group, name }: ScheduleAddress): string {
  return `arn:aws:scheduler:${region}:${account}:schedule/${group}/${name}`
}

const SCHEDULE_ARN =
  /^arn:aws:scheduler:([a-z]+-[a-z]+-[\w-]+):(\d{12}):schedule\/([\w.-]+)\/([\w.-]+)$/

/** Of the schedule that an ARN names, or undefined where the text is no schedule's ARN. */
export function keyOfSchedule(arn: string): string | undefined {
  const parts = SCHEDULE_ARN.exec(arn)
  if (parts === null) return undefined
  const [, region = '', account = '', group = '', name = ''] = parts
  return scheduleKey({ account, region, group, name })
}

export function groupArn({ account, region, name }: SchedulerPlace & { readonly name: string }) {
  return `arn:aws:scheduler:${region}:${account}:schedule-group/${name}`
}
