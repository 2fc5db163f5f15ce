/** A client at an OpenID provider. */
export interface ProviderClient {
  readonly issuer: string
  readonly clientId: string
  /** Absent: a public client. */
  readonly clientSecret?: string
}

/** What ties a sign-in's way out to its way back. */
export interface SignInCheck {
  /** Where the provider sends the browser back to. */
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  /** PKCE's; the provider first sees its hash. */
  readonly codeVerifier: string
}

/** Who the provider says that somebody is. */
export interface ProviderClaims {
  readonly issuer: string
  readonly subject: string
  /** All claims, of the ID token and of the user-info endpoint; the ID token's count. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** OpenID providers, by the authorization code flow. */
export interface IdentityProviders {
  /** Where to send the browser. @throws ProviderFault */
  authorizationUrl(
    client: ProviderClient,
    check: SignInCheck & { readonly scopes: readonly string[] },
  ): Promise<string>
  /**
   * Trades the code that the browser brought back for the claims, and checks everything: state,
   * nonce, issuer, audience, times and signature. @throws ProviderFault
   * @param query of the URL that the browser came back to
   */
  claims(client: ProviderClient, check: SignInCheck, query: string): Promise<ProviderClaims>
}

/** The provider refused, could not be reached, or answered something that must not be trusted. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault'
}
