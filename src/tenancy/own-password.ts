import { RestError } from '#src/errors.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Step } from './actions.ts'
import { tellSignOut } from './authentication-event.ts'
import { USERS } from './documents.ts'
import type { StoredUser } from './documents.ts'
import type { OrganisationPorts } from './organisations.ts'
import type { Passwords } from './passwords.ts'
import { SIGN_IN_FAILURES } from './sign-in-documents.ts'
import { countAndTell, isLocked } from './sign-in-failures.ts'
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

export type OwnPasswordPorts = Pick<OrganisationPorts, 'state' | 'clock' | 'actions'> & {
  readonly passwords: Passwords
}

export function createOwnPassword(ports: OwnPasswordPorts): OwnPassword {
  const { state, passwords } = ports
  return {
    change: async (caller, { password, newPassword }) => {
      const user = caller.userId === undefined ? undefined : await state.get(USERS, caller.userId)
      if (user === undefined) throw notAUser()
      if (user.authOrigin === 'oidc') refuseFederated(['password'])
      await withPassword(ports, { caller, user, password }, async () => {
        const passwordHash = await passwords.hash(newPassword)
        return async (step, present) => {
          const { transaction, now, tell } = step
          const { id, organisationId } = present
          transaction.put(USERS, id, { ...present, passwordHash, modifiedAt: now })
          if (organisationId !== undefined) {
            const fields = { userID: id, changed: ['password'] }
            tell('UserUpdateEvent', { organisationId, fields })
          }
          tellSignOut(step, present, await endSessions(step, id))
        }
      })
    },
  }
}

interface Claimed {
  readonly caller: Principal
  readonly user: StoredUser
  readonly password: string
}

/**
 * Does what needs the caller's present password; a wrong one counts as a failed sign-in.
 * @param prepare runs once, where the password is right, and answers what is done then
 * @throws RestError password.refused
 */
export async function withPassword<R>(
  { state, clock, actions, passwords }: OwnPasswordPorts,
  { caller, user: { id, passwordHash }, password }: Claimed,
  prepare: () => Promise<(step: Step, user: StoredUser) => Promise<R>>,
): Promise<R> {
  if (isLocked(await state.get(SIGN_IN_FAILURES, id), clock.now())) throw refused()
  const matches = await passwords.matches(password, passwordHash)
  const act = matches ? await prepare() : undefined
  const outcome = await actions.perform(caller, async (step) => {
    const user = userOf(caller, await step.transaction.get(USERS, id), id)
    if (isLocked(await step.transaction.get(SIGN_IN_FAILURES, id), step.now)) return undefined
    if (act !== undefined && user.passwordHash === passwordHash) {
      return { done: await act(step, user) }
    }
    await countAndTell(step, user)
    return undefined
  })
  if (outcome !== undefined) return outcome.done
  throw refused()
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
