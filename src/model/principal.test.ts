import { describe, expect, it } from 'vitest'

import { PERMISSIONS, ROLES, atLeast, mayDo, reaches, roleOf } from './principal.ts'
import type { Permission, Principal, Role } from './principal.ts'

const principal = (role: Role, organisationId?: string): Principal => ({
  ...{ arn: 'arn:aws:iam::000000000000:user/u', id: 'u', role },
  ...(organisationId !== undefined && { organisationId }),
})

describe('a role', () => {
  it('may do what the weaker ones may, and more', () => {
    const allowed = (role: Role) =>
      (Object.keys(PERMISSIONS) as Permission[]).filter((permission) =>
        mayDo(principal(role), permission),
      )
    const readonly = ['tenancy:Read', 'events:Read', 'deliveries:Read']
    const user = [...readonly, 'events:Put']
    const operations = [...user, 'events:Write', 'deliveries:Redrive']
    expect(new Set(allowed('readonly'))).toEqual(new Set(readonly))
    expect(new Set(allowed('user'))).toEqual(new Set(user))
    expect(new Set(allowed('operations'))).toEqual(new Set(operations))
    expect(new Set(allowed('admin'))).toEqual(new Set([...operations, 'tenancy:Write']))
  })

  it('is at least itself and every one before it', () => {
    for (const [index, role] of ROLES.entries()) {
      for (const [other, least] of ROLES.entries()) {
        expect(atLeast(role, least)).toBe(index >= other)
      }
    }
  })

  it.each(ROLES)('%s is named alike for tokens and for users', (role) => {
    expect(roleOf(`api_${role}`)).toBe(role)
    expect(roleOf(`customer_${role}`)).toBe(role)
  })

  it.each(['', 'root', 'api_root', 'api_api_admin', 'admin_api', 'API_ADMIN', 'api_admin '])(
    'is not what "%s" names',
    (name) => {
      expect(roleOf(name)).toBeUndefined()
    },
  )
})

describe('a caller', () => {
  it('reaches its own organisation, and the operator of the hub every one', () => {
    expect(reaches(principal('readonly', 'a'), 'a')).toBe(true)
    expect(reaches(principal('admin', 'a'), 'b')).toBe(false)
    expect(reaches(principal('admin'), 'a')).toBe(true)
    expect(reaches(principal('admin', ''), 'a')).toBe(false)
  })
})
