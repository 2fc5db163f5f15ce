import { RestError } from '#src/errors.ts'
import type { Step } from './actions.ts'
import { tellAuthentication } from './authentication-event.ts'
import type { OnSignIn } from './authentication-event.ts'
import { USERS, USER_EMAILS, organisationIdOf } from './documents.ts'
import type { StoredUser } from './documents.ts'
import type { OrganisationPorts } from './organisations.ts'
import type { Passwords } from './passwords.ts'
import { acceptCode } from './second-factors.ts'
import { SIGN_IN_FAILURES } from './sign-in-documents.ts'
import type { SignInFailures } from './sign-in-documents.ts'
import { afterFailure, countAndTell, isLocked } from './sign-in-failures.ts'
import { passwordsAllowed } from './sign-in-settings.ts'
import type { SourceLimiter } from './source-limiter.ts'
import { beginSession } from './user-sessions.ts'
import type { NewSession, NewUserSession, SessionTokens } from './user-sessions.ts'
import { shown } from './shown-user.ts'
import type { Vault } from './vault.ts'

export interface PasswordAttempt {
  readonly email: string
  readonly password: string
  /** Of the second factor, or a recovery code. */
  readonly code?: string | undefined
  readonly sourceAddress: string
}

export interface PasswordSignIn {
  /**
   * @throws RestError session.refused, the same for every reason, so that it tells nothing;
   *   session.code-required, session.code-refused where the password was right;
   *   session.too-many-attempts, session.busy whatever was given.
   */
  signIn(attempt: PasswordAttempt): Promise<NewUserSession>
}

export type PasswordSignInPorts = Pick<OrganisationPorts, 'state' | 'clock' | 'ids' | 'actions'> & {
  readonly vault: Vault
  readonly tokens: SessionTokens
  readonly limiter: SourceLimiter
  readonly passwords: Passwords
  readonly onSignIn: OnSignIn
}

const NOBODY = 'nobody'
/** E-mails remembered that nobody can sign in with; the one that came first is forgotten. */
const NOBODIES_MAX = 10_000

type Outcome =
  | { readonly kind: 'refused' | 'code-required' | 'code-refused' }
  | { readonly kind: 'signed-in'; readonly user: StoredUser; readonly issued: NewSession }

/**
 * Sign-in with a password. A locked user is refused in the words of any other refusal even with
 * the right password: said otherwise, a lock would tell who guesses on that a guess was right, and
 * so would not bound guessing (OWASP, Authentication Cheat Sheet: generic messages, in the same
 * time). No processor is spent on a locked user's password; as that is quicker, e-mails that nobody
 * can sign in with are locked after as many tries. The user's admin sees the lock as an event, and
 * can end it.
 */
export function createPasswordSignIn(ports: PasswordSignInPorts): PasswordSignIn {
  const { state, clock, actions, limiter, passwords, onSignIn } = ports
  const nobodies = new Map<string, SignInFailures>()

  return {
    signIn: async (attempt) => {
      const { sourceAddress } = attempt
      limiter.begin(sourceAddress)
      const email = attempt.email.toLowerCase()
      const id = await state.get(USER_EMAILS, email)
      const user = id === undefined ? undefined : await state.get(USERS, id)
      const maySignIn = user?.status === 'ACTIVE' && (await passwordsAllowed(state, user))
      const failures = maySignIn ? await state.get(SIGN_IN_FAILURES, user.id) : nobodies.get(email)
      const locked = isLocked(failures, clock.now())
      const hash = user?.passwordHash
      const matches = !locked && (await compared(attempt, hash))
      if (!maySignIn && !locked) countNobody(email)
      const outcome: Outcome =
        user === undefined
          ? await refuseNobody()
          : await actions.perform(undefined, async (step) =>
              decide(ports, step, {
                userId: user.id,
                attempt,
                hash: matches ? hash : undefined,
                locked,
              }),
            )
      const ok = outcome.kind === 'signed-in'
      if (ok || outcome.kind === 'code-required') limiter.takeBack(sourceAddress)
      const of = user && { userId: user.id, ...organisationIdOf(user) }
      if (outcome.kind !== 'code-required') onSignIn({ ok, authMethod: 'Login', ...of })
      if (outcome.kind !== 'signed-in') throw refusalOf(outcome.kind)
      return { ...outcome.issued, user: shown(outcome.user) }
    },
  }

  async function compared({ password, sourceAddress }: PasswordAttempt, hash: string | undefined) {
    try {
      return await passwords.matches(password, hash)
    } catch (error) {
      limiter.takeBack(sourceAddress)
      throw error
    }
  }

  function countNobody(email: string): void {
    const failures = afterFailure(nobodies.get(email), clock.now())
    const [first] = nobodies.keys()
    if (nobodies.size >= NOBODIES_MAX && first !== undefined) nobodies.delete(first)
    nobodies.set(email, failures)
  }

  /** Writes as for a user, so that the answer takes as long. */
  async function refuseNobody(): Promise<Outcome> {
    const failure = afterFailure(undefined, clock.now())
    await state.transact(async (transaction) => transaction.put(SIGN_IN_FAILURES, NOBODY, failure))
    return { kind: 'refused' }
  }
}

interface Compared {
  readonly userId: string
  readonly attempt: PasswordAttempt
  /** The hash that the password matched. */
  readonly hash: string | undefined
  /** The user was locked, so no password was compared. */
  readonly locked: boolean
}

/** All in one transaction, so that attempts at the same time count one after the other. */
async function decide(
  { state, vault, ids, tokens }: PasswordSignInPorts,
  step: Step,
  { userId, attempt, hash, locked }: Compared,
): Promise<Outcome> {
  const { transaction, now } = step
  const user = await transaction.get(USERS, userId)
  if (user === undefined || user.status === 'DELETED') return { kind: 'refused' }
  const { sourceAddress } = attempt
  const how = { authMethod: 'Login', loginType: 'Stax', sourceIp: sourceAddress } as const
  const refuse = async (kind: 'refused' | 'code-refused', refusal: string): Promise<Outcome> => {
    await tellAuthentication(step, state, user, { ...how, refusal })
    return { kind }
  }
  if (locked || isLocked(await transaction.get(SIGN_IN_FAILURES, userId), now)) {
    return refuse('refused', 'the user is locked after too many failed sign-ins')
  }
  if (user.status === 'DISABLED') return refuse('refused', 'the user is disabled')
  if (!(await passwordsAllowed(transaction, user))) {
    return refuse('refused', 'the organisation does not let users sign in with passwords')
  }
  if (hash === undefined || user.passwordHash !== hash) {
    const outcome = await refuse('refused', 'the password was wrong')
    await countAndTell(step, user)
    return outcome
  }
  if (user.mfaEnabled) {
    if (attempt.code === undefined) return { kind: 'code-required' }
    if (!(await acceptCode(step, vault, userId, attempt.code))) {
      const outcome = await refuse('code-refused', 'the code was wrong or used before')
      await countAndTell(step, user)
      return outcome
    }
  }
  const from = { loginType: how.loginType, sourceAddress }
  const issued = await beginSession(step, { ids, tokens }, user, from)
  transaction.delete(SIGN_IN_FAILURES, userId)
  await tellAuthentication(step, state, user, how)
  return { kind: 'signed-in', user, issued }
}

function refusalOf(kind: 'refused' | 'code-required' | 'code-refused'): RestError {
  switch (kind) {
    case 'refused':
      return new RestError(
        401,
        'session.refused',
        'the e-mail or the password is wrong, or was wrong so often that it is refused for a while',
      )
    case 'code-required':
      return new RestError(
        401,
        'session.code-required',
        'this user has a second factor: send its "code" too, or a recovery code',
      )
    case 'code-refused':
      return new RestError(
        401,
        'session.code-refused',
        'the code is wrong or was used before: wait for the next one and try again',
      )
    default:
      return kind satisfies never
  }
}
