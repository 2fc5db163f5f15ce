import { RestError } from '#src/errors.ts'
import type { Principal } from '#src/model/principal.ts'
import { roleOf } from '#src/model/principal.ts'
import type { User } from '#src/model/tenancy.ts'
import type { Step } from './actions.ts'
import { tellAuthentication, tellSignOut } from './authentication-event.ts'
import type { OnSignIn } from './authentication-event.ts'
import { USERS, organisationIdOf } from './documents.ts'
import type { StoredUser } from './documents.ts'
import type { OrganisationPorts } from './organisations.ts'
import { passwordsAllowed, secondFactorMissing } from './sign-in-settings.ts'
import type { LoginType } from './sign-in-documents.ts'
import { endSessions, livingSessions, putSessions, refreshed } from './user-sessions.ts'
import type { NewUserSession, SessionTokens } from './user-sessions.ts'
import { shown } from './shown-user.ts'
import { userOf } from './users.ts'
import { fingerprint } from './vault.ts'

/** A session as its user sees it: without its tokens. */
export interface SessionView {
  readonly id: string
  readonly createdAt: number
  readonly lastUsedAt: number
  readonly expiresAt: number
  readonly endsAt: number
  readonly loginType: LoginType
  readonly sourceAddress: string
  /** The one that asks. */
  readonly current: boolean
}

export interface Sessions {
  /**
   * New tokens for a refresh token. One that was spent before ends the session: somebody else has
   * it. @throws RestError session.ended, the same for every reason
   */
  refresh(refreshToken: string): Promise<NewUserSession>
  /** Who a session's token stands for; undefined once it has expired or ended. */
  principalOf(sessionToken: string): Promise<Principal | undefined>
  /** The user behind a call, where it is made in a session. */
  userBehind(caller: Principal): Promise<User | undefined>
  list(caller: Principal): Promise<readonly SessionView[]>
  endCurrent(caller: Principal): Promise<void>
  endAll(caller: Principal): Promise<void>
  endAllOf(caller: Principal, userId: string): Promise<void>
}

export type SessionsPorts = Pick<OrganisationPorts, 'state' | 'clock' | 'actions'> & {
  readonly tokens: SessionTokens
  readonly onSignIn: OnSignIn
}

/** Moments of last use kept in memory; dropped whole when full. */
const USES_MAX = 20_000

export function createSessions(ports: SessionsPorts): Sessions {
  const { state, clock, actions, tokens, onSignIn } = ports
  // Not written for each call; after a restart a session was last used when it was refreshed.
  const uses = new Map<string, number>()
  const noteUse = (sessionId: string) => {
    if (uses.size >= USES_MAX) uses.clear()
    uses.set(sessionId, clock.now())
  }

  const end = (caller: Principal, userId: string, sessionId?: string) =>
    actions.perform(caller, async (step) => {
      const user = userOf(caller, await step.transaction.get(USERS, userId), userId)
      tellSignOut(step, user, await endSessions(step, userId, sessionId))
    })

  return {
    refresh: async (refreshToken) => {
      const read = tokens.read('refresh', refreshToken)
      if (read === undefined) throw ended()
      const { userId } = read
      const outcome = await actions.perform(undefined, async (step) => {
        const { transaction, now } = step
        const user = await transaction.get(USERS, userId)
        const living = await livingSessions(transaction, userId, now)
        const found = living.find(({ id }) => id === read.sessionId)
        if (user?.status !== 'ACTIVE' || found === undefined) return undefined
        const others = living.filter(({ id }) => id !== found.id)
        const spent = found.refreshFingerprint !== fingerprint(refreshToken)
        const refusal = spent
          ? 'a refresh token came a second time: the session was ended'
          : await passwordRefusal(step, user)
        const how = { authMethod: 'RefreshToken' } as const
        if (refusal !== undefined) {
          putSessions(transaction, userId, others)
          await tellAuthentication(step, state, user, { ...how, refusal })
          return { user, issued: undefined }
        }
        const { session, issued } = refreshed(tokens, userId, found, now)
        putSessions(transaction, userId, [...others, session].toSorted(byAge))
        await tellAuthentication(step, state, user, how)
        return { user, issued }
      })
      const { user, issued } = outcome ?? {}
      const of = user && { userId, ...organisationIdOf(user) }
      onSignIn({ ok: issued !== undefined, authMethod: 'RefreshToken', ...of })
      if (user === undefined || issued === undefined) throw ended()
      return { ...issued, user: shown(user) }
    },
    principalOf: async (sessionToken) => {
      const read = tokens.read('session', sessionToken)
      if (read === undefined) return undefined
      const living = await livingSessions(state, read.userId, clock.now())
      const session = living.find(({ id }) => id === read.sessionId)
      if (session === undefined || session.expiresAt <= clock.now()) return undefined
      if (session.sessionFingerprint !== fingerprint(sessionToken)) return undefined
      const user = await state.get(USERS, read.userId)
      const role = user === undefined ? undefined : roleOf(user.role)
      if (user?.status !== 'ACTIVE' || role === undefined) return undefined
      noteUse(session.id)
      const { id, expiresAt, endsAt } = session
      return {
        arn: `arn:aws:iam::000000000000:user/${user.email}`,
        id: user.id,
        role,
        ...organisationIdOf(user),
        userId: user.id,
        session: { id, expiresAt, endsAt },
        ...((await secondFactorMissing(state, user)) && { mustEnrol: true as const }),
      }
    },
    userBehind: async ({ userId }) => {
      const user = userId === undefined ? undefined : await state.get(USERS, userId)
      return user && shown(user)
    },
    list: async (caller) => {
      const { userId, current } = own(caller)
      const living = await livingSessions(state, userId, clock.now())
      return living.map(
        ({ sessionFingerprint: _, refreshFingerprint: __, refreshedAt, ...session }) => ({
          ...session,
          lastUsedAt: Math.max(refreshedAt, uses.get(session.id) ?? 0),
          current: session.id === current,
        }),
      )
    },
    endCurrent: async (caller) => {
      const { userId, current } = own(caller)
      await end(caller, userId, current)
    },
    endAll: async (caller) => end(caller, own(caller).userId),
    endAllOf: (caller, userId) => end(caller, userId),
  }

  async function passwordRefusal(step: Step, user: StoredUser): Promise<string | undefined> {
    return (await passwordsAllowed(step.transaction, user))
      ? undefined
      : 'the organisation does not let users sign in with passwords any more'
  }
}

function own({ userId, session }: Principal) {
  if (userId !== undefined && session !== undefined) return { userId, current: session.id }
  throw new RestError(
    403,
    'session.none',
    'this call is signed with an API token, which has no sessions: make it in a session of a user',
  )
}

function byAge(one: { readonly id: string }, other: { readonly id: string }): number {
  return one.id < other.id ? -1 : 1
}

function ended(): RestError {
  return new RestError(401, 'session.ended', 'the session has ended: sign in again')
}
