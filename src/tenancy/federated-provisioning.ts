import type { OidcSettings } from '#src/model/service-configuration.ts'
import type { ProviderClaims } from '#src/ports/identity-provider.ts'
import type { Step } from './actions.ts'
import { tellAuthentication, tellSignOut } from './authentication-event.ts'
import { USERS, USER_EMAILS } from './documents.ts'
import type { StoredUser } from './documents.ts'
import { claimedUser } from './federated-user.ts'
import type { ClaimedUser } from './federated-user.ts'
import { remember } from './history.ts'
import type { OrganisationPorts } from './organisations.ts'
import { FEDERATED_USERS, SECOND_FACTORS } from './sign-in-documents.ts'
import { endSessions } from './user-sessions.ts'
import { identityKey } from './users.ts'

export type Provisioned =
  | { readonly ok: true; readonly userId: string }
  | {
      readonly ok: false
      readonly code: string
      readonly message: string
      /** Whom the sign-in was for, where that is known. */
      readonly userId?: string
    }

interface Claimed {
  readonly organisationId: string
  readonly settings: OidcSettings
  readonly claimed: ProviderClaims
}

/**
 * The user whom an OpenID provider's claims are about, made or brought up to date: by issuer and
 * subject, else by an e-mail that the provider has verified, else a new one. The role is decided
 * anew at each sign-in, as in the reference system. A refusal of a known user is told.
 */
export async function provisionUser(
  { state, ids, actions }: Pick<OrganisationPorts, 'state' | 'ids' | 'actions'>,
  { organisationId, settings, claimed }: Claimed,
): Promise<Provisioned> {
  const says = claimedUser(claimed, settings)
  const { issuer, subject } = claimed
  const identity = { issuer, subject }
  return actions.perform(undefined, async (step): Promise<Provisioned> => {
    const { transaction, now } = step
    const key = identityKey(organisationId, identity)
    const knownId = await transaction.get(FEDERATED_USERS, key)
    const emailId =
      says.email === undefined ? undefined : await transaction.get(USER_EMAILS, says.email)
    const linkedId = knownId ?? emailId
    const before = linkedId === undefined ? undefined : await transaction.get(USERS, linkedId)
    const fault = faultOf(says, before, { organisationId, issuer, linking: knownId === undefined })
    if (fault !== undefined) {
      if (before === undefined || before.organisationId !== organisationId) return fault
      const how = { authMethod: 'Login', loginType: 'Federated' } as const
      await tellAuthentication(step, state, before, { ...how, refusal: fault.message })
      return { ...fault, userId: before.id }
    }
    const { role = 'customer_readonly', firstName, lastName } = says
    const known = { firstName, lastName, role, authOrigin: 'oidc', mfaEnabled: null } as const
    if (before === undefined) {
      const email = says.email ?? ''
      const id = ids.timeOrderedUuid(now)
      const created = { ...known, id, organisationId, email, status: 'ACTIVE', identity } as const
      put(step, key, { ...created, createdAt: now, modifiedAt: now })
      const named = { username: email, email, role, firstName, lastName }
      const fields = { userID: id, ...named }
      step.tell('UserCreateEvent', { organisationId, userId: id, fields })
      return { ok: true, userId: id }
    }
    await update(step, key, { before, known: { ...known, identity }, says, emailId })
    return { ok: true, userId: before.id }
  })
}

/** Writes what has changed of a user, and ends what it had as a local one. */
async function update(
  step: Step,
  key: string,
  given: {
    readonly before: StoredUser
    readonly known: Partial<StoredUser>
    readonly says: ClaimedUser
    readonly emailId: string | undefined
  },
): Promise<void> {
  const { before, known, says, emailId } = given
  const { passwordHash: _, ...kept } = before
  // Another user's e-mail is not taken over; the old one does.
  const renamed = says.email !== undefined && says.emailVerified === true && emailId === undefined
  const email = renamed ? (says.email ?? before.email) : before.email
  const names = Object.fromEntries(
    (['firstName', 'lastName'] as const).map((name) => [name, known[name] || before[name]]),
  )
  const after: StoredUser = { ...kept, ...known, ...names, email }
  const changed = (['email', 'firstName', 'lastName', 'role', 'authOrigin'] as const).filter(
    (name) => before[name] !== after[name],
  )
  const { id: userId, organisationId = '' } = after
  const linkedBy = before.identity && identityKey(organisationId, before.identity)
  if (changed.length === 0 && linkedBy === key) return
  if (linkedBy !== undefined) step.transaction.delete(FEDERATED_USERS, linkedBy)
  if (email !== before.email) step.transaction.delete(USER_EMAILS, before.email)
  put(step, key, { ...after, modifiedAt: step.now })
  step.tell('UserUpdateEvent', { organisationId, userId, fields: { userID: userId, changed } })
  if (before.authOrigin === 'oidc') return
  step.transaction.delete(SECOND_FACTORS, userId)
  tellSignOut(step, before, await endSessions(step, userId))
}

function put({ transaction, moment }: Step, key: string, user: StoredUser): void {
  transaction.put(USERS, user.id, user)
  transaction.put(USER_EMAILS, user.email, user.id)
  transaction.put(FEDERATED_USERS, key, user.id)
  remember(transaction, moment, 'user', [user.id, user])
}

/** Why this user may not come in, or undefined. */
function faultOf(
  { email, emailVerified, role }: ClaimedUser,
  user: StoredUser | undefined,
  {
    organisationId,
    issuer,
    linking,
  }: Omit<Claimed, 'settings' | 'claimed'> & {
    readonly issuer: string
    readonly linking: boolean
  },
) {
  const fault = (code: string, message: string) => ({ ok: false as const, code, message })
  if (user !== undefined && user.organisationId !== organisationId) {
    return fault('sign-in.email-taken', 'a user of another organisation has this e-mail')
  }
  if (user !== undefined && user.status !== 'ACTIVE') {
    return fault('sign-in.user-disabled', 'the user is disabled: an administrator can enable it')
  }
  if (user !== undefined && linking && emailVerified !== true) {
    return fault(
      'sign-in.email-not-verified',
      'a user with this e-mail exists, and the OpenID provider does not say that it verified the e-mail',
    )
  }
  // An e-mail that the same provider gave to somebody else; another provider is a new link.
  if (user?.identity?.issuer === issuer && linking) {
    return fault(
      'sign-in.other-subject',
      'the user with this e-mail is somebody else at the OpenID provider: an administrator can delete the old user',
    )
  }
  if (user === undefined && email === undefined) {
    return fault('sign-in.no-email', 'the OpenID provider does not say an e-mail: add its scope')
  }
  // Some, such as Entra ID, never say it: for a new user the organisation's choice of them is enough.
  if (user === undefined && emailVerified === false) {
    return fault('sign-in.email-not-verified', 'the OpenID provider has not verified the e-mail')
  }
  if (role !== undefined) return undefined
  return fault(
    'sign-in.no-role',
    'nothing that the OpenID provider says gives the user a role here',
  )
}
