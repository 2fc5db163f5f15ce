import { DEFAULT_BUS, parseBusArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { Delivery } from '#src/model/delivery.ts'
import type { LogPosition, RecordedEvent } from '#src/model/event.ts'
import type { DeliveryQueue } from '#src/ports/delivery-queue.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Observer } from '#src/ports/observer.ts'
import type { State } from '#src/ports/state.ts'
import type { TimerOwner } from '#src/schedules/firing.ts'
import { setTimer } from '#src/schedules/timers.ts'
import { deletionTimers } from './deletions.ts'
import {
  DELETION_TIMERS,
  GROUPS,
  GROUP_TIMERS,
  SCHEDULES,
  SCHEDULE_TIMERS,
  scheduleArn,
  scheduleKey,
} from './documents.ts'
import type { Schedule } from './documents.ts'
import { dropGroup } from './groups.ts'
import { deliveredOf, putOf, recipientOf } from './invocation.ts'
import { dueAtOf, timeOf, timerAfter } from './schedule-times.ts'
import { dropSchedule } from './schedules.ts'

export interface SchedulerTimerPorts {
  readonly state: State
  readonly log: EventLog
  readonly observer: Observer
  readonly queue: Pick<DeliveryQueue, 'enqueue'>
  readonly busExists: (busArn: string) => Promise<boolean>
  readonly access: {
    /** Why a schedule may not put its event on a bus, as things are now; undefined where it may. */
    readonly forwardingRefusal: (put: SchedulePut) => Promise<string | undefined>
  }
  /** Told of deliveries that have just become durable. */
  readonly onDelivery: (deliveries: readonly Delivery[]) => void
}

/** An event that a schedule puts on an event bus of its own account. */
interface SchedulePut {
  readonly to: BusAddress
  /** The default bus of the schedule's account. */
  readonly from: BusAddress
  /** Of the schedule. */
  readonly ruleArn: string
  readonly roleArn: string
  readonly source: string
  readonly detailType: string
}

const SCHEDULES_PER_REMOVAL = 200

/** What is done when a schedule is due, a group is to go, or a deletion to be forgotten. */
export function createSchedulerTimers(
  ports: SchedulerTimerPorts,
): Readonly<Record<string, TimerOwner>> {
  return {
    [SCHEDULE_TIMERS]: scheduleTimers(ports),
    [GROUP_TIMERS]: groupTimers(ports),
    [DELETION_TIMERS]: deletionTimers,
  }
}

/**
 * What was missed while the hub was down is made up for once, as the last time that was missed,
 * unless that is longer ago than the target's event may be old.
 */
function scheduleTimers(ports: SchedulerTimerPorts): TimerOwner {
  const { state } = ports
  return {
    fire: async (key, timer, now) => {
      const schedule = await state.get(SCHEDULES, key)
      if (schedule?.state !== 'ENABLED') return
      const time = timeOf(schedule, timer, now)
      const { maximumEventAgeInSeconds } = schedule.target.retryPolicy
      const ageMs = now - dueAtOf(schedule, time)
      if (ageMs <= maximumEventAgeInSeconds * 1_000) await invoke(ports, schedule, time, now)
    },
    advance: async (transaction, key, timer, now) => {
      const schedule = await transaction.get(SCHEDULES, key)
      const next =
        schedule?.state === 'ENABLED'
          ? timerAfter(schedule, timeOf(schedule, timer, now))
          : undefined
      const isOver = next === undefined && schedule?.actionAfterCompletion === 'DELETE'
      if (isOver && schedule.state === 'ENABLED') await dropSchedule(transaction, key)
      else await setTimer(transaction, timer.owner, next)
    },
  }
}

/**
 * An event bus of the account gets the event at once. What cannot be had that way is delivered, and
 * an event bus that is missing or refuses makes a dead letter.
 */
async function invoke(
  ports: SchedulerTimerPorts,
  schedule: Schedule,
  time: number,
  now: number,
): Promise<void> {
  const { log, observer } = ports
  const put = putOf(schedule, time, now)
  const isPut = await mayPut(ports, schedule, put)
  const event = isPut ? put : deliveredOf(schedule, time, now)
  const [position] = await log.record([event])
  observer.entriesAccepted('schedule', 1)
  if (!isPut) await deliver(ports, schedule, event, position as LogPosition)
}

async function mayPut(
  { busExists, access }: SchedulerTimerPorts,
  schedule: Schedule,
  { source, detailType }: RecordedEvent,
): Promise<boolean> {
  const { account, region } = schedule
  const { arn, roleArn } = schedule.target
  const to = parseBusArn(arn)
  if (to?.account !== account || to.region !== region || !(await busExists(arn))) return false
  const from = { account, region, name: DEFAULT_BUS }
  const put = { to, from, ruleArn: scheduleArn(schedule), roleArn, source, detailType }
  return (await access.forwardingRefusal(put)) === undefined
}

async function deliver(
  { queue, onDelivery }: SchedulerTimerPorts,
  schedule: Schedule,
  event: RecordedEvent,
  position: LogPosition,
): Promise<void> {
  const delivery = {
    position,
    eventId: event.id,
    ruleArn: scheduleArn(schedule),
    target: recipientOf(schedule),
    managed: false,
    startedAt: event.acceptedAt,
    nextAttemptAt: event.acceptedAt,
  }
  const [id] = await queue.enqueue([delivery])
  onDelivery([{ ...delivery, id: id as number, attempts: 0 }])
}

function groupTimers({ state }: SchedulerTimerPorts): TimerOwner {
  return {
    fire: async (key) => {
      const group = await state.get(GROUPS, key)
      if (group?.state === 'DELETING') {
        await dropSchedules(state, scheduleKey({ ...group, group: group.name, name: '' }))
      }
    },
    advance: async (transaction, key, timer) => {
      const group = await transaction.get(GROUPS, key)
      if (group?.state === 'DELETING') await dropGroup(transaction, group)
      await setTimer(transaction, timer.owner, undefined)
    },
  }
}

/** Takes away all schedules whose keys begin so, some at a time. */
export async function dropSchedules(state: State, prefix: string): Promise<void> {
  for (;;) {
    const found = await state.list(SCHEDULES, { prefix, limit: SCHEDULES_PER_REMOVAL })
    if (found.length === 0) return
    await state.transact(async (transaction) => {
      for (const { key } of found) await dropSchedule(transaction, key)
    })
  }
}
