import { isoMicros, momentOf } from '#src/model/moment.ts'
import type { Step } from './actions.ts'
import type { StoredUser } from './documents.ts'
import { SIGN_IN_FAILURES } from './sign-in-documents.ts'
import type { SignInFailures } from './sign-in-documents.ts'

/** Wrong passwords and codes that lock a user, when they come within the window. */
export const FAILURES_MAX = 10
export const FAILURE_WINDOW_MS = 15 * 60_000
/** The first lock; each later one lasts twice as long, up to the longest. */
export const LOCK_MS_FIRST = 60_000
export const LOCK_MS_MAX = 60 * 60_000
/** A user who is left alone for so long after a lock begins anew. */
export const LOCKS_FORGOTTEN_MS = 24 * 60 * 60_000

/** What a failure makes of those before it. The caller knows that the user is not locked. */
export function afterFailure(before: SignInFailures | undefined, now: number): SignInFailures {
  const remembered = before !== undefined && now - before.lockedUntil < LOCKS_FORGOTTEN_MS
  const locks = remembered ? before.locks : 0
  const lockedUntil = remembered ? before.lockedUntil : 0
  const inWindow = before !== undefined && before.failures > 0
  const counting = inWindow && now - before.since < FAILURE_WINDOW_MS
  const failures = counting ? before.failures + 1 : 1
  const since = counting ? before.since : now
  if (failures < FAILURES_MAX) return { failures, since, locks, lockedUntil }
  const lockMs = Math.min(LOCK_MS_FIRST * 2 ** locks, LOCK_MS_MAX)
  return { failures: 0, since: now, locks: locks + 1, lockedUntil: now + lockMs }
}

export function isLocked(failures: SignInFailures | undefined, now: number): boolean {
  return failures !== undefined && failures.lockedUntil > now
}

/** Counts a wrong password or code, and tells it when that locks the user. */
export async function countAndTell(
  { transaction, now, tell }: Step,
  { id, organisationId }: StoredUser,
): Promise<void> {
  const after = afterFailure(await transaction.get(SIGN_IN_FAILURES, id), now)
  transaction.put(SIGN_IN_FAILURES, id, after)
  if (!isLocked(after, now) || organisationId === undefined) return
  const lockedUntil = isoMicros(momentOf(after.lockedUntil))
  const fields = { userID: id, locked: true, lockedUntil }
  tell('UserLockoutEvent', { organisationId, userId: id, fields })
}
