import { RestError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { User, UserRole } from '#src/model/tenancy.ts'
import type { Step } from './actions.ts'
import { tellSignOut } from './authentication-event.ts'
import { USERS, USER_EMAILS, listAccepted } from './documents.ts'
import type { StoredUser } from './documents.ts'
import { shown } from './shown-user.ts'
import { leaveAllGroups } from './group-members.ts'
import { remember } from './history.ts'
import { namesOf, organisationOf } from './organisations.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'
import type { Passwords } from './passwords.ts'
import { FEDERATED_USERS, SECOND_FACTORS, SIGN_IN_FAILURES } from './sign-in-documents.ts'
import { isLocked } from './sign-in-failures.ts'
import { endSessions } from './user-sessions.ts'
import { fingerprint } from './vault.ts'

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
  readonly status?: 'ACTIVE' | 'DISABLED' | undefined
  readonly password?: string | undefined
}

export interface Users {
  create(caller: Principal, given: NewUser): Promise<User>
  /** Deleted users too. */
  get(caller: Principal, id: string): Promise<User>
  list(
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<User>>
  update(caller: Principal, id: string, change: UserChange): Promise<User>
  /** Ends what the user can do; what it did keeps its name. The e-mail is free again. */
  remove(caller: Principal, id: string): Promise<void>
  /** Lets a user try again that failed sign-ins have locked. */
  unlock(caller: Principal, id: string): Promise<void>
}

export function createUsers({
  state,
  ids,
  actions,
  passwords,
}: Pick<OrganisationPorts, 'state' | 'ids' | 'actions'> & {
  readonly passwords: Passwords
}): Users {
  return {
    create: async (caller, { password, ...given }) => {
      const passwordHash = password === undefined ? undefined : await passwords.hash(password)
      const make = (step: Step) => create({ ids, step, caller }, given, passwordHash)
      return shown(await actions.perform(caller, make))
    },
    get: async (caller, id) => shown(visible(caller, await state.get(USERS, id), id)),
    list: async (caller, { organisationId, ...page }) => {
      const { items, last } = await listAccepted(state, USERS, {
        ...page,
        accept: (user) =>
          user.status !== 'DELETED' &&
          reachesUser(caller, user) &&
          (organisationId === undefined || organisationId === user.organisationId),
      })
      return { items: items.map(shown), ...(last !== undefined && { last }) }
    },
    update: async (caller, id, { password, ...change }) => {
      const passwordHash = password === undefined ? undefined : await passwords.hash(password)
      const stored = await actions.perform(caller, async (step) => {
        const { transaction, moment, now, tell } = step
        const before = userOf(caller, await transaction.get(USERS, id), id)
        const changed = [
          ...namesOf(change, before),
          ...(password === undefined ? [] : ['password']),
        ]
        if (changed.length === 0) return before
        const { organisationId } = before
        if (organisationId !== undefined) {
          const { status: userStatus } = change
          const fields = { userID: id, changed, ...(userStatus !== undefined && { userStatus }) }
          tell('UserUpdateEvent', { organisationId, fields })
        } else if (change.role !== undefined || change.status === 'DISABLED') {
          throw onlyAdministrator()
        }
        if (before.authOrigin === 'oidc') refuseFederated(changed)
        const given = Object.fromEntries(
          Object.entries(change).filter(([, value]) => value !== undefined),
        )
        const after: StoredUser = {
          ...before,
          ...given,
          ...(passwordHash !== undefined && { passwordHash }),
          modifiedAt: now,
        }
        transaction.put(USERS, id, after)
        remember(transaction, moment, 'user', [id, after, before])
        if (passwordHash !== undefined || after.status !== 'ACTIVE') {
          tellSignOut(step, before, await endSessions(step, id))
        }
        return after
      })
      return shown(stored)
    },
    remove: (caller, id) => actions.perform(caller, (step) => remove(step, caller, id)),
    unlock: (caller, id) =>
      actions.perform(caller, async ({ transaction, now, tell }) => {
        const { organisationId } = userOf(caller, await transaction.get(USERS, id), id)
        const locked = isLocked(await transaction.get(SIGN_IN_FAILURES, id), now)
        transaction.delete(SIGN_IN_FAILURES, id)
        if (!locked || organisationId === undefined) return
        tell('UserLockoutEvent', { organisationId, fields: { userID: id, locked: false } })
      }),
  }
}

interface Creation {
  readonly ids: Ids
  readonly step: Step
  readonly caller: Principal
}

async function create(
  { ids, step, caller }: Creation,
  given: Omit<NewUser, 'password'>,
  passwordHash: string | undefined,
): Promise<StoredUser> {
  const { transaction, moment, now, tell } = step
  const { id: organisationId } = await organisationOf(transaction, caller, given.organisationId)
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
    authOrigin: 'local',
    mfaEnabled: false,
    ...(passwordHash !== undefined && { passwordHash }),
    createdAt: now,
    modifiedAt: now,
  }
  transaction.put(USER_EMAILS, email, user.id)
  transaction.put(USERS, user.id, user)
  remember(transaction, moment, 'user', [user.id, user])
  return user
}

async function remove(step: Step, caller: Principal, id: string): Promise<void> {
  const { transaction, now, tell } = step
  const before = userOf(caller, await transaction.get(USERS, id), id)
  const { organisationId, passwordHash: _, identity, ...kept } = before
  if (organisationId !== undefined) {
    tell('UserDeleteEvent', { organisationId, fields: { userID: id } })
  }
  if (caller.userId === id) {
    throw new RestError(
      409,
      'user.own',
      'users cannot delete themselves: another administrator can',
    )
  }
  if (organisationId === undefined) throw onlyAdministrator()
  tellSignOut(step, before, await endSessions(step, id))
  await leaveAllGroups(transaction, id)
  transaction.put(USERS, id, {
    ...kept,
    organisationId,
    status: 'DELETED',
    modifiedAt: now,
  })
  transaction.delete(USER_EMAILS, before.email)
  transaction.delete(SECOND_FACTORS, id)
  transaction.delete(SIGN_IN_FAILURES, id)
  if (identity !== undefined) {
    transaction.delete(FEDERATED_USERS, identityKey(organisationId, identity))
  }
}

/** Without its administrator only the key in the data folder would open the hub. */
function onlyAdministrator(): RestError {
  return new RestError(
    409,
    'user.only-administrator',
    "this is the hub's only administrator: it cannot be deleted, disabled or given another role",
  )
}

/** The user, unless it was deleted or is not the caller's to see. @throws RestError user.not-found */
export function userOf(caller: Principal, user: StoredUser | undefined, id: string): StoredUser {
  return visible(caller, user?.status === 'DELETED' ? undefined : user, id)
}

/** Key of a user by who it is to an OpenID provider, of one organisation. */
export function identityKey(
  organisationId: string,
  { issuer, subject }: NonNullable<StoredUser['identity']>,
): string {
  // A subject may be any text.
  return `${organisationId}|${fingerprint(JSON.stringify([issuer, subject]))}`
}

/** @throws RestError user.federated where a change is the OpenID provider's to make */
export function refuseFederated(changed: readonly string[]): void {
  const elsewhere = changed.find((name) => name === 'password' || name === 'role')
  if (elsewhere === undefined) return
  throw new RestError(
    409,
    'user.federated',
    `this user signs in with the OpenID provider, which decides its ${elsewhere}: change it there`,
  )
}

function visible(caller: Principal, user: StoredUser | undefined, id: string): StoredUser {
  if (user !== undefined && reachesUser(caller, user)) return user
  throw new RestError(404, 'user.not-found', `there is no user "${id}"`)
}

function reachesUser(caller: Principal, { organisationId }: StoredUser): boolean {
  return organisationId === undefined
    ? caller.organisationId === undefined
    : reaches(caller, organisationId)
}
