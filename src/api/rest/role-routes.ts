import { Type } from 'typebox'

import { RoleDescription, describedRoles } from '#src/model/role.ts'
import { ref } from './route.ts'
import type { AddRoute } from './route.ts'

export function addRoleRoutes(add: AddRoute): void {
  add({
    method: 'GET',
    url: '/roles',
    tag: 'roles',
    summary: 'List the roles with their permissions',
    permission: 'catalogue:Read',
    answer: [200, Type.Object({ items: Type.Array(ref(RoleDescription)) })],
    run: async () => ({ items: describedRoles() }),
  })
}
