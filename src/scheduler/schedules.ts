import { AwsError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { setTimer } from '#src/schedules/timers.ts'
import { isRemembered, rememberDeletion } from './deletions.ts'
import { SCHEDULES, SCHEDULE_TIMERS, placeKey, scheduleKey } from './documents.ts'
import type { Schedule, ScheduleAddress, ScheduleSettings, SchedulerPlace } from './documents.ts'
import { activeGroup } from './groups.ts'
import { firstTimer } from './schedule-times.ts'

export interface ScheduleQuery {
  readonly group?: string | undefined
  readonly namePrefix?: string | undefined
  readonly state?: string | undefined
  readonly after?: string | undefined
  readonly limit: number
}

export interface Schedules {
  /**
   * Making the same schedule again with the same client token is no error.
   * @throws AwsError ConflictException, ResourceNotFoundException for the group
   */
  create(at: ScheduleAddress, settings: ScheduleSettings, clientToken?: string): Promise<Schedule>
  /** @throws AwsError ResourceNotFoundException */
  update(at: ScheduleAddress, settings: ScheduleSettings, clientToken?: string): Promise<Schedule>
  get(at: ScheduleAddress): Promise<Schedule>
  /** Doing it again with the same client token is no error. */
  remove(at: ScheduleAddress, clientToken?: string): Promise<void>
  list(place: SchedulerPlace, query: ScheduleQuery): Promise<Page<Schedule>>
}

const SCHEDULES_PER_READ = 500
const START_PAST_MS_MAX = 5 * 60_000

export function createSchedules(state: State, clock: Clock): Schedules {
  const put = async (transaction: StateTransaction, schedule: Schedule, now: number) => {
    const key = scheduleKey(schedule)
    transaction.put(SCHEDULES, key, schedule)
    await setTimer(transaction, `${SCHEDULE_TIMERS}|${key}`, firstTimer(schedule, now))
    return schedule
  }

  return {
    create: async (at, settings, clientToken) => {
      const now = clock.now()
      checkDates(settings, now)
      return state.transact(async (transaction) => {
        await activeGroup(transaction, { ...at, name: at.group })
        const before = await transaction.get(SCHEDULES, scheduleKey(at))
        if (before !== undefined) {
          if (clientToken !== undefined && before.clientToken === clientToken) return before
          throw new AwsError('ConflictException', `Schedule ${at.name} already exists.`, 409)
        }
        const times = { createdAt: now, modifiedAt: now }
        return put(
          transaction,
          { ...settings, ...addressOf(at), ...times, ...token(clientToken) },
          now,
        )
      })
    },
    update: async (at, settings, clientToken) => {
      const now = clock.now()
      checkDates(settings, now)
      return state.transact(async (transaction) => {
        await activeGroup(transaction, { ...at, name: at.group })
        const before = await transaction.get(SCHEDULES, scheduleKey(at))
        if (before === undefined) throw noSuchSchedule(at)
        const times = { createdAt: before.createdAt, modifiedAt: now }
        return put(
          transaction,
          { ...settings, ...addressOf(at), ...times, ...token(clientToken) },
          now,
        )
      })
    },
    get: async (at) => {
      const schedule = await state.get(SCHEDULES, scheduleKey(at))
      if (schedule === undefined) throw noSuchSchedule(at)
      return schedule
    },
    remove: async (at, clientToken) => {
      const now = clock.now()
      await state.transact(async (transaction) => {
        const key = scheduleKey(at)
        const deletion = { key, clientToken }
        if ((await transaction.get(SCHEDULES, key)) === undefined) {
          if (await isRemembered(transaction, deletion)) return
          throw noSuchSchedule(at)
        }
        await dropSchedule(transaction, key)
        await rememberDeletion(transaction, deletion, now)
      })
    },
    list: async (place, query) => listed(state, place, query),
  }
}

export async function dropSchedule(transaction: StateTransaction, key: string): Promise<void> {
  transaction.delete(SCHEDULES, key)
  await setTimer(transaction, `${SCHEDULE_TIMERS}|${key}`, undefined)
}

/** Reads on until a page is full: only a group and a name in it are a prefix of keys. */
async function listed(
  state: State,
  place: SchedulerPlace,
  { group, namePrefix = '', state: wanted, after: start, limit }: ScheduleQuery,
): Promise<Page<Schedule>> {
  const prefix =
    group === undefined ? `${placeKey(place)}|` : scheduleKey({ ...place, group, name: namePrefix })
  const items: Schedule[] = []
  for (let after = start; ;) {
    const found = await state.list(SCHEDULES, {
      prefix,
      limit: SCHEDULES_PER_READ,
      ...(after !== undefined && { after }),
    })
    for (const { value: schedule } of found) {
      if (!schedule.name.startsWith(namePrefix)) continue
      if (wanted !== undefined && schedule.state !== wanted) continue
      if (items.length === limit) return { items, last: scheduleKey(items.at(-1) as Schedule) }
      items.push(schedule)
    }
    if (found.length < SCHEDULES_PER_READ) return { items }
    after = found.at(-1)?.key
  }
}

function checkDates({ start, end }: ScheduleSettings, now: number): void {
  if (start !== undefined && start < now - START_PAST_MS_MAX) {
    throw invalid('The StartDate you specify cannot be earlier than 5 minutes ago.')
  }
  if (end !== undefined && end < now) {
    throw invalid('The EndDate you specify cannot be in the past.')
  }
  if (start !== undefined && end !== undefined && end <= start) {
    throw invalid('The StartDate you specify must come before the EndDate.')
  }
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message)
}

function addressOf({ account, region, group, name }: ScheduleAddress): ScheduleAddress {
  return { account, region, group, name }
}

function token(clientToken: string | undefined) {
  return clientToken === undefined ? {} : { clientToken }
}

function noSuchSchedule({ name }: ScheduleAddress): AwsError {
  return new AwsError('ResourceNotFoundException', `Schedule ${name} does not exist.`, 404)
}
