import { Type } from 'typebox'
import type { Static } from 'typebox'

import { PERMISSIONS, ROLES, ROLE_NAMES } from './principal.ts'
import type { Role } from './principal.ts'

export const RoleDescription = Type.Object(
  {
    role: Type.String(),
    names: Type.Array(Type.String(), {
      description: 'Its names: customer_... for people, api_... for API tokens',
    }),
    permissions: Type.Array(Type.String()),
  },
  { $id: 'Role' },
)
export type RoleDescription = Static<typeof RoleDescription>

/** Every role with its names and what it may do, the weakest first. */
export function describedRoles(): readonly RoleDescription[] {
  return ROLES.map((role) => ({
    role,
    names: Object.entries(ROLE_NAMES).flatMap(([name, named]) => (named === role ? [name] : [])),
    permissions: Object.entries<readonly Role[]>(PERMISSIONS).flatMap(([permission, roles]) =>
      roles.includes(role) ? [permission] : [],
    ),
  }))
}
