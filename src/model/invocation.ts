import type { ApiDestination, ConnectionState, Credentials } from './connection.ts'
import type { AttemptError } from './delivery.ts'

/** What came of asking for an OAuth access token. */
export type TokenOutcome =
  | { readonly ok: true; readonly token: string }
  /** `isFinal`: asking again would change nothing. */
  | { readonly ok: false; readonly error: AttemptError; readonly isFinal: boolean }

/** An API destination and what its requests are authorised with, as they are now. */
export interface Invocation {
  readonly destination: ApiDestination
  readonly connectionState: ConnectionState
  /** Absent where the connection has none any more. */
  readonly credentials?: Credentials
  /** OAuth: the access token for the request. */
  readonly token: () => Promise<TokenOutcome | undefined>
  /** OAuth: the endpoint refused the token, so the next one is a new one. */
  readonly tokenRefused: (token: string) => void
}
