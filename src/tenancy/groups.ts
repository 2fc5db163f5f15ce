import { RestError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Group } from '#src/model/tenancy.ts'
import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import { listAccepted } from './documents.ts'
import { GROUPS, dismissAll, groupHappening, groupOf, groupsOf } from './group-members.ts'
import { remember } from './history.ts'
import { namesOf, organisationOf } from './organisations.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'

export interface NewGroup {
  readonly organisationId: string
  readonly name: string
  readonly description?: string | undefined
}

export interface GroupChange {
  readonly name?: string | undefined
  readonly description?: string | undefined
}

export interface Groups {
  create(caller: Principal, given: NewGroup): Promise<Group>
  get(caller: Principal, id: string): Promise<Group>
  list(
    caller: Principal,
    page: PageOfCaller & {
      readonly organisationId?: string | undefined
      /** Only groups that this user is in. */
      readonly userId?: string | undefined
    },
  ): Promise<Page<Group>>
  update(caller: Principal, id: string, change: GroupChange): Promise<Group>
  remove(caller: Principal, id: string): Promise<void>
}

/** By organisation and name in lower case; holds the group's id. */
const GROUP_NAMES = collection<string>('group-names')
export function createGroups({
  state,
  ids,
  actions,
}: Pick<OrganisationPorts, 'state' | 'ids' | 'actions'>): Groups {
  return {
    create: (caller, { description, ...given }) =>
      actions.perform(caller, async ({ transaction, moment, now, tell }) => {
        const organisation = await organisationOf(transaction, caller, given.organisationId)
        const group: Group = {
          id: ids.timeOrderedUuid(now),
          organisationId: organisation.id,
          name: given.name,
          ...(description !== undefined && { description }),
          groupType: 'LOCAL',
          status: 'ACTIVE',
          memberCount: 0,
          createdAt: now,
          modifiedAt: now,
        }
        tell('GroupCreateEvent', groupHappening(group))
        await claimName(transaction, group)
        transaction.put(GROUPS, group.id, group)
        remember(transaction, moment, 'group', [group.id, group])
        return group
      }),
    get: (caller, id) => groupOf(state, caller, id),
    list: async (caller, { organisationId, userId, ...page }) => {
      const only = userId === undefined ? undefined : await groupsOf(state, userId)
      return listAccepted(state, GROUPS, {
        ...page,
        accept: (group) =>
          reaches(caller, group.organisationId) &&
          (organisationId === undefined || organisationId === group.organisationId) &&
          (only === undefined || only.includes(group.id)),
      })
    },
    update: (caller, id, change) =>
      actions.perform(caller, async ({ transaction, moment, now, tell }) => {
        const before = await groupOf(transaction, caller, id)
        const after: Group = {
          ...before,
          name: change.name ?? before.name,
          ...(change.description !== undefined && { description: change.description }),
          modifiedAt: now,
        }
        const changed = namesOf(change, before)
        if (changed.length === 0) return before
        const told = groupHappening(after)
        tell('GroupUpdateEvent', { ...told, fields: { ...told.fields, changed } })
        if (nameKey(after) !== nameKey(before)) {
          await claimName(transaction, after)
          transaction.delete(GROUP_NAMES, nameKey(before))
        }
        transaction.put(GROUPS, id, after)
        remember(transaction, moment, 'group', [id, after, before])
        return after
      }),
    remove: async (caller, id) => {
      await actions.perform(caller, async ({ transaction, tell }) => {
        // Whoever joins or leaves meanwhile changes the group's document, and this starts over.
        const group = await groupOf(transaction, caller, id)
        tell('GroupDeleteEvent', groupHappening(group))
        await dismissAll(transaction, state, id)
        transaction.delete(GROUP_NAMES, nameKey(group))
        transaction.delete(GROUPS, id)
      })
    },
  }
}

async function claimName(transaction: StateTransaction, group: Group): Promise<void> {
  if ((await transaction.get(GROUP_NAMES, nameKey(group))) !== undefined) {
    throw new RestError(
      409,
      'group.name-taken',
      `the organisation already has a group "${group.name}": choose another name`,
    )
  }
  transaction.put(GROUP_NAMES, nameKey(group), group.id)
}

function nameKey({ organisationId, name }: Group): string {
  return `${organisationId}|${name.toLowerCase()}`
}
