import type { SignInConfiguration } from '#src/model/service-configuration.ts'
import { collection } from '#src/ports/state.ts'

/** One sign-in and what became of it: its tokens are replaced, its end stays. */
export interface StoredSession {
  readonly id: string
  readonly createdAt: number
  readonly refreshedAt: number
  /** When its session token expires. */
  readonly expiresAt: number
  /** When it cannot be refreshed any more. */
  readonly endsAt: number
  readonly loginType: LoginType
  readonly sourceAddress: string
  readonly sessionFingerprint: string
  readonly refreshFingerprint: string
}

/** The published words: a user of the hub's own, or one of an OpenID provider. */
export type LoginType = 'Stax' | 'Federated'

/** By user: one document, so that a transaction that ends a user's sessions misses none. */
export const USER_SESSIONS = collection<readonly StoredSession[]>('user-sessions')

export interface SignInFailures {
  readonly failures: number
  /** When the first of them was. */
  readonly since: number
  /** How often the user was locked without having signed in since. */
  readonly locks: number
  readonly lockedUntil: number
}

/** By user; absent after a sign-in. */
export const SIGN_IN_FAILURES = collection<SignInFailures>('sign-in-failures')

export interface StoredSecondFactor {
  /** Base32, sealed. */
  readonly sealedSecret: string
  /** Once its first code has been given. */
  readonly active: boolean
  /** The time step of the last code that was accepted: no step is accepted twice. */
  readonly lastStep: number
  /** Fingerprints of those not used yet. */
  readonly recoveryCodes: readonly string[]
}

/** By user. */
export const SECOND_FACTORS = collection<StoredSecondFactor>('second-factors')

/** By organisation, issuer and subject; holds the user's id. */
export const FEDERATED_USERS = collection<string>('federated-users')

export interface StoredSignInSettings {
  readonly configuration: SignInConfiguration
  /** The secret of the client at the OpenID provider; absent for a public client. */
  readonly sealedClientSecret?: string
}

/** By organisation; absent: passwords alone. */
export const SIGN_IN_SETTINGS = collection<StoredSignInSettings>('sign-in-settings')

export interface FirstAdmin {
  readonly userId: string
  /** The password is on somebody's screen: it is never made again. */
  readonly passwordShown: boolean
}

/** The user that the first start made, under its only key. */
export const FIRST_ADMIN = collection<FirstAdmin>('first-admin')
export const FIRST_ADMIN_KEY = 'first'
