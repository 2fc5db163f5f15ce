import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Principal } from '#src/model/principal.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { createActions } from './actions.ts'
import { codeOf, stepAt } from './one-time-codes.ts'
import { createPasswordSignIn } from './password-sign-in.ts'
import { SECOND_FACTORS, SIGN_IN_FAILURES } from './sign-in-documents.ts'
import { FAILURES_MAX, LOCK_MS_FIRST } from './sign-in-failures.ts'
import { createSourceLimiter } from './source-limiter.ts'
import { FROM, OPERATOR, PASSWORD, createTestTenancy, testVault } from './tenancy.fixture.ts'
import type { TestTenancy } from './tenancy.fixture.ts'
import { createSessionTokens } from './user-sessions.ts'

let given: TestTenancy
beforeAll(async () => {
  given = await createTestTenancy()
})
afterAll(() => given.close())

const signIn = (email: string, more: { password?: string; code?: string } = {}) =>
  given.tenancy.passwordSignIn.signIn({ email, password: PASSWORD, ...FROM, ...more })
const refused = { status: 401, code: 'session.refused' }
const codeRefused = { status: 401, code: 'session.code-refused' }
const wordsOf = async (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'signed in',
    (error: Error) => error.message,
  )

/** A user with nine failures behind it. */
async function almostLocked() {
  const user = await given.newUser()
  await failOftenAs(user.id)
  return user
}

async function failOftenAs(userId: string): Promise<void> {
  const failures = { failures: FAILURES_MAX - 1, since: given.now(), locks: 0, lockedUntil: 0 }
  await given.state.transact(async (transaction) =>
    transaction.put(SIGN_IN_FAILURES, userId, failures),
  )
}

describe('a locked user', () => {
  it('is refused in the same words with the right password, and let in after the lock', async () => {
    const { id, email } = await almostLocked()
    const wrong = await wordsOf(signIn(email, { password: 'wrong' }))
    expect(await wordsOf(signIn(email))).toBe(wrong)
    expect(await wordsOf(signIn('nobody@example.com'))).toBe(wrong)
    const [lockout] = await given.events('UserLockoutEvent')
    expect(lockout).toMatchObject({ fields: { userID: id, locked: true, status: 'SUCCESS' } })
    given.move(LOCK_MS_FIRST - 1)
    await expect(signIn(email)).rejects.toMatchObject(refused)
    given.move(1)
    expect(await signIn(email)).toMatchObject({ user: { id } })
    expect(await given.state.get(SIGN_IN_FAILURES, id)).toBeUndefined()
    const told = (await given.events('UserAuthenticationEvent')).filter(
      ({ userId }) => userId === id,
    )
    const statuses = told.map(({ fields }) => fields['status'])
    expect(statuses).toEqual(['FAILED', 'FAILED', 'FAILED', 'SUCCESS'])
  })

  it('is let in by an admin', async () => {
    const { id, email } = await almostLocked()
    await expect(signIn(email, { password: 'wrong' })).rejects.toMatchObject(refused)
    await given.tenancy.users.unlock(OPERATOR, id)
    expect(await signIn(email)).toMatchObject({ user: { id } })
    const told = (await given.events('UserLockoutEvent')).filter(
      ({ fields }) => fields['userID'] === id,
    )
    expect(told.map(({ fields }) => fields['locked'])).toEqual([true, false])
  })

  it('was locked by the tenth of many who try at the same time, and not let in by a later', async () => {
    const { email } = await almostLocked()
    const tries = await Promise.allSettled(
      ['wrong', 'wrong', 'wrong'].map((password) => signIn(email, { password })),
    )
    expect(tries.every(({ status }) => status === 'rejected')).toBe(true)
    await expect(signIn(email)).rejects.toMatchObject(refused)
  })
})

describe('a sign-in that is locked', () => {
  it('costs no hash, whether there is such a user or not', async () => {
    const { state } = given
    const clock = { now: given.now }
    let compared = 0
    const passwords = {
      hash: async () => 'unused',
      matches: async () => {
        compared += 1
        return false
      },
    }
    const { signIn: attempt } = createPasswordSignIn({
      ...{ state, clock, ids, passwords, vault: testVault, onSignIn: () => undefined },
      actions: createActions({ state, clock, ids }),
      tokens: createSessionTokens(testVault, ids),
      limiter: createSourceLimiter(clock),
    })
    const user = await given.newUser()
    const disabled = await given.newUser()
    await given.tenancy.users.update(OPERATOR, disabled.id, { status: 'DISABLED' })
    for (const email of [user.email, disabled.email, 'none@example.com']) {
      compared = 0
      const words = new Set<string>()
      for (let tries = 0; tries < FAILURES_MAX + 3; tries += 1) {
        words.add(await wordsOf(attempt({ email, password: PASSWORD, ...FROM })))
      }
      expect([email, compared, words.size]).toEqual([email, FAILURES_MAX, 1])
    }
  })
})

describe('a second factor', () => {
  async function withFactor() {
    const { id, email } = await given.newUser()
    const { sessionToken } = await signIn(email)
    const caller = (await given.tenancy.sessions.principalOf(sessionToken)) as Principal
    const { secret } = await given.tenancy.secondFactors.enrol(caller, PASSWORD)
    const code = () => codeOf(secret, stepAt(given.now()))
    const recoveryCodes = await given.tenancy.secondFactors.confirm(caller, code())
    given.move(60_000)
    return { id, email, caller, secret, code, recoveryCodes }
  }

  it('is asked for only where the password is right', async () => {
    const { email, code } = await withFactor()
    await expect(signIn(email)).rejects.toMatchObject({ code: 'session.code-required' })
    await expect(signIn(email, { password: 'wrong' })).rejects.toMatchObject(refused)
    const guess = { password: 'wrong', code: code() }
    await expect(signIn(email, guess)).rejects.toMatchObject(refused)
    expect(await signIn(email, { code: code() })).toMatchObject({ user: { mfaEnabled: true } })
  })

  it('takes each code once, also after a restart and from two at the same time', async () => {
    const { email, code } = await withFactor()
    const both = await Promise.allSettled([
      signIn(email, { code: code() }),
      signIn(email, { code: code() }),
    ])
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const restarted = given.restarted()
    const again = { email, password: PASSWORD, code: code(), ...FROM }
    await expect(restarted.passwordSignIn.signIn(again)).rejects.toMatchObject(codeRefused)
    given.move(30_000)
    expect(await signIn(email, { code: code() })).toBeDefined()
  })

  it('has recovery codes, each good once however it is typed', async () => {
    const { email, recoveryCodes } = await withFactor()
    const [first = '', second = ''] = recoveryCodes
    expect(new Set(recoveryCodes).size).toBe(10)
    expect(first).toMatch(/^([a-z0-9]{4}-){3}[a-z0-9]{4}$/)
    const both = [signIn(email, { code: first }), signIn(email, { code: first })]
    const outcomes = (await Promise.allSettled(both)).map(({ status }) => status)
    expect(outcomes.toSorted()).toEqual(['fulfilled', 'rejected'])
    await expect(signIn(email, { code: first })).rejects.toMatchObject(codeRefused)
    expect(await signIn(email, { code: second.replaceAll('-', '').toUpperCase() })).toBeDefined()
  })

  it('is taken away with a code, or by an admin, and both are told', async () => {
    const { id, email, caller, code } = await withFactor()
    const { secondFactors } = given.tenancy
    const wrong = { status: 403, code: 'second-factor.code-refused' }
    await expect(secondFactors.remove(caller, '000000')).rejects.toMatchObject(wrong)
    await secondFactors.remove(caller, code())
    expect(await signIn(email)).toMatchObject({ user: { mfaEnabled: false } })
    const { secret } = await secondFactors.enrol(caller, PASSWORD)
    await secondFactors.confirm(caller, codeOf(secret, stepAt(given.now())))
    await secondFactors.reset(OPERATOR, id)
    expect(await signIn(email)).toMatchObject({ user: { mfaEnabled: false } })
    const told = (await given.events('UserSecondFactorEvent')).filter(
      ({ fields }) => fields['userID'] === id,
    )
    expect(told.map(({ fields }) => fields['mfaEnabled'])).toEqual([true, false, true, false])
  })

  it('is no factor of another user, into whose document it was copied', async () => {
    const [ada, grace] = [await withFactor(), await withFactor()]
    await given.state.transact(async (transaction) => {
      const factor = await transaction.get(SECOND_FACTORS, grace.id)
      if (factor !== undefined) transaction.put(SECOND_FACTORS, ada.id, factor)
    })
    const attempt = signIn(ada.email, { code: grace.code() })
    await expect(attempt).rejects.toMatchObject(codeRefused)
    expect(await signIn(grace.email, { code: grace.code() })).toBeDefined()
  })

  it('locks the user whose codes are guessed', async () => {
    const { id, email, code } = await withFactor()
    await failOftenAs(id)
    await expect(signIn(email, { code: '000000' })).rejects.toMatchObject(codeRefused)
    await expect(signIn(email, { code: code() })).rejects.toMatchObject(refused)
  })

  it('that was begun and not confirmed is not asked for', async () => {
    const { email } = await given.newUser()
    const { sessionToken } = await signIn(email)
    const caller = (await given.tenancy.sessions.principalOf(sessionToken)) as Principal
    await given.tenancy.secondFactors.enrol(caller, PASSWORD)
    const wrong = { status: 403, code: 'second-factor.code-refused' }
    await expect(given.tenancy.secondFactors.confirm(caller, '000000')).rejects.toMatchObject(wrong)
    expect(await signIn(email)).toMatchObject({ user: { mfaEnabled: false } })
  })
})

describe("a user's own password", () => {
  it('is changed with the present one, whose guesses count, and ends the sessions', async () => {
    const { id, email } = await given.newUser()
    const { sessionToken } = await signIn(email)
    const caller = (await given.tenancy.sessions.principalOf(sessionToken)) as Principal
    const change = (password: string) =>
      given.tenancy.ownPassword.change(caller, { password, newPassword: 'another password' })
    await expect(change('wrong')).rejects.toMatchObject({ status: 403, code: 'password.refused' })
    expect(await given.state.get(SIGN_IN_FAILURES, id)).toMatchObject({ failures: 1 })
    await change(PASSWORD)
    expect(await given.tenancy.sessions.principalOf(sessionToken)).toBeUndefined()
    await expect(signIn(email)).rejects.toMatchObject(refused)
    expect(await signIn(email, { password: 'another password' })).toBeDefined()
    const [told] = (await given.events('UserUpdateEvent')).filter(({ userId }) => userId === id)
    expect(told?.fields).toMatchObject({ changed: ['password'], status: 'SUCCESS' })
  })
})
