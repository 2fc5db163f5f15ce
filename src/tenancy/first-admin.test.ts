import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { FROM, OPERATOR, createTestTenancy } from './tenancy.fixture.ts'
import type { TestTenancy } from './tenancy.fixture.ts'

let given: TestTenancy
beforeEach(async () => {
  given = await createTestTenancy()
})
afterEach(() => given.close())

const EMAIL = 'admin@localhost'
const signIn = (password: string) =>
  given.tenancy.passwordSignIn.signIn({ email: EMAIL, password, ...FROM })

describe('the first administrator', () => {
  it('signs in with the password that was shown, acts for all, and is made once', async () => {
    const admin = await given.tenancy.firstAdmin.prepare(EMAIL)
    expect(admin?.password).toMatch(/^[A-Za-z0-9]{24}$/)
    await given.tenancy.firstAdmin.shown()
    expect(await given.restarted().firstAdmin.prepare(EMAIL)).toBeUndefined()
    const { sessionToken } = await signIn(admin?.password ?? '')
    const caller = await given.tenancy.sessions.principalOf(sessionToken)
    expect(caller).toMatchObject({ role: 'admin' })
    expect(caller?.organisationId).toBeUndefined()
    expect(given.signIns).toMatchObject([{ ok: true, authMethod: 'Login' }])
  })

  it('has a new password after a crash before it was on a screen', async () => {
    const unseen = await given.tenancy.firstAdmin.prepare(EMAIL)
    const seen = await given.restarted().firstAdmin.prepare('other@localhost')
    expect(seen).toMatchObject({ email: EMAIL })
    await expect(signIn(unseen?.password ?? '')).rejects.toMatchObject({ code: 'session.refused' })
    expect(await signIn(seen?.password ?? '')).toBeDefined()
    const all = await given.tenancy.users.list(OPERATOR, { limit: 10 })
    expect(all.items).toHaveLength(1)
  })

  it('keeps a password that was used or changed, marked as shown or not', async () => {
    const admin = await given.tenancy.firstAdmin.prepare(EMAIL)
    const { user } = await signIn(admin?.password ?? '')
    expect(await given.restarted().firstAdmin.prepare(EMAIL)).toBeUndefined()
    given.move(1)
    await given.tenancy.users.update(OPERATOR, user.id, { password: 'one of my own choice' })
    expect(await given.restarted().firstAdmin.prepare(EMAIL)).toBeUndefined()
    expect(await signIn('one of my own choice')).toBeDefined()
  })

  it('is not made with the e-mail of another user', async () => {
    const { email } = await given.newUser()
    await expect(given.tenancy.firstAdmin.prepare(email)).rejects.toThrow('--admin-email')
  })
})
