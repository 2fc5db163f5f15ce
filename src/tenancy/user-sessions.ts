import type { User } from '#src/model/tenancy.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import type { Step } from './actions.ts'
import type { StoredUser } from './documents.ts'
import { USER_SESSIONS } from './sign-in-documents.ts'
import type { LoginType, StoredSession } from './sign-in-documents.ts'
import { fingerprint } from './vault.ts'
import type { Vault } from './vault.ts'

/** What a sign-in gives, shown once. */
export interface NewSession {
  /** Goes into `Authorization: Bearer`. */
  readonly sessionToken: string
  /** Good once, for the next pair of tokens. */
  readonly refreshToken: string
  /** When the session token expires. */
  readonly expiresAt: number
  /** When the session ends, however often it is refreshed. */
  readonly endsAt: number
}
export type NewUserSession = NewSession & { readonly user: User }

/** The reference system's. */
export const SESSION_MS = 60 * 60 * 1_000
/** A working day; after it people prove anew who they are. */
export const SESSION_ENDS_AFTER_MS = 12 * 60 * 60 * 1_000
/** One more ends the oldest. */
export const SESSIONS_PER_USER_MAX = 50

const NONCE_BYTES = 16
/** Longer ones were not made here. */
const TOKEN_CHARACTERS_MAX = 512
const SEPARATOR = '|'

type TokenKind = 'session' | 'refresh'

/**
 * A token says, sealed, which session of which user it is for, so that a spent refresh token is
 * still known for what it was. It counts only while the session holds its fingerprint.
 */
export interface SessionTokens {
  mint(kind: TokenKind, userId: string, sessionId: string): string
  read(
    kind: TokenKind,
    token: string,
  ): { readonly userId: string; readonly sessionId: string } | undefined
}

export function createSessionTokens(vault: Vault, ids: Ids): SessionTokens {
  return {
    mint: (kind, ...named) =>
      vault.seal([kind], [...named, ids.opaque(NONCE_BYTES)].join(SEPARATOR)),
    read: (kind, token) => {
      const text = token.length > TOKEN_CHARACTERS_MAX ? undefined : vault.open([kind], token)
      const [userId, sessionId] = text?.split(SEPARATOR) ?? []
      if (userId === undefined || sessionId === undefined) return undefined
      return { userId, sessionId }
    },
  }
}

export interface SessionPorts {
  readonly ids: Ids
  readonly tokens: SessionTokens
}

export async function beginSession(
  { transaction, now }: Step,
  { ids, tokens }: SessionPorts,
  user: StoredUser,
  from: { readonly loginType: LoginType; readonly sourceAddress: string },
): Promise<NewSession> {
  const id = ids.timeOrderedUuid(now)
  const endsAt = now + SESSION_ENDS_AFTER_MS
  const { issued, stored } = issue(tokens, user.id, { id, now, endsAt })
  const session = { ...stored, createdAt: now, ...from }
  const living = await livingSessions(transaction, user.id, now)
  transaction.put(USER_SESSIONS, user.id, [...living, session].slice(-SESSIONS_PER_USER_MAX))
  return issued
}

/** The session with new tokens; its old ones are spent. */
export function refreshed(
  tokens: SessionTokens,
  userId: string,
  session: StoredSession,
  now: number,
): { readonly session: StoredSession; readonly issued: NewSession } {
  const { id, endsAt } = session
  const { issued, stored } = issue(tokens, userId, { id, now, endsAt })
  return { issued, session: { ...session, ...stored } }
}

/** Ends all sessions of a user, or the one named; answers how many. */
export async function endSessions(
  { transaction, now }: Pick<Step, 'transaction' | 'now'>,
  userId: string,
  sessionId?: string,
): Promise<number> {
  const living = await livingSessions(transaction, userId, now)
  const kept = sessionId === undefined ? [] : living.filter(({ id }) => id !== sessionId)
  putSessions(transaction, userId, kept)
  return living.length - kept.length
}

export function putSessions(
  transaction: StateTransaction,
  userId: string,
  sessions: readonly StoredSession[],
): void {
  if (sessions.length === 0) transaction.delete(USER_SESSIONS, userId)
  else transaction.put(USER_SESSIONS, userId, sessions)
}

/** Those that have not ended, oldest first. */
export async function livingSessions(
  from: Pick<StateTransaction, 'get'>,
  userId: string,
  now: number,
): Promise<readonly StoredSession[]> {
  return ((await from.get(USER_SESSIONS, userId)) ?? []).filter(({ endsAt }) => endsAt > now)
}

function issue(
  tokens: SessionTokens,
  userId: string,
  { id, now, endsAt }: { readonly id: string; readonly now: number; readonly endsAt: number },
) {
  const sessionToken = tokens.mint('session', userId, id)
  const refreshToken = tokens.mint('refresh', userId, id)
  const expiresAt = Math.min(now + SESSION_MS, endsAt)
  const stored = {
    id,
    refreshedAt: now,
    expiresAt,
    endsAt,
    sessionFingerprint: fingerprint(sessionToken),
    refreshFingerprint: fingerprint(refreshToken),
  }
  return { issued: { sessionToken, refreshToken, expiresAt, endsAt }, stored }
}
