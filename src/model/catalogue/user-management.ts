import { Type } from 'typebox'

import { GROUP_GAINS, category, group, id, outcome, user } from './event-type.ts'

const USER_EXAMPLE = {
  userID: '0194f0e2-5a3c-7b11-9d0e-0b1d3f5a7c9e',
  username: 'ines.duarte@example.com',
  email: 'ines.duarte@example.com',
  role: 'customer_operations',
  firstName: 'Inês',
  lastName: 'Duarte',
  status: 'SUCCESS',
}
const GROUP_EXAMPLE = {
  groupId: '0194f0e2-5a3c-7b11-9d0e-5d6c7b8a9f0e',
  groupName: 'platform',
  status: 'SUCCESS',
}

const changed = {
  changed: Type.Optional(Type.Array(Type.String(), { description: 'Names of what was changed' })),
}

export const USER_MANAGEMENT = category('UserManagement', 'auth', [
  ...(
    [
      ['Create', 'POST /api/v1/users', 'made'],
      ['Update', 'PATCH /api/v1/users/:id', 'changed'],
      ['Delete', 'DELETE /api/v1/users/:id', 'deleted'],
    ] as const
  ).map(([verb, action, done]) => ({
    name: `User${verb}Event`,
    provenance: 'ours' as const,
    summary: `A user was ${done}.`,
    causes: [
      { action, permission: 'users:Write' as const },
      ...(verb === 'Delete' ? [] : [{ action: 'sign-in with an OpenID provider' }]),
      ...(verb === 'Update' ? [{ action: 'PUT /api/v1/password' }] : []),
    ],
    fields: Type.Object({
      ...user(),
      ...(verb === 'Update' && {
        ...changed,
        userStatus: Type.Optional(
          Type.String({ description: 'Where that was changed: ACTIVE or DISABLED' }),
        ),
      }),
      ...outcome,
    }),
    example: { ...USER_EXAMPLE, ...(verb === 'Update' && { changed: ['role'] }) },
  })),
  ...(
    [
      ['Create', 'POST /api/v1/groups', 'made'],
      ['Update', 'PATCH /api/v1/groups/:id', 'changed'],
      ['Delete', 'DELETE /api/v1/groups/:id', 'deleted'],
    ] as const
  ).map(([verb, action, done]) => ({
    name: `Group${verb}Event`,
    provenance: 'ours' as const,
    summary: `A group was ${done}.`,
    causes: [{ action, permission: 'groups:Write' as const }],
    fields: Type.Object({ ...group(), ...(verb === 'Update' && changed), ...outcome }),
    example: { ...GROUP_EXAMPLE, ...(verb === 'Update' && { changed: ['name'] }) },
  })),
  ...(
    [
      ['Add', 'PUT /api/v1/groups/:id/members/:userId', 'joined'],
      ['Remove', 'DELETE /api/v1/groups/:id/members/:userId', 'left'],
    ] as const
  ).map(([verb, action, done]) => ({
    name: `GroupMember${verb}Event`,
    provenance: 'ours' as const,
    summary: `A user ${done} a group.`,
    causes: [{ action, permission: 'groups:Write' as const }],
    fields: Type.Object({ ...id('groupId', 'group', GROUP_GAINS), ...user(), ...outcome }),
    example: { ...GROUP_EXAMPLE, ...USER_EXAMPLE },
  })),
])
