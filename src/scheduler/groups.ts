import { AwsError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { setTimer } from '#src/schedules/timers.ts'
import {
  DEFAULT_GROUP,
  GROUPS,
  GROUP_COUNTS,
  GROUP_TIMERS,
  groupKey,
  placeKey,
} from './documents.ts'
import { isRemembered, rememberDeletion } from './deletions.ts'
import type { ScheduleGroup, SchedulerPlace } from './documents.ts'

/** A group's name, and where. */
export interface GroupAddress extends SchedulerPlace {
  readonly name: string
}

export interface GroupQuery {
  readonly namePrefix?: string | undefined
  readonly after?: string | undefined
  readonly limit: number
}

type Tags = Readonly<Record<string, string>>

export interface ScheduleGroups {
  /**
   * Making the same group again with the same client token is no error.
   * @throws AwsError ConflictException, ServiceQuotaExceededException, ValidationException for the
   * default group
   */
  create(at: GroupAddress, tags: Tags, clientToken?: string): Promise<ScheduleGroup>
  /** @throws AwsError ResourceNotFoundException */
  get(at: GroupAddress): Promise<ScheduleGroup>
  /** Its schedules go with it, soon after. Doing it again with the same client token is no error. */
  remove(at: GroupAddress, clientToken?: string): Promise<void>
  list(place: SchedulerPlace, query: GroupQuery): Promise<Page<ScheduleGroup>>
  /** @param edit answers the tags as they are to be */
  changeTags(at: GroupAddress, edit: (tags: Tags) => Tags): Promise<void>
}

/** AWS's default quotas. */
const GROUPS_MAX = 500
const TAGS_MAX = 50

export function createScheduleGroups(state: State, clock: Clock): ScheduleGroups {
  return {
    create: async (at, tags, clientToken) => {
      checkNotDefault(at)
      return state.transact(async (transaction) => {
        const before = await storedGroup(transaction, at)
        if (before !== undefined) {
          if (clientToken !== undefined && before.clientToken === clientToken) return before
          throw conflict(`Schedule group ${at.name} already exists.`)
        }
        const count = (await transaction.get(GROUP_COUNTS, placeKey(at))) ?? 1
        if (count >= GROUPS_MAX) {
          throw new AwsError(
            'ServiceQuotaExceededException',
            'The maximum number of schedule groups has been reached.',
            402,
          )
        }
        const { account, region, name } = at
        const now = clock.now()
        const group: ScheduleGroup = {
          account,
          region,
          name,
          state: 'ACTIVE',
          tags: checkedTags(tags),
          createdAt: now,
          modifiedAt: now,
          ...(clientToken !== undefined && { clientToken }),
        }
        transaction.put(GROUP_COUNTS, placeKey(at), count + 1)
        transaction.put(GROUPS, groupKey(at), group)
        return group
      })
    },
    get: async (at) => existingGroup(state, at),
    remove: async (at, clientToken) => {
      checkNotDefault(at)
      const now = clock.now()
      await state.transact(async (transaction) => {
        const key = groupKey(at)
        const deletion = { key, clientToken }
        const group = await storedGroup(transaction, at)
        if (group === undefined && (await isRemembered(transaction, deletion))) return
        if (group === undefined) throw noSuchGroup(at)
        await rememberDeletion(transaction, deletion, now)
        if (group.state === 'DELETING') return
        transaction.put(GROUPS, key, { ...group, state: 'DELETING', modifiedAt: now })
        // There may be many schedules in it: those are taken away as something that is due now.
        const due = { dueAt: now, scheduledFor: now }
        await setTimer(transaction, `${GROUP_TIMERS}|${key}`, due)
      })
    },
    list: async (place, query) => listed(state, place, query),
    changeTags: async (at, edit) => {
      await state.transact(async (transaction) => {
        const group = await activeGroup(transaction, at)
        transaction.put(GROUPS, groupKey(at), { ...group, tags: checkedTags(edit(group.tags)) })
      })
    },
  }
}

/** @throws AwsError ResourceNotFoundException, ConflictException where it is being deleted */
export async function activeGroup(
  transaction: StateTransaction,
  at: GroupAddress,
): Promise<ScheduleGroup> {
  const group = await existingGroup(transaction, at)
  if (group.state === 'ACTIVE') return group
  throw conflict(`Schedule group ${at.name} is being deleted.`)
}

/** Takes a group away whose schedules are gone. */
export async function dropGroup(transaction: StateTransaction, at: GroupAddress): Promise<void> {
  transaction.delete(GROUPS, groupKey(at))
  const count = (await transaction.get(GROUP_COUNTS, placeKey(at))) ?? 1
  transaction.put(GROUP_COUNTS, placeKey(at), count - 1)
}

async function existingGroup(
  reading: Pick<State, 'get'>,
  at: GroupAddress,
): Promise<ScheduleGroup> {
  const group = await storedGroup(reading, at)
  if (group !== undefined) return group
  throw noSuchGroup(at)
}

async function storedGroup(
  reading: Pick<State, 'get'>,
  at: GroupAddress,
): Promise<ScheduleGroup | undefined> {
  return (
    (await reading.get(GROUPS, groupKey(at))) ??
    (at.name === DEFAULT_GROUP ? defaultGroup(at) : undefined)
  )
}

function defaultGroup({ account, region }: SchedulerPlace): ScheduleGroup {
  return { account, region, name: DEFAULT_GROUP, state: 'ACTIVE', tags: {} }
}

async function listed(
  state: State,
  place: SchedulerPlace,
  { namePrefix = '', after, limit }: GroupQuery,
): Promise<Page<ScheduleGroup>> {
  const stored = await state.list(GROUPS, {
    prefix: groupKey({ ...place, name: namePrefix }),
    limit: GROUPS_MAX,
  })
  const groups = stored.map(({ value }) => value)
  const hasDefault = groups.some(({ name }) => name === DEFAULT_GROUP)
  if (!hasDefault && DEFAULT_GROUP.startsWith(namePrefix)) groups.push(defaultGroup(place))
  const following = groups
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .filter(({ name }) => after === undefined || name > after)
  const items = following.slice(0, limit)
  const last = following.length > limit ? items.at(-1)?.name : undefined
  return { items, ...(last !== undefined && { last }) }
}

/** The default group is there from the beginning, and stays. */
function checkNotDefault({ name }: GroupAddress): void {
  if (name !== DEFAULT_GROUP) return
  throw new AwsError(
    'ValidationException',
    'This operation cannot be performed on schedule group default.',
  )
}

function checkedTags(tags: Tags): Tags {
  if (Object.keys(tags).length > TAGS_MAX) {
    throw new AwsError('ValidationException', `A resource can have at most ${TAGS_MAX} tags.`)
  }
  return tags
}

function noSuchGroup({ name }: GroupAddress): AwsError {
  return new AwsError('ResourceNotFoundException', `Schedule group ${name} does not exist.`, 404)
}

function conflict(message: string): AwsError {
  return new AwsError('ConflictException', message, 409)
}
