import { RestError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { User, UserRole } from '#src/model/tenancy.ts'
import { USERS, USER_EMAILS, listAccepted } from './documents.ts'
import type { StoredUser } from './documents.ts'
import { remember } from './history.ts'
import { namesOf, organisationOf } from './organisations.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'
import { hashPassword } from './passwords.ts'

export interface NewUser {
  readonly organisationId: string
  readonly email: string
  readonly firstName: string
  readonly lastName: string
  readonly role: UserRole
  /** Without one the user cannot sign in with a password. */
  readonly password?: string | undefined
}

export interface UserChange {
  readonly firstName?: string | undefined
  readonly lastName?: string | undefined
  readonly role?: UserRole | undefined
  readonly status?: User['status'] | undefined
  readonly password?: string | undefined
}

export interface Users {
  create(caller: Principal, given: NewUser): Promise<User>
  get(caller: Principal, id: string): Promise<User>
  list(
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<User>>
  update(caller: Principal, id: string, change: UserChange): Promise<User>
}

export function createUsers({
  state,
  clock,
  ids,
  actions,
}: Pick<OrganisationPorts, 'state' | 'clock' | 'ids' | 'actions'>): Users {
  return {
    create: async (caller, { password, ...given }) => {
      const passwordHash = password === undefined ? undefined : await hashPassword(password)
      const stored = await actions.perform(caller, async (step) => {
        const { transaction, moment, now, tell } = step
        const { id: organisationId } = await organisationOf(
          transaction,
          caller,
          given.organisationId,
        )
        const email = given.email.toLowerCase()
        const id = ids.timeOrderedUuid(now)
        const { role, firstName, lastName } = given
        const named = { username: email, email, role, firstName, lastName }
        tell('UserCreateEvent', { organisationId, fields: { userID: id, ...named } })
        if ((await transaction.get(USER_EMAILS, email)) !== undefined) {
          throw new RestError(409, 'user.email-taken', `a user with the e-mail "${email}" exists`)
        }
        const user: StoredUser = {
          id,
          ...given,
          email,
          status: 'ACTIVE',
          ...(passwordHash !== undefined && { passwordHash }),
          createdAt: now,
          modifiedAt: now,
        }
        transaction.put(USER_EMAILS, email, user.id)
        transaction.put(USERS, user.id, user)
        remember(transaction, moment, 'user', [user.id, user])
        return user
      })
      return shown(stored)
    },
    get: async (caller, id) => shown(visible(caller, await state.get(USERS, id), id)),
    list: async (caller, { organisationId, ...page }) => {
      const { items, last } = await listAccepted(state, USERS, {
        ...page,
        accept: (user) =>
          reaches(caller, user.organisationId) &&
          (organisationId === undefined || organisationId === user.organisationId),
      })
      return { items: items.map(shown), ...(last !== undefined && { last }) }
    },
    update: async (caller, id, { password, ...change }) => {
      const passwordHash = password === undefined ? undefined : await hashPassword(password)
      const stored = await actions.perform(caller, async ({ transaction, moment, tell }) => {
        const before = visible(caller, await transaction.get(USERS, id), id)
        const changed = [...namesOf(change), ...(password === undefined ? [] : ['password'])]
        const { organisationId } = before
        tell('UserUpdateEvent', { organisationId, fields: { userID: id, changed } })
        const given = Object.fromEntries(
          Object.entries(change).filter(([, value]) => value !== undefined),
        )
        const after: StoredUser = {
          ...before,
          ...given,
          ...(passwordHash !== undefined && { passwordHash }),
          modifiedAt: clock.now(),
        }
        transaction.put(USERS, id, after)
        remember(transaction, moment, 'user', [id, after])
        return after
      })
      return shown(stored)
    },
  }
}

/** The user without the password's hash, which leaves the store for no one. */
export function shown({ passwordHash: _, ...user }: StoredUser): User {
  return user
}

function visible(caller: Principal, user: StoredUser | undefined, id: string): StoredUser {
  if (user !== undefined && reaches(caller, user.organisationId)) return user
  throw new RestError(404, 'user.not-found', `there is no user "${id}"`)
}
