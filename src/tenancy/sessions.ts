import { RestError } from '#src/errors.ts'
import type { Principal } from '#src/model/principal.ts'
import { roleOf } from '#src/model/principal.ts'
import type { User } from '#src/model/tenancy.ts'
import {
  ACCOUNTS,
  FOUNDATION_ACCOUNTS,
  ORGANISATIONS,
  SESSIONS,
  USERS,
  USER_EMAILS,
  foundationKey,
} from './documents.ts'
import type { StoredUser } from './documents.ts'
import type { OrganisationPorts } from './organisations.ts'
import { hashPassword, passwordMatches } from './passwords.ts'
import { shown } from './users.ts'
import { fingerprint } from './vault.ts'

export interface NewSession {
  /** Goes into `Authorization: Bearer`; shown once. */
  readonly sessionToken: string
  readonly expiresAt: number
  readonly user: User
}

export interface Sessions {
  /** @throws RestError session.refused, the same for every reason, so that it tells nothing. */
  logIn(email: string, password: string): Promise<NewSession>
  /** Who a session's token stands for; undefined once it has expired. */
  principalOf(sessionToken: string): Promise<Principal | undefined>
}

/** The reference system's. */
export const SESSION_MS = 60 * 60 * 1_000
const SECRET_BYTES = 32
const EXPIRED_REMOVED_PER_LOGIN = 50

export function createSessions(
  ports: Pick<OrganisationPorts, 'state' | 'clock' | 'ids' | 'actions'>,
): Sessions {
  const { state, clock, ids, actions } = ports
  // Compared when there is no user, so that the answer takes as long.
  const nobodysHash = hashPassword(ids.secret(32))

  const recordLogIn = async (user: StoredUser, sessionToken: string | undefined) => {
    const expiresAt = clock.now() + SESSION_MS
    await actions.perform(undefined, async ({ transaction, tell }) => {
      const organisation = await transaction.get(ORGANISATIONS, user.organisationId)
      if (organisation === undefined) throw new Error(`user ${user.id} has no organisation`)
      const securityKey = foundationKey(organisation.id, 'SECURITY')
      const accountId = await state.get(FOUNDATION_ACCOUNTS, securityKey)
      const account = accountId === undefined ? undefined : await state.get(ACCOUNTS, accountId)
      const region = organisation.installationRegion
      if (sessionToken !== undefined) {
        transaction.put(SESSIONS, fingerprint(sessionToken), { userId: user.id, expiresAt })
      }
      tell('UserAuthenticationEvent', {
        organisationId: organisation.id,
        userId: user.id,
        // Users sign in at the identity service, which is the security account's.
        ...(account !== undefined && { aws: { accountId: account.awsAccountId, region } }),
        fields: {
          userID: user.id,
          status: sessionToken === undefined ? 'FAILED' : 'SUCCESS',
          authMethod: 'Login',
          loginType: 'Stax',
          ...(sessionToken === undefined && { message: 'the password was wrong' }),
        },
      })
    })
    return expiresAt
  }

  const removeExpired = async () => {
    const now = clock.now()
    const sessions = await state.list(SESSIONS, { limit: EXPIRED_REMOVED_PER_LOGIN })
    const expired = sessions.filter(({ value }) => value.expiresAt <= now)
    if (expired.length === 0) return
    await state.transact(async (transaction) => {
      for (const { key } of expired) transaction.delete(SESSIONS, key)
    })
  }

  return {
    logIn: async (email, password) => {
      const id = await state.get(USER_EMAILS, email.toLowerCase())
      const user = id === undefined ? undefined : await state.get(USERS, id)
      const hash = user?.passwordHash ?? (await nobodysHash)
      const matches = await passwordMatches(password, hash)
      if (user === undefined || user.status !== 'ACTIVE' || !matches) {
        if (user?.status === 'ACTIVE') await recordLogIn(user, undefined)
        throw new RestError(401, 'session.refused', 'the e-mail or the password is wrong')
      }
      await removeExpired()
      const sessionToken = ids.opaque(SECRET_BYTES)
      const expiresAt = await recordLogIn(user, sessionToken)
      return { sessionToken, expiresAt, user: shown(user) }
    },
    principalOf: async (sessionToken) => {
      const session = await state.get(SESSIONS, fingerprint(sessionToken))
      if (session === undefined || session.expiresAt <= clock.now()) return undefined
      const user = await state.get(USERS, session.userId)
      const role = user === undefined ? undefined : roleOf(user.role)
      if (user?.status !== 'ACTIVE' || role === undefined) return undefined
      return {
        arn: `arn:aws:iam::000000000000:user/${user.email}`,
        id: user.id,
        role,
        organisationId: user.organisationId,
        userId: user.id,
      }
    },
  }
}
