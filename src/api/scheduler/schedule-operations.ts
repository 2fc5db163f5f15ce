import type { AccountId } from '#src/model/event.ts'
import { scheduleArn } from '#src/scheduler/documents.ts'
import type { Schedules } from '#src/scheduler/schedules.ts'
import type { RestOperation } from '../aws-rest/rest-json.ts'
import { NOTHING, paged, structure } from '../eventbridge/operation.ts'
import type { Call } from '../eventbridge/operation.ts'
import { checkBusElsewhere } from '../eventbridge/operations/targets.ts'
import { optional, required, string } from '../eventbridge/shapes.ts'
import type { TargetsAllowed } from '../eventbridge/wire-target.ts'
import {
  CLIENT_TOKEN,
  NAME,
  SCHEDULE,
  STATE,
  addressIn,
  settingsFrom,
  wireSchedule,
  wireSummary,
} from './wire-schedule.ts'
import type { WireSchedule } from './wire-schedule.ts'

interface OfSchedule {
  readonly Name: string
  readonly GroupName?: string
}

export interface ListInput {
  readonly NamePrefix?: string
  readonly NextToken?: string
  readonly MaxResults?: number
}

/** Members of the input of every list. */
export const LISTING = {
  NamePrefix: optional(NAME),
  NextToken: optional(string({ min: 1, max: 2_048 })),
  MaxResults: optional({ type: 'integer', min: 1, max: 100 }),
}
export const LISTING_QUERY = ['NamePrefix', 'NextToken', 'MaxResults']

/** What the checks of a target ask. */
export interface TargetChecks {
  readonly targetsAllowed: TargetsAllowed
  /** Whether the hub itself has the event buses of an account. */
  readonly hasBusesOf: (account: AccountId) => Promise<boolean>
}

const PATH = '/schedules/{Name}'

export function scheduleOperations(
  schedules: Schedules,
  { targetsAllowed, hasBusesOf }: TargetChecks,
): Readonly<Record<string, RestOperation>> {
  /** Where the schedule is, and what it is to be. */
  const given = async (call: Call, input: WireSchedule) => {
    const at = addressIn(call, input)
    const settings = settingsFrom(at, input, targetsAllowed)
    await checkBusElsewhere({ targetsAllowed, hasBusesOf }, settings.target.arn)
    return [at, settings, input.ClientToken] as const
  }
  return {
    CreateSchedule: {
      permission: 'events:Write',
      http: ['POST', PATH],
      input: SCHEDULE,
      run: async (call, input: WireSchedule) => {
        const made = await schedules.create(...(await given(call, input)))
        return { ScheduleArn: scheduleArn(made) }
      },
    },
    UpdateSchedule: {
      permission: 'events:Write',
      http: ['PUT', PATH],
      input: SCHEDULE,
      run: async (call, input: WireSchedule) => {
        const updated = await schedules.update(...(await given(call, input)))
        return { ScheduleArn: scheduleArn(updated) }
      },
    },
    GetSchedule: {
      permission: 'events:Read',
      http: ['GET', PATH],
      query: ['groupName'],
      input: structure({ Name: required(NAME), GroupName: optional(NAME) }),
      run: async (call, input: OfSchedule) =>
        wireSchedule(await schedules.get(addressIn(call, input))),
    },
    DeleteSchedule: {
      permission: 'events:Write',
      http: ['DELETE', PATH],
      query: ['groupName', 'clientToken'],
      input: structure({
        Name: required(NAME),
        GroupName: optional(NAME),
        ClientToken: optional(CLIENT_TOKEN),
      }),
      run: async (call, input: OfSchedule & { ClientToken?: string }) => {
        await schedules.remove(addressIn(call, input), input.ClientToken)
        return NOTHING
      },
    },
    ListSchedules: {
      permission: 'events:Read',
      http: ['GET', '/schedules'],
      query: [...LISTING_QUERY, ['ScheduleGroup', 'GroupName'], 'State'],
      input: structure({ ...LISTING, GroupName: optional(NAME), State: optional(STATE) }),
      run: async (call, input: ListInput & { GroupName?: string; State?: string }) => {
        const { NamePrefix: namePrefix, GroupName: group, State: state } = input
        const { account, region } = call
        const list = ['schedules', account, region, group, namePrefix, state].join(' ')
        const { items, next } = await paged(list, pagingOf(input), async (page) =>
          schedules.list(call, { ...page, group, namePrefix, state }),
        )
        return { Schedules: items.map(wireSummary), ...next }
      },
    },
  }
}

/** EventBridge calls the size of a page Limit. */
export function pagingOf({ NextToken, MaxResults }: ListInput) {
  return {
    ...(NextToken !== undefined && { NextToken }),
    ...(MaxResults !== undefined && { Limit: MaxResults }),
  }
}
