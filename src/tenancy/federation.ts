import { createHash, timingSafeEqual } from 'node:crypto'

import { RestError } from '#src/errors.ts'
import { ProviderFault } from '#src/ports/identity-provider.ts'
import type { IdentityProviders, ProviderClient } from '#src/ports/identity-provider.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import { tellAuthentication } from './authentication-event.ts'
import type { OnSignIn } from './authentication-event.ts'
import { ORGANISATION_ALIASES, USERS } from './documents.ts'
import { provisionUser } from './federated-provisioning.ts'
import type { OrganisationPorts } from './organisations.ts'
import { settingsOf } from './sign-in-settings.ts'
import type { SourceLimiter } from './source-limiter.ts'
import { beginSession } from './user-sessions.ts'
import type { NewUserSession, SessionTokens } from './user-sessions.ts'
import { shown } from './shown-user.ts'
import { createSignInJourneys, stateInvalid } from './sign-in-journeys.ts'
import type { Journey, Loopback } from './sign-in-journeys.ts'
import { fingerprint } from './vault.ts'
import type { Vault } from './vault.ts'

/** Where a sign-in that came back from the provider goes on. */
export type Finished =
  | { readonly kind: 'signed-in'; readonly session: NewUserSession }
  /** The browser brings the command line a code, which is worth nothing without its secret. */
  | { readonly kind: 'loopback'; readonly url: string }

export interface Federation {
  /** Where to send the browser of somebody of an organisation. @throws RestError */
  begin(
    alias: string,
    way: { readonly redirectUri: string; readonly browser: string; readonly loopback?: Loopback },
  ): Promise<string>
  /** Takes back what the provider sent with the browser, once. @throws RestError */
  finish(came: {
    readonly query: string
    readonly redirectUri: string
    /** The secret that the browser was given when it began. */
    readonly browser: string | undefined
    readonly sourceAddress: string
  }): Promise<Finished>
  /** The session of a loopback's code, once. @throws RestError session.claim-refused */
  claim(given: {
    readonly code: string
    readonly secret: string
    readonly sourceAddress: string
  }): Promise<NewUserSession>
}

export type FederationPorts = Pick<OrganisationPorts, 'state' | 'clock' | 'ids' | 'actions'> & {
  readonly vault: Vault
  readonly tokens: SessionTokens
  readonly limiter: SourceLimiter
  readonly providers: IdentityProviders
  readonly onSignIn: OnSignIn
}

/** How long somebody may take at the provider. */
const AT_PROVIDER_MS_MAX = 10 * 60_000
/** A command line asks at once. */
const CLAIM_MS_MAX = 60_000
const CLAIMS_MAX = 1_000
const SECRET_BYTES = 32
/** `openid` is what makes it a sign-in; the others say who it is. */
const SCOPES_DEFAULT = ['openid', 'email', 'profile']

interface Claim {
  readonly userId: string
  readonly challenge: string
  readonly expiresAt: number
}

const FEDERATED_LOGIN = { authMethod: 'Login', loginType: 'Federated' } as const

export function createFederation(ports: FederationPorts): Federation {
  const { state, clock, ids, actions, vault, tokens, limiter, providers, onSignIn } = ports
  const claims = new Map<string, Claim>()
  const journeys = createSignInJourneys(vault, clock)

  const settingsFor = async (from: Pick<StateTransaction, 'get'>, organisationId: string) => {
    const { configuration, sealedClientSecret } = await settingsOf(from, organisationId)
    const { OIDC } = configuration
    if (OIDC === null) throw notConfigured()
    const clientSecret =
      sealedClientSecret && vault.open(['openid-client', organisationId], sealedClientSecret)
    if (sealedClientSecret !== undefined && clientSecret === undefined) throw secretLost()
    const client: ProviderClient = {
      issuer: OIDC.Issuer,
      clientId: OIDC.ClientId,
      ...(clientSecret !== undefined && { clientSecret }),
    }
    return { OIDC, client }
  }

  /** Begins the session, in a transaction of its own: with a loopback it comes later. */
  const signIn = async (userId: string, sourceAddress: string): Promise<NewUserSession> => {
    const how = { ...FEDERATED_LOGIN, sourceIp: sourceAddress }
    const session = await actions.perform(undefined, async (step) => {
      const user = await step.transaction.get(USERS, userId)
      if (user?.status !== 'ACTIVE') throw claimRefused()
      const from = { loginType: how.loginType, sourceAddress }
      const issued = await beginSession(step, { ids, tokens }, user, from)
      await tellAuthentication(step, state, user, how)
      return { ...issued, user: shown(user) }
    })
    const { organisationId } = session.user
    onSignIn({ ok: true, authMethod: 'Login', userId, ...(organisationId && { organisationId }) })
    return session
  }

  return {
    begin: async (alias, { redirectUri, browser, loopback }) => {
      const organisationId = await state.get(ORGANISATION_ALIASES, alias)
      if (organisationId === undefined) throw notConfigured()
      const { OIDC, client } = await settingsFor(state, organisationId)
      const journey: Journey = {
        organisationId,
        provider: { issuer: client.issuer, clientId: client.clientId },
        browser: fingerprint(browser),
        nonce: ids.opaque(SECRET_BYTES),
        codeVerifier: ids.opaque(SECRET_BYTES),
        expiresAt: clock.now() + AT_PROVIDER_MS_MAX,
        ...(loopback !== undefined && { loopback }),
      }
      const { nonce, codeVerifier } = journey
      const sealed = journeys.seal(journey)
      const scopes = Array.from(new Set(['openid', ...(OIDC.Scopes ?? SCOPES_DEFAULT)]))
      const check = { redirectUri, state: sealed, nonce, codeVerifier, scopes }
      return providers.authorizationUrl(client, check).catch(passOn)
    },
    finish: async ({ query, redirectUri, browser, sourceAddress }) => {
      limiter.begin(sourceAddress)
      const sealed = new URLSearchParams(query).get('state') ?? ''
      const journey = journeys.open(sealed, browser)
      const { organisationId, nonce, codeVerifier, loopback, provider } = journey
      const { OIDC, client } = await settingsFor(state, organisationId)
      const isSame = provider.issuer === client.issuer && provider.clientId === client.clientId
      if (!isSame) throw stateInvalid()
      const check = { redirectUri, state: sealed, nonce, codeVerifier }
      const failed = (userId?: string) =>
        onSignIn({ ok: false, authMethod: 'Login', organisationId, ...(userId && { userId }) })
      const claimed = await providers.claims(client, check, query).catch((error: unknown) => {
        failed()
        return passOn(error)
      })
      const outcome = await provisionUser(ports, { organisationId, settings: OIDC, claimed })
      if (!outcome.ok) {
        failed(outcome.userId)
        throw new RestError(403, outcome.code, outcome.message)
      }
      limiter.takeBack(sourceAddress)
      const { userId } = outcome
      if (loopback === undefined) {
        return { kind: 'signed-in', session: await signIn(userId, sourceAddress) }
      }
      for (const [code, { expiresAt }] of claims) {
        if (expiresAt <= clock.now() || claims.size >= CLAIMS_MAX) claims.delete(code)
      }
      const code = ids.opaque(SECRET_BYTES)
      const expiresAt = clock.now() + CLAIM_MS_MAX
      claims.set(code, { userId, challenge: loopback.challenge, expiresAt })
      return { kind: 'loopback', url: `http://127.0.0.1:${loopback.port}/?code=${code}` }
    },
    claim: async ({ code, secret, sourceAddress }) => {
      const found = claims.get(code)
      claims.delete(code)
      if (found === undefined || found.expiresAt <= clock.now()) throw claimRefused()
      if (!answers(secret, found.challenge)) throw claimRefused()
      return signIn(found.userId, sourceAddress)
    },
  }
}

function answers(secret: string, challenge: string): boolean {
  const hashed = createHash('sha256').update(secret).digest()
  const expected = Buffer.from(challenge, 'base64url')
  return hashed.length === expected.length && timingSafeEqual(hashed, expected)
}

function passOn(error: unknown): never {
  if (error instanceof ProviderFault) {
    throw new RestError(502, 'sign-in.provider-failed', error.message)
  }
  throw error
}

/** The same whether there is no such organisation or no provider: aliases are not for strangers. */
function notConfigured(): RestError {
  return new RestError(
    404,
    'sign-in.not-configured',
    'there is no sign-in with an OpenID provider under this name',
  )
}

function secretLost(): RestError {
  return new RestError(
    502,
    'sign-in.client-secret-sealed',
    'the secret of the client at the OpenID provider was sealed with another master key: an administrator can give it again',
  )
}

function claimRefused(): RestError {
  return new RestError(
    401,
    'session.claim-refused',
    'the code of this sign-in is unknown, was used, or came too late: begin again',
  )
}
