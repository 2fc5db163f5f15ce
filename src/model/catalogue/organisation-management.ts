import { Type } from 'typebox'

import { OU_GAINS, Uuid, category, id, outcome } from './event-type.ts'

const OU_EXAMPLE = {
  organisationalUnitId: '0194f0e2-5a3c-7b11-9d0e-1a2b3c4d5e6f',
  organisationalUnitName: 'Workloads',
  status: 'SUCCESS',
}
const DISCOVERY = {
  action: 'POST /api/v1/accounts/discovery',
  permission: 'accounts:Write',
} as const
const names = { changed: Type.Optional(Type.Array(Type.String())) }

export const ORGANISATION_MANAGEMENT = category('OrganisationManagement', 'organisation', [
  {
    name: 'CustomerUpdateEvent',
    provenance: 'ours',
    summary: 'The customer who owns the organisation was renamed.',
    causes: [{ action: 'PATCH /api/v1/customers/:id', permission: 'organisations:Write' }],
    fields: Type.Object({ customerId: Uuid, customerName: Type.String(), ...outcome }),
    example: {
      customerId: '0194f0e2-5a3c-7b11-9d0e-7f8e9d0c1b2a',
      customerName: 'Example Holdings',
      status: 'SUCCESS',
    },
  },
  {
    name: 'OrganisationCreateEvent',
    provenance: 'ours',
    summary: 'The organisation was set up in this hub.',
    causes: [{ action: 'POST /api/v1/organisations', permission: 'organisations:Write' }],
    fields: Type.Object({
      installationRegion: Type.String(),
      regions: Type.Array(Type.String()),
      ...outcome,
    }),
    example: {
      installationRegion: 'ap-southeast-2',
      regions: ['ap-southeast-2', 'us-east-1'],
      status: 'SUCCESS',
    },
  },
  {
    name: 'OrganisationUpdateEvent',
    provenance: 'ours',
    summary: 'The organisation was renamed, regions were enabled, or its discovery was set up.',
    causes: [
      { action: 'PATCH /api/v1/organisations/:id', permission: 'organisations:Write' },
      {
        action: 'PUT /api/v1/organisations/:id/aws-organization',
        permission: 'organisations:Write',
      },
      { action: 'PUT /api/v1/services/regions/configuration', permission: 'services:Write' },
    ],
    fields: Type.Object({
      regions: Type.Array(Type.String()),
      ...names,
      ...outcome,
    }),
    example: { regions: ['ap-southeast-2', 'us-east-1'], changed: ['name'], status: 'SUCCESS' },
  },
  ...(
    [
      ['Create', 'POST /api/v1/organisational-units', 'made'],
      ['Update', 'PATCH /api/v1/organisational-units/:id', 'renamed or moved'],
      ['Delete', 'DELETE /api/v1/organisational-units/:id', 'deleted'],
    ] as const
  ).map(([verb, action, done]) => ({
    name: `OrganisationalUnit${verb}Event`,
    provenance: 'ours' as const,
    summary: `An organisational unit was ${done}.`,
    causes: [{ action, permission: 'organisational-units:Write' as const }, DISCOVERY],
    fields: Type.Object({
      ...id('organisationalUnitId', 'organisational-unit', OU_GAINS),
      ...id('parentId', 'organisational-unit', { parentName: 'name' }, { optional: true }),
      ...(verb === 'Update' && names),
      ...outcome,
    }),
    example: OU_EXAMPLE,
  })),
  {
    name: 'AccountSyncEvent',
    provenance: 'ours',
    summary: 'Accounts and organisational units were brought in step with AWS Organizations.',
    causes: [DISCOVERY],
    fields: Type.Object({
      taskId: Uuid,
      discovered: Type.Integer({ minimum: 0 }),
      updated: Type.Integer({ minimum: 0 }),
      closed: Type.Integer({ minimum: 0 }),
      missing: Type.Integer({
        minimum: 0,
        description: 'Under management here, but not listed by AWS Organizations',
      }),
      ...outcome,
    }),
    example: {
      taskId: '0194f0e2-5a3c-7b11-9d0e-3c3d4e5f6a7b',
      discovered: 3,
      updated: 12,
      closed: 1,
      missing: 0,
      status: 'SUCCESS',
    },
  },
])
