import { RestError } from '#src/errors.ts'
import { pageOf } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Group, User } from '#src/model/tenancy.ts'
import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { USERS } from './documents.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'
import { shown } from './shown-user.ts'

/** Who is in which group. */
export interface GroupMembers {
  list(caller: Principal, groupId: string, page: PageOfCaller): Promise<Page<User>>
  /** A user who is a member already is no error, and no event. */
  add(caller: Principal, groupId: string, userId: string): Promise<void>
  remove(caller: Principal, groupId: string, userId: string): Promise<void>
}

export const GROUPS = collection<Group>('groups')
/** By group and user. */
const GROUP_MEMBERS = collection<{ readonly userId: string }>('group-members')
/** By user: the ids of all its groups. */
const GROUPS_OF_USER = collection<readonly string[]>('groups-of-user')

/** A group is deleted with its memberships in one transaction. */
const MEMBERS_MAX = 1_000
const GROUPS_PER_USER_MAX = 200

export function createGroupMembers({
  state,
  actions,
}: Pick<OrganisationPorts, 'state' | 'actions'>): GroupMembers {
  const memberOf = async (transaction: Pick<StateTransaction, 'get'>, group: Group, id: string) => {
    const user = await transaction.get(USERS, id)
    if (user?.organisationId === group.organisationId) return user
    throw new RestError(404, 'user.not-found', `there is no user "${id}" in this organisation`)
  }

  return {
    list: async (caller, id, { after, limit }) => {
      await groupOf(state, caller, id)
      const prefix = memberKey(id, '')
      const found = await state.list(GROUP_MEMBERS, {
        prefix,
        limit: limit + 1,
        ...(after !== undefined && { after }),
      })
      const { items, ...more } = pageOf(found, limit)
      const users = await Promise.all(items.map(({ userId }) => state.get(USERS, userId)))
      return { items: users.filter((user) => user !== undefined).map(shown), ...more }
    },
    add: async (caller, id, userId) => {
      await actions.perform(caller, async ({ transaction, now, tell }) => {
        const group = await groupOf(transaction, caller, id)
        await memberOf(transaction, group, userId)
        const groups = await groupsOf(transaction, userId)
        if (groups.includes(id)) return
        tell('GroupMemberAddEvent', membership(group, userId))
        if (group.memberCount >= MEMBERS_MAX || groups.length >= GROUPS_PER_USER_MAX) {
          throw new RestError(
            409,
            'group.full',
            `a group has at most ${MEMBERS_MAX} members, and a user is in at most ${GROUPS_PER_USER_MAX} groups`,
          )
        }
        transaction.put(GROUP_MEMBERS, memberKey(id, userId), { userId })
        putGroupsOf(transaction, userId, [...groups, id])
        const memberCount = group.memberCount + 1
        transaction.put(GROUPS, id, { ...group, memberCount, modifiedAt: now })
      })
    },
    remove: async (caller, id, userId) => {
      await actions.perform(caller, async ({ transaction, now, tell }) => {
        const group = await groupOf(transaction, caller, id)
        await memberOf(transaction, group, userId)
        const groups = await groupsOf(transaction, userId)
        if (!groups.includes(id)) return
        tell('GroupMemberRemoveEvent', membership(group, userId))
        transaction.delete(GROUP_MEMBERS, memberKey(id, userId))
        putGroupsOf(
          transaction,
          userId,
          groups.filter((other) => other !== id),
        )
        const memberCount = group.memberCount - 1
        transaction.put(GROUPS, id, { ...group, memberCount, modifiedAt: now })
      })
    },
  }
}

/** The ids of the groups that a user is in. */
export async function groupsOf(
  transaction: Pick<StateTransaction, 'get'>,
  userId: string,
): Promise<readonly string[]> {
  return (await transaction.get(GROUPS_OF_USER, userId)) ?? []
}

/** Ends all memberships of a group that is being deleted. */
export async function dismissAll(
  transaction: StateTransaction,
  state: State,
  groupId: string,
): Promise<void> {
  const prefix = memberKey(groupId, '')
  for (const { key, value } of await state.list(GROUP_MEMBERS, { prefix, limit: MEMBERS_MAX })) {
    transaction.delete(GROUP_MEMBERS, key)
    const groups = await groupsOf(transaction, value.userId)
    putGroupsOf(
      transaction,
      value.userId,
      groups.filter((id) => id !== groupId),
    )
  }
}

/**
 * Takes a user out of all groups, in the transaction that deletes the user, whose event says it.
 * @returns the ids of the groups that the user was in
 */
export async function leaveAllGroups(
  transaction: StateTransaction,
  userId: string,
): Promise<readonly string[]> {
  const left = await groupsOf(transaction, userId)
  for (const id of left) {
    transaction.delete(GROUP_MEMBERS, memberKey(id, userId))
    const group = await transaction.get(GROUPS, id)
    if (group === undefined) continue
    transaction.put(GROUPS, id, { ...group, memberCount: group.memberCount - 1 })
  }
  transaction.delete(GROUPS_OF_USER, userId)
  return left
}

function putGroupsOf(transaction: StateTransaction, userId: string, groups: readonly string[]) {
  if (groups.length === 0) transaction.delete(GROUPS_OF_USER, userId)
  else transaction.put(GROUPS_OF_USER, userId, groups)
}

/** The group, where the caller reaches it. @throws RestError group.not-found */
export async function groupOf(
  transaction: Pick<StateTransaction, 'get'>,
  caller: Principal,
  id: string,
): Promise<Group> {
  const group = await transaction.get(GROUPS, id)
  if (group !== undefined && reaches(caller, group.organisationId)) return group
  throw new RestError(404, 'group.not-found', `there is no group "${id}"`)
}

export function groupHappening({ id, name, organisationId }: Group) {
  return { organisationId, fields: { groupId: id, groupName: name } }
}

function membership(group: Group, userID: string) {
  const told = groupHappening(group)
  return { ...told, fields: { ...told.fields, userID } }
}

function memberKey(groupId: string, userId: string): string {
  return `${groupId}|${userId}`
}
