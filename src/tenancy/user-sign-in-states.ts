import type { User } from '#src/model/tenancy.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State } from '#src/ports/state.ts'
import { USERS } from './documents.ts'
import { SIGN_IN_FAILURES } from './sign-in-documents.ts'
import { isLocked } from './sign-in-failures.ts'

/** Adds to a user what is kept apart from it: whether a password is set, and until when a lock is. */
export type WithSignInState = (user: User) => Promise<User>

export function createWithSignInState({
  state,
  clock,
}: {
  readonly state: State
  readonly clock: Clock
}): WithSignInState {
  return async (user) => {
    const stored = await state.get(USERS, user.id)
    const failures = await state.get(SIGN_IN_FAILURES, user.id)
    return {
      ...user,
      ...(user.authOrigin === 'local' && { passwordSet: stored?.passwordHash !== undefined }),
      ...(isLocked(failures, clock.now()) && { lockedUntil: failures?.lockedUntil as number }),
    }
  }
}
