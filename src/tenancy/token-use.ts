import { StoreFullFault } from '#src/errors.ts'
import type { Principal } from '#src/model/principal.ts'
import type { State } from '#src/ports/state.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Actions } from './actions.ts'
import { API_TOKENS, TOKEN_USES } from './documents.ts'

/** How a signed call came out. */
export type Authentication =
  | { readonly ok: true }
  | { readonly ok: false; readonly errorCode: string; readonly message: string }

export interface TokenUses {
  /**
   * Notes that a call was signed with an API token, or only claimed to be. undefined: there is
   * nothing to wait for. Otherwise the call goes on when its APITokenAuthenticationEvent is durable.
   */
  note(
    principal: Principal,
    authentication: Authentication,
    sourceIp: string | undefined,
  ): Promise<void> | undefined
}

/** Every signed call authenticates: one event an hour says so, as one does for a user's session. */
const SUCCESS_EVENT_EVERY_MS = 60 * 60_000
/** Whoever tries secrets makes no flood of events. */
const FAILURE_EVENT_EVERY_MS = 60_000
/** `lastUsedAt` is true to this. */
const USE_WRITTEN_EVERY_MS = 60_000
/** Tokens that were used lately; dropped whole when full. */
const NOTED_MAX = 20_000

interface Noted {
  usedAt: number
  authenticatedAt: number
  failedAt: number
}

export function createTokenUses({
  state,
  actions,
  clock,
}: {
  readonly state: State
  readonly actions: Actions
  readonly clock: Clock
}): TokenUses {
  const noted = new Map<string, Promise<Noted> | Noted>()

  const load = async (accessKeyId: string): Promise<Noted> => {
    const use = await state.get(TOKEN_USES, accessKeyId)
    const never = Number.NEGATIVE_INFINITY
    const loaded = {
      usedAt: use?.usedAt ?? never,
      authenticatedAt: use?.authenticatedAt ?? never,
      failedAt: never,
    }
    noted.set(accessKeyId, loaded)
    return loaded
  }

  const succeeded = (principal: Principal, known: Noted, sourceIp: string | undefined) => {
    const now = clock.now()
    const { accessKeyId, organisationId } = principal
    const tells =
      organisationId !== undefined && now - known.authenticatedAt >= SUCCESS_EVENT_EVERY_MS
    if (!tells && now - known.usedAt < USE_WRITTEN_EVERY_MS) return undefined
    const before = { ...known }
    // At once, so that calls that come together make one event.
    known.usedAt = now
    if (tells) known.authenticatedAt = now
    return actions
      .perform(undefined, async ({ transaction, tell }) => {
        if (accessKeyId === undefined) return
        // Deleted meanwhile.
        if ((await transaction.get(API_TOKENS, accessKeyId)) === undefined) return
        const { usedAt } = known
        const authenticatedAt = Math.max(known.authenticatedAt, 0)
        transaction.put(TOKEN_USES, accessKeyId, { usedAt, authenticatedAt })
        if (tells) {
          const fields = { accessKeyId, ...(sourceIp !== undefined && { sourceIp }) }
          tell('APITokenAuthenticationEvent', { organisationId, accessKeyId, fields })
        }
      })
      .catch((error: unknown) => {
        Object.assign(known, before)
        // Reading must go on while there is no room to write: the next call tells it.
        if (!(error instanceof StoreFullFault)) throw error
      })
  }

  const failed = (
    { accessKeyId, organisationId }: Principal,
    known: Noted,
    fields: Readonly<Record<string, unknown>>,
  ) => {
    const now = clock.now()
    if (organisationId === undefined || accessKeyId === undefined) return undefined
    if (now - known.failedAt < FAILURE_EVENT_EVERY_MS) return undefined
    const { failedAt } = known
    known.failedAt = now
    return actions
      .perform(undefined, async ({ tell }) => {
        const told = { accessKeyId, status: 'FAILED', ...fields }
        tell('APITokenAuthenticationEvent', { organisationId, accessKeyId, fields: told })
      })
      .catch((error: unknown) => {
        known.failedAt = failedAt
        if (!(error instanceof StoreFullFault)) throw error
      })
  }

  return {
    note: (principal, authentication, sourceIp) => {
      const { accessKeyId } = principal
      if (accessKeyId === undefined) return undefined
      const note = (known: Noted) => {
        if (authentication.ok) return succeeded(principal, known, sourceIp)
        const { errorCode, message } = authentication
        const from = sourceIp === undefined ? {} : { sourceIp }
        return failed(principal, known, { errorCode, message, ...from })
      }
      const known = noted.get(accessKeyId)
      if (known !== undefined) return known instanceof Promise ? known.then(note) : note(known)
      if (noted.size >= NOTED_MAX) noted.clear()
      const loading = load(accessKeyId).catch((error: unknown) => {
        // The next call tries again.
        noted.delete(accessKeyId)
        throw error
      })
      noted.set(accessKeyId, loading)
      return loading.then(note)
    },
  }
}
