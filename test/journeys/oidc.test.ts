import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { follow } from '../event-follower.ts'
import type { EventFollower, StreamedEvent } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { CLIENT, signInWithBrowser, startOpenIdProvider } from '../openid-provider.ts'
import type { OpenIdProvider } from '../openid-provider.ts'
import { createOrganisation } from '../organisation.ts'
import { restAs } from '../rest-caller.ts'

const PASSWORD = 'a password of some length'
const folder = newDataFolder()
let hub: HubProcess
let provider: OpenIdProvider
let follower: EventFollower
let organisationId: string

const settings = (more: object = {}) => ({
  LOCAL: { Enable: true },
  MFA: { Required: false },
  OIDC: {
    Issuer: provider.issuer,
    ClientId: CLIENT.id,
    RolesClaim: 'groups',
    Roles: { platform: 'customer_operations', admins: 'customer_admin' },
    DefaultRole: 'customer_readonly',
  },
  ...more,
})
const put = (body: object) => hub.rest('PUT', `/organisations/${organisationId}/sign-in`, body)
const account = (login: string, more: object = {}) =>
  provider.accounts.set(login, {
    ...{ email: `${login}@example.com`, email_verified: true, name: 'Ada Lovelace', ...more },
  })
const start = () => `${hub.url}/sign-in/oidc/test`
/** Signs in with a browser and takes the token from the page. */
async function signIn(login: string) {
  const page = await signInWithBrowser(start(), login)
  const [, sessionToken = ''] = /BELFRY_SESSION=([\w-]+)/.exec(page.text) ?? []
  return { ...page, sessionToken }
}
const userOf = async (sessionToken: string) =>
  (await restAs(hub, { sessionToken }, ['GET', '/caller'])).body.user
const eventsOf = (id: string, name: string, count: number) =>
  follower.waitFor(
    count,
    ({ data }: StreamedEvent) =>
      data.event.detail.userID === id && data.event.detail.staxEventName === name,
  )

beforeAll(async () => {
  hub = await startHubProcess(folder)
  ;({ organisationId } = await createOrganisation(hub))
  provider = await startOpenIdProvider(hub.url)
  follower = await follow(hub, await hub.profile('operator'))
  const answer = await put({ ...settings(), ClientSecret: CLIENT.secret })
  if (answer.status !== 200) throw new Error(JSON.stringify(answer))
})
afterAll(async () => {
  follower.close()
  await provider.close()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

describe('a sign-in with an OpenID provider', () => {
  it('makes the user at its first, with the role that its groups give it, and tells', async () => {
    account('grace', { groups: ['platform', 'others'], given_name: 'Grace', family_name: 'Hopper' })
    const { status, text, sessionToken } = await signIn('grace')
    expect(status).toBe(200)
    expect(text).toContain('grace@example.com')
    const user = await userOf(sessionToken)
    expect(user).toMatchObject({
      ...{ email: 'grace@example.com', firstName: 'Grace', lastName: 'Hopper' },
      ...{ role: 'customer_operations', authOrigin: 'oidc', mfaEnabled: null, organisationId },
    })
    await eventsOf(user.id, 'UserCreateEvent', 1)
    const [event] = await eventsOf(user.id, 'UserAuthenticationEvent', 1)
    expect(event?.data.event.detail).toMatchObject({
      ...{ authMethod: 'Login', loginType: 'Federated', status: 'SUCCESS' },
      ...{ email: 'grace@example.com', role: 'customer_operations' },
    })
  })

  it('finds the user again by its subject, and brings its names and role up to date', async () => {
    account('alan', { groups: ['admins'] })
    const before = await userOf((await signIn('alan')).sessionToken)
    account('alan', { email: 'a.turing@example.com', given_name: 'Alan', groups: [] })
    const after = await userOf((await signIn('alan')).sessionToken)
    expect(after).toMatchObject({
      ...{ id: before.id, email: 'a.turing@example.com', firstName: 'Alan' },
      role: 'customer_readonly',
    })
    const [event] = await eventsOf(before.id, 'UserUpdateEvent', 1)
    expect(event?.data.event.detail.changed).toEqual(['email', 'firstName', 'role'])
  })

  it('becomes that of a local user with the same e-mail, only if that is verified', async () => {
    const given = { firstName: 'L', lastName: 'O', role: 'customer_user', password: PASSWORD }
    const email = 'local@example.com'
    const { body: local } = await hub.rest('POST', '/users', { organisationId, email, ...given })
    account('local', { email_verified: false })
    const refused = await signIn('local')
    expect(refused.status).toBe(403)
    expect(refused.text).toContain('sign-in.email-not-verified')
    const [failed] = await eventsOf(local.id, 'UserAuthenticationEvent', 1)
    expect(failed?.data.event.detail).toMatchObject({ status: 'FAILED', loginType: 'Federated' })
    account('local')
    const linked = await userOf((await signIn('local')).sessionToken)
    expect(linked).toMatchObject({ id: local.id, authOrigin: 'oidc', mfaEnabled: null })
    const withPassword = ['POST', '/sessions', { email, password: PASSWORD }] as const
    expect((await restAs(hub, undefined, withPassword)).status).toBe(401)
    const change = await hub.rest('PATCH', `/users/${local.id}`, { password: PASSWORD })
    expect(change).toMatchObject({ status: 409, body: { code: 'user.federated' } })
  })

  it('is refused to a disabled user, and to who takes the e-mail of another subject', async () => {
    account('eve')
    const user = await userOf((await signIn('eve')).sessionToken)
    account('mallory', { email: 'eve@example.com' })
    expect((await signIn('mallory')).text).toContain('sign-in.other-subject')
    await hub.rest('PATCH', `/users/${user.id}`, { status: 'DISABLED' })
    expect((await signIn('eve')).text).toContain('sign-in.user-disabled')
    const events = await eventsOf(user.id, 'UserAuthenticationEvent', 3)
    const statuses = events.map(({ data }) => data.event.detail.status)
    expect(statuses).toEqual(['SUCCESS', 'FAILED', 'FAILED'])
  })

  it('is refused to who has no role, where there is no default', async () => {
    const { DefaultRole: _, ...OIDC } = settings().OIDC
    expect((await put(settings({ OIDC }))).status).toBe(200)
    account('nobody')
    const { status, text } = await signIn('nobody')
    expect(status).toBe(403)
    expect(text).toContain('sign-in.no-role')
    await put(settings())
  })

  it('says what the provider said when somebody gives up there', async () => {
    const away = (url: string) => url.startsWith(`${provider.issuer}/interaction`)
    const { url } = await signInWithBrowser(start(), 'grace', away)
    expect(url).toContain('/interaction/')
    const begun = await fetch(start(), { redirect: 'manual' })
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? ''
    const query = new URLSearchParams({ error: 'access_denied', state, iss: provider.issuer })
    const [cookie = ''] = begun.headers.getSetCookie()
    const address = `${hub.url}/sign-in/oidc/callback?${query.toString()}`
    const answer = await fetch(address, { headers: { cookie } })
    expect(answer.status).toBe(502)
    expect(await answer.text()).toContain('access_denied')
  })
})

describe('what comes back from a browser', () => {
  const callback = (query: string, cookie = '') =>
    fetch(`${hub.url}/sign-in/oidc/callback${query}`, { headers: { cookie } })
  const isCallback = (url: string) => url.startsWith(`${hub.url}/sign-in/oidc/callback`)

  it('is refused without its state, with another, or with one that was changed', async () => {
    account('grace')
    const { url, cookie } = await signInWithBrowser(start(), 'grace', isCallback)
    const { searchParams } = new URL(url)
    const state = searchParams.get('state') ?? ''
    const changed = `${state.startsWith('A') ? 'B' : 'A'}${state.slice(1)}`
    for (const wrong of [undefined, '', 'x', changed, randomBytes(200).toString('base64url')]) {
      const query = new URLSearchParams(searchParams)
      if (wrong === undefined) query.delete('state')
      else query.set('state', wrong)
      const answer = await callback(`?${query.toString()}`, cookie)
      expect([wrong, answer.status]).toEqual([wrong, 400])
      expect(await answer.text()).toContain('sign-in.state-invalid')
    }
    expect((await callback('')).status).toBe(400)
  })

  it('is refused with the code of another sign-in, and when it comes twice', async () => {
    const came = async () => {
      const { url, cookie } = await signInWithBrowser(start(), 'grace', isCallback)
      return { query: new URL(url).searchParams, cookie }
    }
    const [one, other, third] = [await came(), await came(), await came()]
    const mixed = new URLSearchParams(one.query)
    mixed.set('state', other.query.get('state') ?? '')
    expect((await callback(`?${mixed.toString()}`, other.cookie)).status).toBe(502)
    expect((await callback(`?${third.query.toString()}`, third.cookie)).status).toBe(200)
    expect((await callback(`?${third.query.toString()}`, third.cookie)).status).toBe(400)
  })

  it('is refused in another browser, whose cookie it has not, and not spent by that', async () => {
    const { url, cookie } = await signInWithBrowser(start(), 'grace', isCallback)
    const { search } = new URL(url)
    const [own = ''] = /belfry-sign-in=[^;]+/.exec(cookie) ?? []
    for (const wrong of ['', `belfry-sign-in=${'x'.repeat(43)}`]) {
      const answer = await callback(search, wrong)
      expect(answer.status).toBe(400)
      expect(await answer.text()).toContain('sign-in.state-invalid')
    }
    expect((await callback(search, own)).status).toBe(200)
  })

  it('has one cookie, for the pages of signing in, is kept nowhere, and runs no script', async () => {
    const begun = await fetch(start(), { redirect: 'manual' })
    expect(begun.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^belfry-sign-in=[\w-]{43}; Path=\/sign-in\/oidc; Max-Age=600; HttpOnly; SameSite=Lax$/,
      ),
    ])
    const { url, cookie } = await signInWithBrowser(start(), 'grace', isCallback)
    const { headers } = await fetch(url, { headers: { cookie } })
    expect(headers.getSetCookie()).toEqual([])
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  it('began where browsers reach the hub, under whatever name it was asked for', async () => {
    const elsewhere = start().replace('127.0.0.1', 'localhost')
    const moved = await fetch(elsewhere, { redirect: 'manual' })
    expect(moved.headers.get('location')).toBe(`${start()}?moved=1`)
    const { status } = await signInWithBrowser(elsewhere, 'grace')
    expect(status).toBe(200)
  })
})

describe('a command line that signs in with a browser', () => {
  const secret = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(secret).digest('base64url')
  const claim = (code: string, given = secret) =>
    restAs(hub, undefined, ['POST', '/sessions/claim', { code, secret: given }])
  /** The code that the browser brings to the loopback. */
  const codeFor = async () => {
    const query = new URLSearchParams({ port: '45678', challenge }).toString()
    const isLoopback = (url: string) => url.startsWith('http://127.0.0.1:45678/')
    const { url } = await signInWithBrowser(`${start()}?${query}`, 'grace', isLoopback)
    return new URL(url).searchParams.get('code') ?? ''
  }

  it('gets a session for the code with its secret, once', async () => {
    const code = await codeFor()
    const session = await claim(code)
    expect(session).toMatchObject({ status: 201, body: { user: { email: 'grace@example.com' } } })
    expect(await userOf(session.body.sessionToken)).toBeDefined()
    expect(await claim(code)).toMatchObject({
      status: 401,
      body: { code: 'session.claim-refused' },
    })
  })

  it('gets none with another secret, and the code is spent by the try', async () => {
    const code = await codeFor()
    expect((await claim(code, 'another')).status).toBe(401)
    expect((await claim(code)).status).toBe(401)
  })

  it.each(['port=80', 'port=45678', 'port=99999&challenge=x', `challenge=${'x'.repeat(43)}`])(
    'is refused with %s',
    async (query) => {
      const answer = await fetch(`${start()}?${query}`, { redirect: 'manual' })
      expect(answer.status).toBe(400)
    },
  )
})

describe('the settings of sign-in', () => {
  it('show no secret, keep it for its issuer and client alone, and are told without it', async () => {
    const shown = await hub.rest('GET', `/organisations/${organisationId}/sign-in`)
    expect(shown.body).toEqual({ ...settings(), ClientSecretSet: true })
    const other = settings({ OIDC: { ...settings().OIDC, ClientId: 'other' } })
    expect((await put(other)).body.ClientSecretSet).toBe(false)
    expect((await put({ ...settings(), ClientSecret: CLIENT.secret })).status).toBe(200)
    const told = follower.events.filter(
      ({ data }) => data.event.detail.staxEventName === 'SSOUpdateEvent',
    )
    expect(told[0]?.data.event.detail).toMatchObject({
      ...{ state: 'ACTIVE', status: 'SUCCESS', configuration: settings() },
    })
    expect(JSON.stringify(follower.events)).not.toContain(CLIENT.secret)
  })

  it.each<[string, object]>([
    ['nobody could sign in', { LOCAL: { Enable: false }, OIDC: null }],
    ['must start with https', { OIDC: { Issuer: 'http://id.example.com', ClientId: 'x' } }],
    ['is no issuer', { OIDC: { Issuer: 'https://id.example.com/?x=1', ClientId: 'x' } }],
    ['nobody would have a role', { OIDC: { Issuer: 'https://id.example.com', ClientId: 'x' } }],
    ['needs "OIDC"', { OIDC: null, ClientSecret: 'x' }],
  ])('are refused where they make no sense: %s', async (words, more) => {
    const answer = await put(settings(more))
    expect(answer).toMatchObject({ status: 400, body: { code: 'sign-in.invalid-settings' } })
    expect(answer.body.message).toContain(words)
  })

  it('can turn passwords off for the users of the organisation, not for the hub’s own', async () => {
    const given = { firstName: 'P', lastName: 'W', role: 'customer_user', password: PASSWORD }
    const email = 'password@example.com'
    await hub.rest('POST', '/users', { organisationId, email, ...given })
    const signInAs = (who: string, password: string) =>
      restAs(hub, undefined, ['POST', '/sessions', { email: who, password }])
    const { body: session } = await signInAs(email, PASSWORD)
    expect((await put(settings({ LOCAL: { Enable: false } }))).status).toBe(200)
    expect((await signInAs(email, PASSWORD)).body.code).toBe('session.refused')
    const { refreshToken } = session
    const refresh = await restAs(hub, undefined, ['POST', '/sessions/refresh', { refreshToken }])
    expect(refresh).toMatchObject({ status: 401, body: { code: 'session.ended' } })
    const admin = await signInAs('admin@localhost', hub.adminPassword ?? '')
    expect(admin.status).toBe(201)
    expect(admin.body.user.organisationId).toBeUndefined()
    expect((await signIn('grace')).status).toBe(200)
    await put(settings())
  })

  it('answer strangers the same for an organisation without a provider and for none', async () => {
    const regions = { installationRegion: 'us-east-1', regions: ['us-east-1'] }
    await hub.rest('POST', '/organisations', { name: 'Other', alias: 'other', ...regions })
    const textOf = async (alias: string) => {
      const answer = await fetch(`${hub.url}/sign-in/oidc/${alias}`)
      expect(answer.status).toBe(404)
      return (await answer.text()).replaceAll(/request [\w-]+/g, '')
    }
    expect(await textOf('other')).toBe(await textOf('nowhere'))
  })
})
