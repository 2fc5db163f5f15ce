import { describe, expect, it } from 'vitest'

import {
  PERMISSIONS,
  ROLES,
  includes,
  mayDo,
  reaches,
  reachesAccount,
  roleOf,
} from './principal.ts'
import type { Permission, Principal, Role } from './principal.ts'

const principal = (role: Role, given: Partial<Principal> = {}): Principal => ({
  ...{ arn: 'arn:aws:iam::000000000000:user/u', id: 'u', role },
  ...given,
})
const all = Object.keys(PERMISSIONS) as Permission[]
const allowed = (caller: Principal) => all.filter((permission) => mayDo(caller, permission))
const reading = all.filter((permission) => permission.endsWith(':Read'))

describe('a role', () => {
  it('may read everything; the stronger ones may do more', () => {
    const user = [...reading, 'events:Put']
    const operations = [
      ...user,
      ...['events:Write', 'deliveries:Redrive', 'event-sources:Write', 'schemas:Write'],
      ...['tenancy-events:Emit', 'webhook-secrets:Write'],
    ]
    expect(new Set(allowed(principal('readonly')))).toEqual(new Set(reading))
    expect(new Set(allowed(principal('costadmin')))).toEqual(new Set([...reading, 'costs:Write']))
    expect(new Set(allowed(principal('user')))).toEqual(new Set(user))
    expect(new Set(allowed(principal('operations')))).toEqual(new Set(operations))
    expect(new Set(allowed(principal('admin')))).toEqual(new Set(all))
  })

  it('includes itself and the weaker ones, and none that may do more', () => {
    for (const role of ROLES) {
      for (const other of ROLES) {
        const more = allowed(principal(other)).filter((each) => !mayDo(principal(role), each))
        expect(includes(role, other), `${role} ${other}`).toBe(more.length === 0)
      }
    }
    expect(includes('operations', 'admin')).toBe(false)
    expect(includes('costadmin', 'user')).toBe(false)
  })

  it('is named for people and, but for the cost role, alike for API tokens', () => {
    for (const role of ROLES) {
      expect(roleOf(`customer_${role}`)).toBe(role)
      expect(roleOf(`api_${role}`)).toBe(role === 'costadmin' ? undefined : role)
    }
  })

  it.each([
    '',
    'root',
    'api_root',
    'api_api_admin',
    'admin_api',
    'API_ADMIN',
    'api_admin ',
    'toString',
  ])('is not what "%s" names', (name) => {
    expect(roleOf(name)).toBeUndefined()
  })
})

describe('a caller', () => {
  it('reaches its own organisation, and the operator of the hub every one', () => {
    expect(reaches(principal('readonly', { organisationId: 'a' }), 'a')).toBe(true)
    expect(reaches(principal('admin', { organisationId: 'a' }), 'b')).toBe(false)
    expect(reaches(principal('admin'), 'a')).toBe(true)
    expect(reaches(principal('admin', { organisationId: '' }), 'a')).toBe(false)
  })

  it('that is only for some accounts does nothing to the organisation as a whole', () => {
    const caller = principal('admin', { onlyAccounts: ['111111111111'] })
    expect(reachesAccount(caller, '111111111111')).toBe(true)
    expect(reachesAccount(caller, '222222222222')).toBe(false)
    expect(reachesAccount(principal('readonly'), '222222222222')).toBe(true)
    for (const permission of [
      'users:Write',
      'users:Read',
      'accounts:Write',
      'trail:Read',
    ] as const) {
      expect(mayDo(caller, permission)).toBe(false)
    }
    expect(mayDo(caller, 'events:Write')).toBe(true)
  })
})
