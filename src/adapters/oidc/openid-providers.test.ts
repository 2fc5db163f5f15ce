import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { createOutbound } from '#src/adapters/outbound/undici-outbound.ts'
import { systemClock } from '#src/ports/clock.ts'
import { ProviderFault } from '#src/ports/identity-provider.ts'
import type { IdentityProviders } from '#src/ports/identity-provider.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import { CLIENT_ID, startForgingProvider } from './forging-provider.fixture.ts'
import type { Forgery, ForgingProvider } from './forging-provider.fixture.ts'
import { createOpenIdProviders } from './openid-providers.ts'

const CHECK = {
  redirectUri: 'https://belfry.example.com/sign-in/oidc/callback',
  state: 'the-state-as-it-went',
  nonce: 'the-nonce',
  codeVerifier: 'v'.repeat(43),
}
const QUERY = `code=any&state=${CHECK.state}`
const NOW_S = () => Math.floor(Date.now() / 1_000)

let provider: ForgingProvider
let outbound: Outbound
let providers: IdentityProviders
beforeAll(async () => {
  provider = await startForgingProvider()
  outbound = createOutbound({ allowPrivateTargets: true })
})
beforeEach(() => {
  providers = createOpenIdProviders(outbound, systemClock)
})
afterAll(async () => {
  await outbound.close()
  await provider.close()
})

const client = (clientSecret?: string) => ({
  issuer: provider.issuer,
  clientId: CLIENT_ID,
  ...(clientSecret !== undefined && { clientSecret }),
})
const claimsOf = (forgery: Forgery, query = QUERY) => {
  provider.forge(CHECK.nonce, forgery)
  return providers.claims(client(), CHECK, query)
}

describe('a sign-in with an OpenID provider', () => {
  it('goes out with state, nonce and the hash of a secret', async () => {
    const scopes = ['openid', 'email']
    const url = new URL(await providers.authorizationUrl(client(), { ...CHECK, scopes }))
    const { state, nonce, codeVerifier, redirectUri } = CHECK
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      ...{ state, nonce, scope: 'openid email', response_type: 'code', client_id: CLIENT_ID },
      ...{ code_challenge_method: 'S256', redirect_uri: redirectUri },
    })
    expect(url.href).not.toContain(codeVerifier)
  })

  it('comes back with the claims of the ID token and of the user-info endpoint', async () => {
    const before = provider.asked.length
    const claims = await claimsOf({ claims: { groups: ['ops'] } })
    expect(claims).toMatchObject({ issuer: provider.issuer, subject: 'ada' })
    expect(claims.claims).toMatchObject({ email: 'ada@example.com', groups: ['ops'] })
    const [{ form } = { form: new URLSearchParams() }] = provider.asked.slice(before)
    expect(form.get('code_verifier')).toBe(CHECK.codeVerifier)
    expect(form.get('redirect_uri')).toBe(CHECK.redirectUri)
  })

  it.each<[string, Forgery]>([
    ['for another nonce', { claims: { nonce: 'another' } }],
    ['without a nonce', { without: 'nonce' }],
    ['of another issuer', { claims: { iss: 'https://other.example.com' } }],
    ['for another client', { claims: { aud: 'another' } }],
    ['that has expired', { claims: { iat: NOW_S() - 7_200, exp: NOW_S() - 3_600 } }],
    ['without an end', { without: 'exp' }],
    ['without a subject', { without: 'sub' }],
    ['that nobody signed', { algorithm: 'none' }],
    [
      'that somebody else signed',
      { key: generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey },
    ],
  ])('is refused with an ID token %s', async (_name, forgery) => {
    await expect(claimsOf(forgery)).rejects.toThrow(ProviderFault)
  })

  it.each([
    ['another state', 'code=any&state=another'],
    ['no state', 'code=any'],
    ['no code', `state=${CHECK.state}`],
    ['the issuer of another provider', `${QUERY}&iss=https%3A%2F%2Fother.example.com`],
  ])('is refused where it comes back with %s', async (_name, query) => {
    await expect(claimsOf({}, query)).rejects.toThrow(ProviderFault)
  })

  it('says why the provider refused', async () => {
    const query = `error=access_denied&error_description=not%20today&state=${CHECK.state}`
    await expect(claimsOf({}, query)).rejects.toThrow('access_denied: not today')
  })

  it('shows its secret in the header, or in the form to who takes it there alone', async () => {
    provider.forge(CHECK.nonce)
    await providers.claims(client('s3cret'), CHECK, QUERY)
    expect(provider.asked.at(-1)?.authorization).toMatch(/^Basic /)
    provider.secretInForm = true
    await providers.claims(client('s3cret'), CHECK, QUERY)
    provider.secretInForm = false
    expect(provider.asked.at(-1)?.form.get('client_secret')).toBe('s3cret')
  })

  it('makes no request that the policy for outbound requests forbids', async () => {
    const guarded = createOutbound({ allowPrivateTargets: false })
    const asked = createOpenIdProviders(guarded, systemClock).claims(client(), CHECK, QUERY)
    await expect(asked).rejects.toThrow(/refused/)
    await guarded.close()
  })
})
