import { RestError } from '#src/errors.ts'
import type { Principal } from '#src/model/principal.ts'
import { tellSignOut } from './authentication-event.ts'
import { USERS } from './documents.ts'
import type { OrganisationPorts } from './organisations.ts'
import { NOBODYS_HASH, hashPassword, passwordMatches } from './passwords.ts'
import { countAndTell } from './second-factors.ts'
import { SIGN_IN_FAILURES } from './sign-in-documents.ts'
import { isLocked } from './sign-in-failures.ts'
import { endSessions } from './user-sessions.ts'
import { refuseFederated, userOf } from './users.ts'

export interface OwnPassword {
  /**
   * Changes the caller's own password and ends all its sessions. A wrong present one counts as a
   * failed sign-in. @throws RestError password.refused
   */
  change(
    caller: Principal,
    given: { readonly password: string; readonly newPassword: string },
  ): Promise<void>
}

export function createOwnPassword({
  state,
  actions,
}: Pick<OrganisationPorts, 'state' | 'actions'>): OwnPassword {
  return {
    change: async (caller, { password, newPassword }) => {
      const id = caller.userId
      if (id === undefined) throw notAUser()
      const before = await state.get(USERS, id)
      const hash = before?.passwordHash
      const matches = await passwordMatches(password, hash ?? NOBODYS_HASH)
      const passwordHash = await hashPassword(newPassword)
      const changed = await actions.perform(caller, async (step) => {
        const { transaction, now, tell } = step
        const user = userOf(caller, await transaction.get(USERS, id), id)
        if (user.authOrigin === 'oidc') refuseFederated(['password'])
        if (isLocked(await transaction.get(SIGN_IN_FAILURES, id), now)) return false
        if (!matches || user.passwordHash !== hash) {
          await countAndTell(step, user)
          return false
        }
        transaction.put(USERS, id, { ...user, passwordHash, modifiedAt: now })
        const { organisationId } = user
        if (organisationId !== undefined) {
          const fields = { userID: id, changed: ['password'] }
          tell('UserUpdateEvent', { organisationId, fields })
        }
        tellSignOut(step, user, await endSessions(step, id))
        return true
      })
      if (!changed) throw refused()
    },
  }
}

function notAUser(): RestError {
  return new RestError(
    403,
    'password.not-a-user',
    'a password belongs to a user: make this call in a session, not with an API token',
  )
}

function refused(): RestError {
  return new RestError(
    403,
    'password.refused',
    'the present password is wrong, or was wrong so often that it is refused for a while',
  )
}
