import {
  AuthorizationResponseError,
  ClientSecretBasic,
  ClientSecretPost,
  None,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
} from 'openid-client'
import type { ClientAuth, Configuration } from 'openid-client'

import type { Clock } from '#src/ports/clock.ts'
import { ProviderFault } from '#src/ports/identity-provider.ts'
import type {
  IdentityProviders,
  ProviderClient,
  SignInCheck,
} from '#src/ports/identity-provider.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import { createOutboundFetch } from './outbound-fetch.ts'

/** A provider's endpoints change with its releases; its keys are read anew when one is unknown. */
const DISCOVERED_MS = 60 * 60_000
const DISCOVERED_MAX = 100

interface Discovered {
  readonly at: number
  readonly configuration: Promise<Configuration>
}

/**
 * How a client may show its secret. The standard's default comes first; some providers take only
 * what they were told for the client, and refuse the other before they look at the code.
 */
const SECRET_AUTHENTICATIONS = { basic: ClientSecretBasic, post: ClientSecretPost } as const
type Authentication = keyof typeof SECRET_AUTHENTICATIONS | 'none'

/** OpenID providers over openid-client; every request leaves through the outbound seam. */
export function createOpenIdProviders(outbound: Outbound, clock: Clock): IdentityProviders {
  const fetchOutbound = createOutboundFetch(outbound)
  const discovered = new Map<string, Discovered>()

  const configurationOf = (
    client: ProviderClient,
    authentication: Authentication,
  ): Promise<Configuration> => {
    const { issuer, clientId, clientSecret } = client
    const name = JSON.stringify([issuer, clientId, clientSecret, authentication])
    const found = discovered.get(name)
    if (found !== undefined && clock.now() - found.at < DISCOVERED_MS) return found.configuration
    if (discovered.size >= DISCOVERED_MAX) discovered.clear()
    const url = new URL(issuer)
    const configuration = discovery(url, clientId, undefined, authOf(client, authentication), {
      [customFetch]: fetchOutbound,
      execute: [
        // The signature of the ID token is checked although it came over TLS.
        enableNonRepudiationChecks,
        // The settings allow plain HTTP for this machine alone.
        ...(url.protocol === 'http:' ? [allowInsecureRequests] : []),
      ],
    })
    discovered.set(name, { at: clock.now(), configuration })
    configuration.catch(() => discovered.delete(name))
    return configuration
  }

  return {
    authorizationUrl: (client, { redirectUri, state, nonce, codeVerifier, scopes }) =>
      trusted(client, 'send the browser to', async () => {
        const [first] = authenticationsOf(client)
        const url = buildAuthorizationUrl(await configurationOf(client, first), {
          redirect_uri: redirectUri,
          scope: scopes.join(' '),
          state,
          nonce,
          code_challenge: await calculatePKCECodeChallenge(codeVerifier),
          code_challenge_method: 'S256',
        })
        return url.href
      }),
    claims: (client, check, query) =>
      trusted(client, 'take the sign-in from', async () => {
        const [first, second] = authenticationsOf(client)
        try {
          return await claimsBy(await configurationOf(client, first), check, query)
        } catch (error) {
          if (second === undefined || !isClientRefused(error)) throw error
          return claimsBy(await configurationOf(client, second), check, query)
        }
      }),
  }
}

async function claimsBy(
  configuration: Configuration,
  { redirectUri, state, nonce, codeVerifier }: SignInCheck,
  query: string,
) {
  const url = new URL(`${redirectUri}?${query}`)
  const tokens = await authorizationCodeGrant(configuration, url, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: codeVerifier,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  if (claims === undefined) throw new Error('the answer has no ID token')
  const { iss: issuer, sub: subject } = claims
  const more =
    configuration.serverMetadata().userinfo_endpoint === undefined
      ? {}
      : await fetchUserInfo(configuration, tokens.access_token, subject)
  return { issuer, subject, claims: { ...more, ...claims } }
}

function authenticationsOf({
  clientSecret,
}: ProviderClient): readonly [Authentication, Authentication?] {
  return clientSecret === undefined ? ['none'] : ['basic', 'post']
}

function authOf({ clientSecret }: ProviderClient, authentication: Authentication): ClientAuth {
  return authentication === 'none' ? None() : SECRET_AUTHENTICATIONS[authentication](clientSecret)
}

function isClientRefused(error: unknown): boolean {
  if (error instanceof WWWAuthenticateChallengeError) return true
  return error instanceof ResponseBodyError && error.error === 'invalid_client'
}

async function trusted<T>(
  { issuer }: ProviderClient,
  attempted: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new ProviderFault(
      `could not ${attempted} the OpenID provider "${issuer}": ${reasonOf(error)}`,
      { cause: error },
    )
  }
}

/** Words alone: a cause may hold tokens. */
function reasonOf(error: unknown): string {
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) {
    const { error: code, error_description: description } = error
    return description === undefined ? `it answered "${code}"` : `${code}: ${description}`
  }
  if (!(error instanceof Error)) return 'it failed'
  const { cause } = error
  return cause instanceof Error && cause.message !== error.message
    ? `${error.message}: ${cause.message}`
    : error.message
}
