import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Principal } from '#src/model/principal.ts'
import { USER_SESSIONS } from './sign-in-documents.ts'
import { FROM, OPERATOR, PASSWORD, createTestTenancy } from './tenancy.fixture.ts'
import type { TestTenancy } from './tenancy.fixture.ts'
import { SESSIONS_PER_USER_MAX, SESSION_ENDS_AFTER_MS, SESSION_MS } from './user-sessions.ts'

let given: TestTenancy
beforeAll(async () => {
  given = await createTestTenancy()
})
afterAll(() => given.close())

const signIn = (email: string) =>
  given.tenancy.passwordSignIn.signIn({ email, password: PASSWORD, ...FROM })
const principalOf = (token: string) => given.tenancy.sessions.principalOf(token)
const refresh = (token: string) => given.tenancy.sessions.refresh(token)
const ended = { status: 401, code: 'session.ended' }

describe('a session', () => {
  it('lasts an hour to the millisecond, and stands for its user until then', async () => {
    const { id, email } = await given.newUser()
    const { sessionToken, expiresAt } = await signIn(email)
    expect(expiresAt).toBe(given.now() + SESSION_MS)
    expect(SESSION_MS).toBe(3_600_000)
    given.move(SESSION_MS - 1)
    expect(await principalOf(sessionToken)).toMatchObject({ role: 'user', userId: id })
    given.move(1)
    expect(await principalOf(sessionToken)).toBeUndefined()
  })

  it('is not made for a token that was never given out, or for one of another kind', async () => {
    const { id, email } = await given.newUser()
    const { refreshToken } = await signIn(email)
    const [stored] = (await given.state.get(USER_SESSIONS, id)) ?? []
    const tokens = ['', 'x', stored?.sessionFingerprint ?? '', refreshToken]
    for (const token of tokens) expect(await principalOf(token)).toBeUndefined()
  })

  it('that cannot be refreshed any more is removed by a later sign-in', async () => {
    const { id, email } = await given.newUser()
    await signIn(email)
    given.move(SESSION_ENDS_AFTER_MS)
    await signIn(email)
    expect(await given.state.get(USER_SESSIONS, id)).toHaveLength(1)
  })

  it('refreshes into new tokens; the old ones are spent at once', async () => {
    const { email } = await given.newUser()
    const first = await signIn(email)
    const second = await refresh(first.refreshToken)
    expect(await principalOf(first.sessionToken)).toBeUndefined()
    const principal = await principalOf(second.sessionToken)
    expect(principal?.session).toMatchObject({ expiresAt: given.now() + SESSION_MS })
    const third = await refresh(second.refreshToken)
    expect(await principalOf(third.sessionToken)).toMatchObject({
      session: { id: principal?.session?.id },
    })
  })

  it('ends when a refresh token comes twice, at whatever place of the chain it was', async () => {
    const { id, email } = await given.newUser()
    const other = await signIn(email)
    for (const spent of [0, 1, 2]) {
      const chain = [await signIn(email)]
      for (let at = 0; at < 3; at += 1) {
        chain.push(await refresh(chain.at(-1)?.refreshToken ?? ''))
      }
      await expect(refresh(chain[spent]?.refreshToken ?? '')).rejects.toMatchObject(ended)
      expect(await principalOf(chain.at(-1)?.sessionToken ?? '')).toBeUndefined()
      await expect(refresh(chain.at(-1)?.refreshToken ?? '')).rejects.toMatchObject(ended)
    }
    expect(await principalOf(other.sessionToken)).toBeDefined()
    const events = await given.events('UserAuthenticationEvent')
    const reuses = events.filter(
      ({ userId, fields }) => userId === id && fields['status'] === 'FAILED',
    )
    expect(reuses).toHaveLength(3)
    expect(reuses[0]?.fields).toMatchObject({ authMethod: 'RefreshToken' })
  })

  it('is refreshed by one of two that come at the same time', async () => {
    const { email } = await given.newUser()
    const { refreshToken } = await signIn(email)
    const both = await Promise.allSettled([refresh(refreshToken), refresh(refreshToken)])
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  it('ends for good after its longest life, and its last token no later', async () => {
    const { email } = await given.newUser()
    let session = await signIn(email)
    const { endsAt } = session
    expect(endsAt).toBe(given.now() + SESSION_ENDS_AFTER_MS)
    while (endsAt - given.now() > SESSION_MS) {
      given.move(SESSION_MS - 60_000)
      session = await refresh(session.refreshToken)
      expect(session.endsAt).toBe(endsAt)
    }
    expect(session.expiresAt).toBeLessThanOrEqual(endsAt)
    given.move(endsAt - given.now())
    expect(await principalOf(session.sessionToken)).toBeUndefined()
    await expect(refresh(session.refreshToken)).rejects.toMatchObject(ended)
  })

  it('of a user who has many ends when there is one more', async () => {
    const { id, email } = await given.newUser()
    const { sessionToken } = await signIn(email)
    const [oldest] = (await given.state.get(USER_SESSIONS, id)) ?? []
    if (oldest === undefined) throw new Error('no session')
    const others = Array.from({ length: SESSIONS_PER_USER_MAX - 1 }, (_, at) => ({
      ...{ ...oldest, id: `other-${at}` },
    }))
    await given.state.transact(async (transaction) =>
      transaction.put(USER_SESSIONS, id, [oldest, ...others]),
    )
    expect(await principalOf(sessionToken)).toBeDefined()
    await signIn(email)
    expect(await principalOf(sessionToken)).toBeUndefined()
    expect(await given.state.get(USER_SESSIONS, id)).toHaveLength(SESSIONS_PER_USER_MAX)
  })
})

describe('signing out', () => {
  it('ends one session, or all of them, and tells how many', async () => {
    const { id, email } = await given.newUser()
    const sessions = await Promise.all([signIn(email), signIn(email), signIn(email)])
    const [first, second, third] = await Promise.all(
      sessions.map(async ({ sessionToken }) => (await principalOf(sessionToken)) as Principal),
    )
    const { sessions: own } = given.tenancy
    await own.endCurrent(first as Principal)
    const left = await own.list(second as Principal)
    expect(left).toHaveLength(2)
    expect(left.filter(({ current }) => current)).toMatchObject([
      { id: second?.session?.id, sourceAddress: FROM.sourceAddress, loginType: 'Stax' },
    ])
    expect(JSON.stringify(left)).not.toMatch(/ingerprint/)
    await own.endAll(third as Principal)
    for (const { sessionToken, refreshToken } of sessions) {
      expect(await principalOf(sessionToken)).toBeUndefined()
      await expect(refresh(refreshToken)).rejects.toMatchObject(ended)
    }
    const told = (await given.events('UserSignOutEvent')).filter(({ userId }) => userId === id)
    expect(told.map(({ fields }) => fields['sessions'])).toEqual([1, 2])
  })

  it.each([
    ['disabled', { status: 'DISABLED' }],
    ['given another password', { password: 'another password' }],
    ['deleted', undefined],
  ] as const)('happens everywhere to a user who is %s', async (_name, change) => {
    const { id, email } = await given.newUser()
    const { sessionToken, refreshToken } = await signIn(email)
    const { users } = given.tenancy
    if (change === undefined) await users.remove(OPERATOR, id)
    else await users.update(OPERATOR, id, change)
    expect(await principalOf(sessionToken)).toBeUndefined()
    if (change !== undefined) await users.update(OPERATOR, id, { status: 'ACTIVE' })
    await expect(refresh(refreshToken)).rejects.toMatchObject(ended)
  })
})
