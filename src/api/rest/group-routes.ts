import { Type } from 'typebox'

import { Group, Name, User } from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { addList } from './list-route.ts'
import { addNamedRoutes } from './named-routes.ts'
import { Description, Id, IdParams, OfOrganisation } from './route.ts'
import type { AddRoute } from './route.ts'

const MemberParams = Type.Object({ ...IdParams.properties, userId: Id })

export function addGroupRoutes(add: AddRoute, tenancy: Tenancy): void {
  addNamedRoutes(add, {
    noun: 'groups',
    summaries: {
      create: 'Create a group of users',
      list: 'List groups, of one user where userId is given',
      get: 'Show a group',
      update: 'Rename a group or describe it anew',
      remove: 'Delete a group; its members stay users',
    },
    schema: Group,
    given: Type.Object({ organisationId: Id, name: Name, description: Type.Optional(Description) }),
    change: Type.Object(
      { name: Type.Optional(Name), description: Type.Optional(Description) },
      { minProperties: 1 },
    ),
    filter: { ...OfOrganisation, userId: Type.Optional(Id) },
    things: tenancy.groups,
  })
  addMemberRoutes(add, tenancy)
}

function addMemberRoutes(add: AddRoute, { groupMembers, withSignInState }: Tenancy): void {
  const tag = 'groups'
  addList(add, {
    url: '/groups/:id/members',
    tag,
    summary: 'List the users in a group',
    permission: 'groups:Read',
    params: IdParams,
    item: User,
    list: async (caller, asked, params) => {
      const found = await groupMembers.list(caller, params.id, asked)
      return { ...found, items: await Promise.all(found.items.map(withSignInState)) }
    },
  })
  add({
    method: 'PUT',
    url: '/groups/:id/members/:userId',
    tag,
    summary: 'Put a user into a group; no change where it is a member',
    permission: 'groups:Write',
    params: MemberParams,
    answer: [204],
    run: (caller, { params }) => groupMembers.add(caller, params.id, params.userId),
  })
  add({
    method: 'DELETE',
    url: '/groups/:id/members/:userId',
    tag,
    summary: 'Take a user out of a group; no change where it is no member',
    permission: 'groups:Write',
    params: MemberParams,
    answer: [204],
    run: (caller, { params }) => groupMembers.remove(caller, params.id, params.userId),
  })
}
