import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { IdentityProviders } from '#src/ports/identity-provider.ts'
import { FROM, OPERATOR, createTestTenancy } from './tenancy.fixture.ts'
import type { TestTenancy } from './tenancy.fixture.ts'

const ISSUER = 'https://id.example.com'
const REDIRECT = {
  redirectUri: 'https://belfry.example.com/sign-in/oidc/callback',
  browser: 'a secret that the browser keeps',
}
const MINUTE_MS = 60_000

/** Says what it is told to say, of whoever comes. */
let claims: Record<string, unknown> = {}
const providers: IdentityProviders = {
  authorizationUrl: async (_client, { state }) => `${ISSUER}/auth?state=${state}`,
  claims: async () => ({ issuer: ISSUER, subject: String(claims['sub']), claims }),
}

let given: TestTenancy
beforeAll(async () => {
  given = await createTestTenancy(providers)
  await given.tenancy.signInSettings.put(OPERATOR, given.organisationId, {
    ...{ LOCAL: { Enable: true }, MFA: { Required: true } },
    OIDC: { Issuer: ISSUER, ClientId: 'belfry', DefaultRole: 'customer_user' },
  })
})
afterAll(() => given.close())

const begin = async (loopback?: { port: number; challenge: string }) => {
  const way = { ...REDIRECT, ...(loopback !== undefined && { loopback }) }
  return new URL(await given.tenancy.federation.begin('test', way)).search.slice(1)
}
const finish = (query: string) => given.tenancy.federation.finish({ query, ...REDIRECT, ...FROM })

describe('a sign-in under way', () => {
  it('may take ten minutes at the provider, and survives a restart of the hub', async () => {
    claims = { sub: 'ada', email: 'ada@example.com', email_verified: true }
    const query = await begin()
    given.move(10 * MINUTE_MS - 1)
    const finished = await given.restarted().federation.finish({ query, ...REDIRECT, ...FROM })
    expect(finished).toMatchObject({ kind: 'signed-in', session: { user: { mfaEnabled: null } } })
    given.move(1)
    await expect(finish(query)).rejects.toMatchObject({
      status: 400,
      code: 'sign-in.state-invalid',
    })
  })

  it('comes back once, from the browser that began it, and to the same provider', async () => {
    const invalid = { status: 400, code: 'sign-in.state-invalid' }
    const query = await begin()
    for (const browser of [undefined, 'another secret']) {
      const stolen = { query, ...REDIRECT, browser, ...FROM }
      await expect(given.tenancy.federation.finish(stolen)).rejects.toMatchObject(invalid)
    }
    const both = await Promise.allSettled([finish(query), finish(query)])
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    await expect(finish(query)).rejects.toMatchObject(invalid)
    const begun = await begin()
    const settings = await given.tenancy.signInSettings.get(OPERATOR, given.organisationId)
    const { ClientSecretSet: _, ...kept } = settings
    const change = (more: object) =>
      given.tenancy.signInSettings.put(OPERATOR, given.organisationId, { ...kept, ...more })
    await change({ OIDC: { ...kept.OIDC, Issuer: 'https://mallory.example.com' } })
    await expect(finish(begun)).rejects.toMatchObject(invalid)
    await change({})
  })

  it('ends with a session that needs no second factor here', async () => {
    const finished = await finish(await begin())
    if (finished.kind !== 'signed-in') throw new Error(finished.kind)
    const caller = await given.tenancy.sessions.principalOf(finished.session.sessionToken)
    expect(caller).toMatchObject({ role: 'user' })
    expect(caller?.mustEnrol).toBeUndefined()
  })

  it('leaves a command line a minute to ask for its session', async () => {
    const secret = 'a secret that the command line keeps'
    const challenge = createHash('sha256').update(secret).digest('base64url')
    for (const [waitMs, works] of [
      [MINUTE_MS - 1, true],
      [MINUTE_MS, false],
    ] as const) {
      const finished = await finish(await begin({ port: 45_678, challenge }))
      if (finished.kind !== 'loopback') throw new Error(finished.kind)
      const code = new URL(finished.url).searchParams.get('code') ?? ''
      given.move(waitMs)
      const claim = given.tenancy.federation.claim({ code, secret, ...FROM })
      if (works) expect(await claim).toMatchObject({ user: { email: 'ada@example.com' } })
      else await expect(claim).rejects.toMatchObject({ code: 'session.claim-refused' })
    }
  })

  it('is not a session token, nor the other way round', async () => {
    const state = new URLSearchParams(await begin()).get('state') ?? ''
    expect(await given.tenancy.sessions.principalOf(state)).toBeUndefined()
    const finished = await finish(await begin())
    if (finished.kind !== 'signed-in') throw new Error(finished.kind)
    const query = `code=x&state=${finished.session.sessionToken}`
    await expect(finish(query)).rejects.toMatchObject({ code: 'sign-in.state-invalid' })
  })
})

describe('a user of an OpenID provider', () => {
  it('that moves to another provider is found by its verified e-mail', async () => {
    const of = async () => {
      const finished = await finish(await begin())
      return finished.kind === 'signed-in' ? finished.session.user.id : ''
    }
    claims = { sub: 'moving', email: 'moving@example.com', email_verified: true }
    const id = await of()
    const moved = { ...providers, claims: async () => ({ ...MOVED, claims }) }
    const MOVED = { issuer: 'https://new.example.com', subject: 'another' }
    const before = providers.claims
    Object.assign(providers, moved)
    expect(await of()).toBe(id)
    Object.assign(providers, { claims: before })
    expect(await of()).toBe(id)
  })

  it('that was deleted is a new one when it comes again', async () => {
    claims = { sub: 'gone', email: 'gone@example.com', email_verified: true }
    const first = await finish(await begin())
    if (first.kind !== 'signed-in') throw new Error(first.kind)
    await given.tenancy.users.remove(OPERATOR, first.session.user.id)
    const again = await finish(await begin())
    expect(again).toMatchObject({ session: { user: { email: 'gone@example.com' } } })
    expect(again.kind === 'signed-in' && again.session.user.id).not.toBe(first.session.user.id)
  })

  it('of an e-mail of another organisation is refused', async () => {
    const region = { installationRegion: 'us-east-1', regions: ['us-east-1'] }
    const other = { name: 'Other', alias: 'other', ...region }
    const { id: organisationId } = await given.tenancy.organisations.create(OPERATOR, other)
    const named = { firstName: '', lastName: '', role: 'customer_user' } as const
    const email = 'theirs@example.com'
    await given.tenancy.users.create(OPERATOR, { organisationId, email, ...named })
    claims = { sub: 'thief', email, email_verified: true }
    const refused = { status: 403, code: 'sign-in.email-taken' }
    await expect(finish(await begin())).rejects.toMatchObject(refused)
    expect(given.signIns.at(-1)).toMatchObject({ ok: false })
  })
})
