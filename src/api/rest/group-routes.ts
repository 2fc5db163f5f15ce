import { Type } from 'typebox'

import { Group, Name, User } from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import {
  Description,
  Id,
  IdParams,
  OfOrganisation,
  PageQuery,
  page,
  pageRequest,
  pageSchema,
  ref,
} from './route.ts'
import type { AddRoute } from './route.ts'

const MemberParams = Type.Object({ ...IdParams.properties, userId: Id })

export function addGroupRoutes(add: AddRoute, tenancy: Tenancy): void {
  const { groups } = tenancy
  const tag = 'groups'
  add({
    method: 'POST',
    url: '/groups',
    tag,
    summary: 'Create a group of users',
    permission: 'groups:Write',
    body: Type.Object({ organisationId: Id, name: Name, description: Type.Optional(Description) }),
    answer: [201, ref(Group)],
    run: (caller, { body }) => groups.create(caller, body),
  })
  add({
    method: 'GET',
    url: '/groups',
    tag,
    summary: 'List groups, of one user where userId is given',
    permission: 'groups:Read',
    query: Type.Object({ ...PageQuery, ...OfOrganisation, userId: Type.Optional(Id) }),
    answer: [200, pageSchema(Group)],
    run: async (caller, { query: { organisationId, userId, ...query } }) =>
      page(await groups.list(caller, { ...pageRequest(query), organisationId, userId })),
  })
  add({
    method: 'GET',
    url: '/groups/:id',
    tag,
    summary: 'Show a group',
    permission: 'groups:Read',
    params: IdParams,
    answer: [200, ref(Group)],
    run: (caller, { params }) => groups.get(caller, params.id),
  })
  add({
    method: 'PATCH',
    url: '/groups/:id',
    tag,
    summary: 'Rename a group or describe it anew',
    permission: 'groups:Write',
    params: IdParams,
    body: Type.Object(
      { name: Type.Optional(Name), description: Type.Optional(Description) },
      { minProperties: 1 },
    ),
    answer: [200, ref(Group)],
    run: (caller, { params, body }) => groups.update(caller, params.id, body),
  })
  add({
    method: 'DELETE',
    url: '/groups/:id',
    tag,
    summary: 'Delete a group; its members stay users',
    permission: 'groups:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => groups.remove(caller, params.id),
  })
  addMemberRoutes(add, tenancy)
}

function addMemberRoutes(add: AddRoute, { groupMembers, withSignInState }: Tenancy): void {
  const tag = 'groups'
  add({
    method: 'GET',
    url: '/groups/:id/members',
    tag,
    summary: 'List the users in a group',
    permission: 'groups:Read',
    params: IdParams,
    query: Type.Object(PageQuery),
    answer: [200, pageSchema(User)],
    run: async (caller, { params, query }) => {
      const found = await groupMembers.list(caller, params.id, pageRequest(query))
      return page({ ...found, items: await Promise.all(found.items.map(withSignInState)) })
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
