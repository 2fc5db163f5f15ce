import { Type } from 'typebox'

import { Email, PersonName, User, UserRole } from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { GivenPassword, Password } from './proofs.ts'
import { addList } from './list-route.ts'
import { Id, IdParams, OfOrganisation, ref } from './route.ts'
import type { AddRoute } from './route.ts'

const tag = 'users'

export function addUserRoutes(
  add: AddRoute,
  { users, withSignInState }: Pick<Tenancy, 'users' | 'withSignInState'>,
): void {
  add({
    method: 'POST',
    url: '/users',
    tag,
    summary: 'Create a user',
    permission: 'users:Write',
    body: Type.Object({
      organisationId: Id,
      email: Email,
      firstName: PersonName,
      lastName: PersonName,
      role: UserRole,
      password: Type.Optional(Password),
    }),
    answer: [201, ref(User)],
    run: async (caller, { body }) => withSignInState(await users.create(caller, body)),
  })
  addList(add, {
    url: '/users',
    tag,
    summary: 'List users, but those that were deleted',
    permission: 'users:Read',
    filter: OfOrganisation,
    item: User,
    list: async (caller, asked) => {
      const found = await users.list(caller, asked)
      return { ...found, items: await Promise.all(found.items.map(withSignInState)) }
    },
  })
  add({
    method: 'GET',
    url: '/users/:id',
    tag,
    summary: 'Show a user, also one that was deleted',
    permission: 'users:Read',
    params: IdParams,
    answer: [200, ref(User)],
    run: async (caller, { params }) => withSignInState(await users.get(caller, params.id)),
  })
  add({
    method: 'PATCH',
    url: '/users/:id',
    tag,
    summary:
      "Change a user's names, role, status or password; a new password or status ends its sessions",
    permission: 'users:Write',
    params: IdParams,
    body: Type.Object(
      {
        firstName: Type.Optional(PersonName),
        lastName: Type.Optional(PersonName),
        role: Type.Optional(UserRole),
        status: Type.Optional(Type.Enum(['ACTIVE', 'DISABLED'])),
        password: Type.Optional(Password),
      },
      { minProperties: 1 },
    ),
    answer: [200, ref(User)],
    run: async (caller, { params, body }) =>
      withSignInState(await users.update(caller, params.id, body)),
  })
  add({
    method: 'DELETE',
    url: '/users/:id',
    tag,
    summary: 'Delete a user: its sessions end, its e-mail is free again, its history stays',
    permission: 'users:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => users.remove(caller, params.id),
  })
}

/** What users do about their own password. */
export function addPasswordRoute(
  add: AddRoute,
  { ownPassword }: Pick<Tenancy, 'ownPassword'>,
): void {
  add({
    method: 'PUT',
    url: '/password',
    tag: 'sessions',
    summary: "Change one's own password; all sessions end, this one too",
    body: Type.Object({ password: GivenPassword, newPassword: Password }),
    answer: [204],
    run: (caller, { body }) => ownPassword.change(caller, body),
  })
}

/** What an administrator does about how users sign in. */
export function addUserSignInRoutes(
  add: AddRoute,
  { users, sessions, secondFactors }: Pick<Tenancy, 'users' | 'sessions' | 'secondFactors'>,
): void {
  add({
    method: 'POST',
    url: '/users/:id/unlock',
    tag,
    summary: 'Let a user try again that failed sign-ins have locked',
    permission: 'users:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => users.unlock(caller, params.id),
  })
  add({
    method: 'DELETE',
    url: '/users/:id/sessions',
    tag,
    summary: 'End all sessions of a user',
    permission: 'users:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => sessions.endAllOf(caller, params.id),
  })
  add({
    method: 'DELETE',
    url: '/users/:id/second-factor',
    tag,
    summary: "Take away a user's second factor, when its device is lost",
    permission: 'users:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => secondFactors.reset(caller, params.id),
  })
}
