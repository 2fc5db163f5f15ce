import { DEFAULT_BUS, busArn, parseBusArn } from '#src/model/arn.ts'
import type { Delivery, NewDelivery } from '#src/model/delivery.ts'
import type { Target } from '#src/model/event-bus.ts'
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
import { invocationOf } from './invocation.ts'
import { dueAtOf, timeOf, timerAfter } from './schedule-times.ts'
import { dropSchedule } from './schedules.ts'

export interface SchedulerTimerPorts {
  readonly state: State
  readonly log: EventLog
  readonly observer: Observer
  readonly queue: Pick<DeliveryQueue, 'enqueue'>
  readonly busExists: (busArn: string) => Promise<boolean>
  /** Told of deliveries that have just become durable. */
  readonly onDelivery: (deliveries: readonly Delivery[]) => void
}

const SCHEDULES_PER_REMOVAL = 200
/** A schedule has one target, and no name for it. */
const TARGET_ID = 'target'

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

async function invoke(
  ports: SchedulerTimerPorts,
  schedule: Schedule,
  time: number,
  now: number,
): Promise<void> {
  const { log, observer, busExists } = ports
  const { account, region, target } = schedule
  const isBus = parseBusArn(target.arn) !== undefined
  // On a bus that is not there, the event is lost, as with PutEvents.
  if (isBus && !(await busExists(target.arn))) return observer.entryDropped()
  const bus = isBus ? target.arn : busArn({ account, region, name: DEFAULT_BUS })
  const event = invocationOf(schedule, time, { acceptedAt: now, busArn: bus })
  const [position] = await log.record([isBus ? event : { ...event, onlyRules: [] }])
  observer.entriesAccepted('schedule', 1)
  if (!isBus) await deliver(ports, recipientOf(schedule), event, position as LogPosition)
}

/** What no bus takes goes to the target with the retries and dead letters of a rule's target. */
async function deliver(
  { queue, onDelivery }: SchedulerTimerPorts,
  recipient: Pick<NewDelivery, 'ruleArn' | 'target'>,
  event: RecordedEvent,
  position: LogPosition,
): Promise<void> {
  const delivery = {
    position,
    eventId: event.id,
    ...recipient,
    managed: false,
    startedAt: event.acceptedAt,
    nextAttemptAt: event.acceptedAt,
  }
  const [id] = await queue.enqueue([delivery])
  onDelivery([{ ...delivery, id: id as number, attempts: 0 }])
}

/** The input is the event's detail, for each time another; the definition of a target is to stay. */
function recipientOf(schedule: Schedule): Pick<NewDelivery, 'ruleArn' | 'target'> {
  const { arn, retryPolicy, input } = schedule.target
  const target: Target = {
    id: TARGET_ID,
    arn,
    retryPolicy,
    ...(input !== undefined && { input: { kind: 'path', path: '$.detail' } }),
  }
  return { ruleArn: scheduleArn(schedule), target }
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
