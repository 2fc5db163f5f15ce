import { describe, expect, it } from 'vitest'

import type { OidcSettings } from '#src/model/service-configuration.ts'
import { claimedUser } from './federated-user.ts'

const SETTINGS: OidcSettings = {
  ...{ Issuer: 'https://id.example.com', ClientId: 'belfry', RolesClaim: 'groups' },
  Roles: { a: 'customer_admin', c: 'customer_costadmin', o: 'customer_operations' },
}
const of = (claims: Record<string, unknown>, more: Partial<OidcSettings> = {}) =>
  claimedUser({ issuer: '', subject: '', claims }, { ...SETTINGS, ...more })

describe('what claims say of a user', () => {
  it.each<[unknown, string | undefined]>([
    [['x', 'o', 'c'], 'customer_operations'],
    [['c', 'a'], 'customer_admin'],
    ['c', 'customer_costadmin'],
    [['x'], undefined],
    [[], undefined],
    [undefined, undefined],
    [['constructor', 7, null, { a: 1 }], undefined],
  ])('is the strongest role of the groups %j', (groups, role) => {
    expect(of({ groups }).role).toBe(role)
    expect(of({ groups }, { DefaultRole: 'customer_readonly' }).role).toBe(
      role ?? 'customer_readonly',
    )
  })

  it('is found under a name with dots, or along a path', () => {
    const RolesClaim = 'realm_access.roles'
    expect(of({ realm_access: { roles: ['a'] } }, { RolesClaim }).role).toBe('customer_admin')
    expect(of({ 'realm_access.roles': ['o'] }, { RolesClaim }).role).toBe('customer_operations')
    expect(of({ realm_access: 'a' }, { RolesClaim }).role).toBeUndefined()
  })

  it('is its names, given or to be had from the whole name, of bounded length', () => {
    expect(of({ name: 'Ada King Lovelace' })).toMatchObject({
      ...{ firstName: 'Ada', lastName: 'King Lovelace' },
    })
    const given = { given_name: 'Augusta', family_name: 'x'.repeat(100), name: 'Ada' }
    expect(of(given)).toMatchObject({ firstName: 'Augusta', lastName: 'x'.repeat(64) })
  })

  it('is no e-mail and nothing verified where the claim is none', () => {
    for (const email of [undefined, 7, 'nobody', 'a b@c', `${'a'.repeat(250)}@b.cd`]) {
      expect(of({ email }).email).toBeUndefined()
    }
    expect(of({ email: 'Ada@Example.com' }).email).toBe('ada@example.com')
    expect(of({ email_verified: 'true' }).emailVerified).toBeUndefined()
  })
})
