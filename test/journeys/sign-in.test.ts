import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { codeOf, stepAt } from '#src/tenancy/one-time-codes.ts'
import { follow } from '../event-follower.ts'
import type { EventFollower } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'
import { proofOf, restAs } from '../rest-caller.ts'
import type { Caller } from '../rest-caller.ts'

const PASSWORD = 'a password of some length'
const FLAGS = ['--log-level', 'trace', '--trusted-proxy', '127.0.0.0/8']
const folder = newDataFolder()
let hub: HubProcess
let follower: EventFollower
let organisationId: string
let shownPassword = ''
/** Of the hub before its restarts. */
let logs = ''

let serial = 0
async function newUser(more: object = {}): Promise<any> {
  const email = `user${(serial += 1)}@example.com`
  const named = { firstName: 'Ada', lastName: 'L', role: 'customer_readonly' }
  const given = { organisationId, email, ...named, password: PASSWORD, ...more }
  const { status, body } = await hub.rest('POST', '/users', given)
  if (status !== 201) throw new Error(JSON.stringify(body))
  return body
}
const as = (caller: Caller, method: string, path: string, body?: unknown) =>
  restAs(hub, caller, [method, path, body])
const logIn = (email: string, password = PASSWORD, more: object = {}) =>
  as(undefined, 'POST', '/sessions', { email, password, ...more })
const callerOf = (session: Caller) => as(session, 'GET', '/caller')
/** What the stream told of a user, in order, once there are so many. */
async function told(userId: string, name: string, count = 1): Promise<any[]> {
  const events = await follower.waitFor(
    count,
    ({ data }) => data.event.detail.userID === userId && data.event.detail.staxEventName === name,
  )
  return events.map(({ data }) => data.event.detail)
}

beforeAll(async () => {
  hub = await startHubProcess(folder, FLAGS)
  ;({ organisationId } = await createOrganisation(hub))
  follower = await follow(hub, await hub.profile('operator'))
  shownPassword = hub.adminPassword ?? ''
})
afterAll(async () => {
  follower.close()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

describe('a sign-in', () => {
  it('is for users with the right password, whatever the case of the e-mail', async () => {
    const { passwordSet, ...user } = await newUser({ role: 'customer_operations' })
    expect(passwordSet).toBe(true)
    const { status, body } = await logIn(user.email.toUpperCase())
    expect(status).toBe(201)
    expect(body.user).toEqual(user)
    expect(Math.abs(body.expiresAt - Date.now() - 3_600_000)).toBeLessThan(60_000)
    expect((await callerOf(body)).body).toMatchObject({
      ...{ arn: `arn:aws:iam::000000000000:user/${user.email}`, role: 'operations' },
      ...{ organisationId, user },
      session: { expiresAt: body.expiresAt, endsAt: body.endsAt },
    })
    expect(await as(body, 'POST', '/ingest-keys', {})).toMatchObject({ status: 403 })
  })

  it('is refused in the same words for every reason', async () => {
    const user = await newUser()
    const withoutPassword = await newUser({ password: undefined })
    const disabled = await newUser()
    await hub.rest('PATCH', `/users/${disabled.id}`, { status: 'DISABLED' })
    const answers = [
      await logIn(user.email, `${PASSWORD} `),
      await logIn('nobody@example.com'),
      await logIn(withoutPassword.email, ''),
      await logIn(disabled.email),
    ]
    const words = answers.map(({ status, body }) => [status, body.code, body.message])
    expect(words[0]).toEqual([401, 'session.refused', expect.stringContaining('password is wrong')])
    expect(words).toEqual(words.map(() => words[0]))
    const [event] = await told(disabled.id, 'UserAuthenticationEvent')
    expect(event).toMatchObject({ status: 'FAILED', message: 'the user is disabled' })
  })

  it('that fails too often locks the user, until an admin unlocks it, and all is told', async () => {
    const { id, email } = await newUser()
    const wrong = Array.from({ length: 10 }, () => logIn(email, 'not the password'))
    for (const answer of await Promise.all(wrong)) expect(answer.status).toBe(401)
    expect((await logIn(email)).body.code).toBe('session.refused')
    const failures = await told(id, 'UserAuthenticationEvent', 11)
    expect(failures.at(-1)).toMatchObject({
      status: 'FAILED',
      message: expect.stringContaining('locked'),
    })
    const [lockout] = await told(id, 'UserLockoutEvent')
    expect(lockout).toMatchObject({ locked: true, email, status: 'SUCCESS' })
    expect(Date.parse(lockout.lockedUntil)).toBeGreaterThan(Date.now())
    const shown = async () => (await hub.rest('GET', `/users/${id}`)).body
    expect((await shown()).lockedUntil).toBe(Date.parse(lockout.lockedUntil))
    expect((await hub.rest('POST', `/users/${id}/unlock`)).status).toBe(204)
    expect(await shown()).not.toHaveProperty('lockedUntil')
    expect((await logIn(email)).status).toBe(201)
    const lockouts = await told(id, 'UserLockoutEvent', 2)
    expect(lockouts[1]).toMatchObject({
      locked: false,
      meta: { apiToken: { tokenName: 'operator' } },
    })
  })
})

describe('a session', () => {
  it('is refreshed once for each refresh token; a second time ends it', async () => {
    const { id, email } = await newUser()
    const { body: first } = await logIn(email)
    const refresh = ({ refreshToken }: { refreshToken: string }) =>
      as(undefined, 'POST', '/sessions/refresh', { refreshToken })
    const { status, body: second } = await refresh(first)
    expect(status).toBe(201)
    expect((await callerOf(first)).status).toBe(401)
    expect((await callerOf(second)).status).toBe(200)
    expect((await refresh(first)).body.code).toBe('session.ended')
    expect((await callerOf(second)).status).toBe(401)
    const events = await told(id, 'UserAuthenticationEvent', 3)
    expect(events.map(({ authMethod, status: ended }) => [authMethod, ended])).toEqual([
      ['Login', 'SUCCESS'],
      ['RefreshToken', 'SUCCESS'],
      ['RefreshToken', 'FAILED'],
    ])
  })

  it('is listed with the others of its user, and ends alone, with all, or by an admin', async () => {
    const { id, email } = await newUser()
    const sessions = [(await logIn(email)).body, (await logIn(email)).body]
    const [one, other] = sessions
    const { items } = (await as(one, 'GET', '/sessions')).body
    expect(items).toMatchObject([
      { current: true, loginType: 'Stax', sourceAddress: '127.0.0.1' },
      { current: false },
    ])
    expect((await as(other, 'DELETE', '/sessions/current')).status).toBe(204)
    expect((await callerOf(other)).status).toBe(401)
    expect((await callerOf(one)).status).toBe(200)
    expect((await as(one, 'DELETE', '/sessions')).status).toBe(204)
    expect((await callerOf(one)).status).toBe(401)
    const { body: third } = await logIn(email)
    expect((await hub.rest('DELETE', `/users/${id}/sessions`)).status).toBe(204)
    expect((await callerOf(third)).status).toBe(401)
    const events = await told(id, 'UserSignOutEvent', 3)
    expect(events.map((event) => event.sessions)).toEqual([1, 1, 1])
    expect(events[2].meta.apiToken.tokenName).toBe('operator')
  })

  it('is from where a trusted proxy says that it is', async () => {
    const { email } = await newUser()
    const answer = await fetch(`${hub.url}/api/v1/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': '1.2.3.4, 203.0.113.9' },
      body: JSON.stringify({ email, password: PASSWORD }),
    })
    const session = (await answer.json()) as any
    const { items } = (await as(session, 'GET', '/sessions')).body
    expect(items).toMatchObject([{ sourceAddress: '203.0.113.9' }])
  })

  it('that ends ends its live stream too; so does an API token that is deleted', async () => {
    const { email } = await newUser()
    const { body: session } = await logIn(email)
    const token = { organisationId, name: 'follower', role: 'api_readonly' }
    const { body: apiToken } = await hub.rest('POST', '/api-tokens', token)
    const path = '/events/stream'
    const streams = await Promise.all(
      [session, apiToken].map(async (caller) => {
        const headers = proofOf(hub, caller, { method: 'GET', path })
        const answer = await fetch(`${hub.url}/api/v1${path}`, { headers })
        expect(answer.status).toBe(200)
        return { ended: answer.text().catch(() => 'cut') }
      }),
    )
    expect((await as(session, 'DELETE', '/sessions')).status).toBe(204)
    expect((await hub.rest('DELETE', `/api-tokens/${apiToken.accessKeyId}`)).status).toBe(204)
    // The test's own time is the bound; a stream that goes on is never read to its end.
    const texts = await Promise.all(streams.map(({ ended }) => ended))
    expect(texts).toHaveLength(2)
  })
})

describe('a second factor', () => {
  it('is set up in two steps, asked for at sign-in, and takes each code once', async () => {
    const { id, email } = await newUser()
    const { body: session } = await logIn(email)
    const guessed = await as(session, 'POST', '/second-factor', { password: 'not the password' })
    expect(guessed).toMatchObject({ status: 403, body: { code: 'password.refused' } })
    const { body: enrolment } = await as(session, 'POST', '/second-factor', { password: PASSWORD })
    expect(enrolment.uri).toContain(`secret=${enrolment.secret}`)
    const codeAt = (away: number) => codeOf(enrolment.secret, stepAt(Date.now()) + away)
    expect((await as(session, 'POST', '/second-factor/confirm', { code: '000000' })).status) //
      .toBe(403)
    const code = codeAt(0)
    const { body: confirmed } = await as(session, 'POST', '/second-factor/confirm', { code })
    expect(confirmed.recoveryCodes).toHaveLength(10)
    expect((await logIn(email)).body.code).toBe('session.code-required')
    expect((await logIn(email, PASSWORD, { code })).body.code).toBe('session.code-refused')
    const next = { code: codeAt(1) }
    expect((await logIn(email, PASSWORD, next)).body.user.mfaEnabled).toBe(true)
    await restart()
    expect((await logIn(email, PASSWORD, next)).body.code).toBe('session.code-refused')
    const [recovery] = confirmed.recoveryCodes
    expect((await logIn(email, PASSWORD, { code: recovery })).status).toBe(201)
    expect((await hub.rest('DELETE', `/users/${id}/second-factor`)).status).toBe(204)
    expect((await logIn(email)).status).toBe(201)
    const [on, off] = await told(id, 'UserSecondFactorEvent', 2)
    expect([on.mfaEnabled, off.mfaEnabled]).toEqual([true, false])
    const stored = readStore()
    for (const secret of [enrolment.secret, recovery, recovery.replaceAll('-', '')]) {
      expect(stored).not.toContain(secret)
      expect(hub.errors()).not.toContain(secret)
    }
  })

  it('that the organisation asks for is all that a user without one may set up', async () => {
    const { email } = await newUser({ role: 'customer_admin' })
    const { body: session } = await logIn(email)
    expect((await as(session, 'GET', '/users')).status).toBe(200)
    const path = `/organisations/${organisationId}/sign-in`
    const settings = { LOCAL: { Enable: true }, MFA: { Required: true }, OIDC: null }
    expect((await hub.rest('PUT', path, settings)).status).toBe(200)
    const refused = { status: 403, body: { code: 'caller.second-factor-required' } }
    expect(await as(session, 'GET', '/users')).toMatchObject(refused)
    expect(await as(session, 'GET', '/events/stream')).toMatchObject(refused)
    expect((await callerOf(session)).body).toMatchObject({ mustEnrol: true })
    const { body: enrolment } = await as(session, 'POST', '/second-factor', { password: PASSWORD })
    const code = codeOf(enrolment.secret, stepAt(Date.now()))
    expect((await as(session, 'POST', '/second-factor/confirm', { code })).status).toBe(200)
    expect((await as(session, 'GET', '/users')).status).toBe(200)
    await hub.rest('PUT', path, { ...settings, MFA: { Required: false } })
  })
})

describe('a user that is deleted', () => {
  it('is gone from the list, cannot sign in, leaves its e-mail, and is told by its name', async () => {
    const user = await newUser()
    const { body: session } = await logIn(user.email)
    expect((await hub.rest('DELETE', `/users/${user.id}`)).status).toBe(204)
    expect((await callerOf(session)).status).toBe(401)
    expect((await logIn(user.email)).status).toBe(401)
    const { items } = (await hub.rest('GET', '/users?limit=1000')).body
    expect(items.map(({ id }: { id: string }) => id)).not.toContain(user.id)
    expect((await hub.rest('GET', `/users/${user.id}`)).body.status).toBe('DELETED')
    expect((await hub.rest('PATCH', `/users/${user.id}`, { firstName: 'X' })).status).toBe(404)
    const again = await newUser({ email: user.email })
    expect(again.id).not.toBe(user.id)
    const [event] = await told(user.id, 'UserDeleteEvent')
    expect(event).toMatchObject({ email: user.email, status: 'SUCCESS' })
  })

  it('is not itself', async () => {
    const { id, email } = await newUser({ role: 'customer_admin' })
    const { body: session } = await logIn(email)
    expect(await as(session, 'DELETE', `/users/${id}`)).toMatchObject({
      ...{ status: 409, body: { code: 'user.own' } },
    })
    expect(await told(id, 'UserDeleteEvent')).toMatchObject([{ status: 'FAILED' }])
  })
})

describe('the administrator of the first start', () => {
  it('signs in with the password that was shown, and acts in every organisation', async () => {
    expect(shownPassword).toMatch(/^\w{24}$/)
    const { status, body: session } = await logIn('admin@localhost', shownPassword)
    expect(status).toBe(201)
    expect((await callerOf(session)).body).toMatchObject({ role: 'admin' })
    const change = { name: 'By the administrator' }
    const path = `/organisations/${organisationId}`
    expect((await as(session, 'PATCH', path, change)).status).toBe(200)
    const [event] = await follower.waitFor(
      1,
      ({ data }) =>
        data.event.detail.staxEventName === 'OrganisationUpdateEvent' &&
        data.event.detail.meta.user !== undefined,
    )
    expect(event?.data.event.detail.meta.user.email).toBe('admin@localhost')
  })

  it('is told of in the log and the metrics, as it has no organisation for events', async () => {
    expect((await logIn('admin@localhost', 'not the password')).status).toBe(401)
    const lastLine = () => {
      const lines = hub.errors().split('\n')
      return JSON.parse(lines.findLast((line) => line.includes('sign-in.finished')) ?? '{}')
    }
    // The log is written beside the answer.
    const failed = { level: 40, outcome: 'failed', authMethod: 'Login' }
    await expect.poll(lastLine).toMatchObject(failed)
    const metrics = await (await fetch(`${hub.url}/metrics`)).text()
    expect(metrics).toMatch(/belfry_sign_ins_total\{method="Login",outcome="failed"\} [1-9]/)
  })

  it('is for the operator to see, and for no organisation', async () => {
    const { email } = await newUser({ role: 'customer_admin' })
    const { body: session } = await logIn(email)
    const { items } = (await hub.rest('GET', '/users?limit=1000')).body
    const admin = items.find((user: any) => user.email === 'admin@localhost')
    expect(admin.organisationId).toBeUndefined()
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/unlock'],
      ['DELETE', '/sessions'],
    ] as const) {
      const answer = await as(session, method, `/users/${admin.id}${path}`)
      expect([method, path, answer.status]).toEqual([method, path, 404])
    }
  })

  it('is made once; its password is in no log, no store and on no later screen', async () => {
    expect(await restart()).toBeUndefined()
    const { body: session } = await logIn('admin@localhost', shownPassword)
    const secrets = [shownPassword, PASSWORD, session.sessionToken, session.refreshToken]
    const stored = readStore()
    for (const secret of secrets) {
      expect(stored).not.toContain(secret)
      expect(logs + hub.errors()).not.toContain(secret)
    }
  })
})

/** Restarts the hub; answers the password that the second start shows, if any. */
async function restart(): Promise<string | undefined> {
  follower.close()
  await hub.kill('SIGTERM')
  logs += hub.errors()
  hub = await startHubProcess(folder, FLAGS)
  follower = await follow(hub, await hub.profile('operator'), { since: 'start' })
  return hub.adminPassword
}

function readStore(): string {
  const files = readdirSync(folder).filter((name) => name.startsWith('belfry.db'))
  return files.map((name) => readFileSync(join(folder, name), 'latin1')).join('')
}
