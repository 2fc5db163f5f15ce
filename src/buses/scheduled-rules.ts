import { AwsError } from '#src/errors.ts'
import { DEFAULT_BUS, parseBusArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { derivedUuid } from '#src/model/derived-uuid.ts'
import type { Rule } from '#src/model/event-bus.ts'
import { NO_HOPS, envelopeJson } from '#src/model/event.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Observer } from '#src/ports/observer.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { lastUpTo, nextAfter, parseRuleSchedule } from '#src/schedules/expression.ts'
import type { Timetable } from '#src/schedules/expression.ts'
import type { TimerOwner } from '#src/schedules/firing.ts'
import { setTimer } from '#src/schedules/timers.ts'
import { RULES } from './documents.ts'

export const RULE_TIMERS = 'rule'

/** @throws AwsError ValidationException */
export function checkSchedule(bus: BusAddress, expression: string | undefined): void {
  if (expression === undefined) return
  if (bus.name !== DEFAULT_BUS) {
    throw new AwsError(
      'ValidationException',
      'ScheduleExpression is supported only on the default event bus.',
    )
  }
  if (parseRuleSchedule(expression) === undefined) {
    throw new AwsError('ValidationException', 'Parameter ScheduleExpression is not valid.')
  }
}

/**
 * Sets the timer of a rule that was put, enabled or disabled. A rate counts from now; putting the
 * same schedule again does not start it anew.
 */
export async function keepRuleTimer(
  transaction: StateTransaction,
  key: string,
  change: { readonly before: Rule | undefined; readonly after: Rule; readonly now: number },
): Promise<void> {
  const { before, after, now } = change
  const schedule = activeSchedule(after)
  if (schedule === activeSchedule(before)) return
  const next =
    schedule === undefined ? undefined : nextAfter(timetableOf(schedule, wholeSecond(now)), now)
  await setRuleTimer(transaction, key, next)
}

/** For a rule that is deleted. */
export async function stopRuleTimer(transaction: StateTransaction, key: string): Promise<void> {
  await setRuleTimer(transaction, key, undefined)
}

export interface ScheduledRulePorts {
  readonly state: State
  readonly log: EventLog
  readonly observer: Observer
}

/**
 * Rules that fire by a schedule: each time, an event for that rule alone. What was missed while the
 * hub was down is made up for once, as the last time that was missed.
 */
export function createScheduledRules({ state, log, observer }: ScheduledRulePorts): TimerOwner {
  return {
    fire: async (key, { scheduledFor }, now) => {
      const rule = await state.get(RULES, key)
      const schedule = activeSchedule(rule)
      if (rule === undefined || schedule === undefined) return
      const time = lastUpTo(timetableOf(schedule, scheduledFor), scheduledFor, now)
      await log.record([scheduledEvent(rule, time, now)])
      observer.entriesAccepted('schedule', 1)
    },
    advance: async (transaction, key, { scheduledFor }, now) => {
      const schedule = activeSchedule(await transaction.get(RULES, key))
      const next =
        schedule === undefined ? undefined : nextAfter(timetableOf(schedule, scheduledFor), now)
      await setRuleTimer(transaction, key, next)
    },
  }
}

async function setRuleTimer(
  transaction: StateTransaction,
  key: string,
  time: number | undefined,
): Promise<void> {
  await setTimer(
    transaction,
    `${RULE_TIMERS}|${key}`,
    time === undefined ? undefined : { dueAt: time, scheduledFor: time },
  )
}

function scheduledEvent(rule: Rule, time: number, acceptedAt: number): RecordedEvent {
  const { account, region } = parseBusArn(rule.busArn) as BusAddress
  const origin = {
    id: derivedUuid(`${rule.arn} ${time}`),
    source: 'aws.events',
    detailType: 'Scheduled Event',
    account,
    region,
  }
  return {
    ...origin,
    busArn: rule.busArn,
    acceptedAt,
    hops: NO_HOPS,
    onlyRules: [rule.arn],
    json: envelopeJson({ ...origin, time, resources: [rule.arn], detailJson: '{}' }),
  }
}

function activeSchedule(rule: Rule | undefined): string | undefined {
  return rule?.state === 'ENABLED' ? rule.scheduleExpression : undefined
}

function timetableOf(schedule: string, anchor: number): Timetable {
  const expression = parseRuleSchedule(schedule)
  if (expression === undefined) throw new Error(`the schedule "${schedule}" is not valid`)
  return { expression, zone: 'UTC', anchor }
}

/** Events carry whole seconds. */
function wholeSecond(time: number): number {
  return Math.floor(time / 1_000) * 1_000
}
