import type { OAuthAuthorization } from '#src/model/connection.ts'
import type { TokenOutcome } from '#src/model/invocation.ts'
import type { Clock } from '#src/ports/clock.ts'
import { patiently, pause } from '#src/ports/patiently.ts'
import type { State } from '#src/ports/state.ts'
import type { Vault } from '#src/tenancy/vault.ts'
import { CONNECTIONS, addressKey, opened } from './documents.ts'
import type { StoredConnection } from './documents.ts'
import { tokenHolder } from './oauth-tokens.ts'
import type { OAuthTokens } from './oauth-tokens.ts'

export interface AuthorizerPorts {
  readonly state: State
  readonly clock: Clock
  readonly vault: Vault
  readonly tokens: OAuthTokens
  readonly onFault: (error: unknown) => void
}

const AT_ONCE_MAX = 16
/** Terraform waits two minutes for the end of it. */
const TRIES_MAX = 3
const PAUSE_BETWEEN_TRIES_MS = 1_000
const STATE_REASON_CHARACTERS_MAX = 512
const CONNECTIONS_PER_READ = 1_000

/**
 * Fetches a token for each connection that is AUTHORIZING, and makes it AUTHORIZED or, where there
 * is none to be had, DEAUTHORIZED. Takes up those that a stop or a crash left; runs until the
 * signal aborts.
 */
export async function authorizeConnections(
  ports: AuthorizerPorts,
  signal: AbortSignal,
): Promise<void> {
  const { state, onFault } = ports
  const waiting = new Map<string, StoredConnection>()
  const underWay = new Set<Promise<void>>()
  const pump = () => {
    for (const [key, connection] of waiting) {
      if (underWay.size >= AT_ONCE_MAX || signal.aborted) return
      waiting.delete(key)
      const work = authorize(ports, connection, signal).catch(onFault)
      underWay.add(work)
      void work.finally(() => {
        underWay.delete(work)
        pump()
      })
    }
  }
  const add = (key: string, connection: StoredConnection | undefined) => {
    if (connection?.state !== 'AUTHORIZING') return
    waiting.set(key, connection)
    pump()
  }
  const stopWatching = state.watch((changes) => {
    for (const { collection, key, value } of changes) {
      if (collection === CONNECTIONS.name) add(key, value as StoredConnection | undefined)
    }
  })
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  for await (const { key, value } of allConnections(ports, signal)) add(key, value)
  if (!signal.aborted) await stopped
  stopWatching()
  await Promise.all(underWay)
}

async function* allConnections({ state, onFault }: AuthorizerPorts, signal: AbortSignal) {
  for (let after: string | undefined; ;) {
    const options = { limit: CONNECTIONS_PER_READ, ...(after !== undefined && { after }) }
    const found = await patiently(() => state.list(CONNECTIONS, options), onFault, signal)
    if (found === undefined || found.length === 0) return
    yield* found
    after = found.at(-1)?.key
  }
}

async function authorize(
  ports: AuthorizerPorts,
  connection: StoredConnection,
  signal: AbortSignal,
): Promise<void> {
  const credentials = opened(ports.vault, connection)
  if (credentials?.authorization.type !== 'OAUTH_CLIENT_CREDENTIALS') return
  const outcome = await tokenFor(ports.tokens, connection, credentials.authorization, signal)
  if (!outcome.ok && signal.aborted) return
  await patiently(() => settle(ports, connection, outcome), ports.onFault, signal)
}

async function tokenFor(
  tokens: OAuthTokens,
  connection: StoredConnection,
  authorization: OAuthAuthorization,
  signal: AbortSignal,
): Promise<TokenOutcome> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await tokens.tokenFor(tokenHolder(connection), authorization)
    const isOver = outcome.ok || outcome.isFinal || tries === TRIES_MAX
    if (isOver || signal.aborted) return outcome
    await pause(PAUSE_BETWEEN_TRIES_MS, signal)
  }
}

/** Leaves a connection alone that was changed meanwhile. */
async function settle(
  { state, clock }: AuthorizerPorts,
  connection: StoredConnection,
  outcome: TokenOutcome,
): Promise<void> {
  const key = addressKey(connection)
  await state.transact(async (transaction) => {
    const now = await transaction.get(CONNECTIONS, key)
    if (now?.arn !== connection.arn || now.version !== connection.version) return
    if (outcome.ok) {
      transaction.put(CONNECTIONS, key, { ...now, state: 'AUTHORIZED', authorizedAt: clock.now() })
    } else {
      const stateReason = outcome.error.message.slice(0, STATE_REASON_CHARACTERS_MAX)
      transaction.put(CONNECTIONS, key, { ...now, state: 'DEAUTHORIZED', stateReason })
    }
  })
}
