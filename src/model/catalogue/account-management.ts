import { Type } from 'typebox'

import { OU_GAINS, Uuid, account, category, id, outcome } from './event-type.ts'

const EXAMPLE = {
  accountId: '0194f0e2-5a3c-7b11-9d0e-6f1c2a3b4c5d',
  awsAccountId: '444455556666',
  accountName: 'payments-prod',
  accountType: 'workload',
  status: 'SUCCESS',
}
const placed = () => id('organisationalUnitId', 'organisational-unit', OU_GAINS, { optional: true })
const accountType = {
  accountTypeId: Uuid,
  accountTypeName: Type.String(),
  ...outcome,
}
const TYPE_EXAMPLE = {
  accountTypeId: '0194f0e2-5a3c-7b11-9d0e-2c2f4f1b7a10',
  accountTypeName: 'landing-zone',
  status: 'SUCCESS',
}

export const ACCOUNT_MANAGEMENT = category('AccountManagement', 'account', [
  {
    name: 'AccountCreateEvent',
    provenance: 'partly-published',
    summary: 'An AWS account was taken under management.',
    causes: [{ action: 'POST /api/v1/accounts', permission: 'accounts:Write' }],
    fields: Type.Object({ ...account(), ...placed(), ...outcome }),
    example: EXAMPLE,
  },
  {
    name: 'AccountUpdateEvent',
    provenance: 'published',
    summary: 'An account was renamed, tagged, moved or given another type.',
    causes: [
      { action: 'PATCH /api/v1/accounts/:id', permission: 'accounts:Write' },
      { action: 'POST /api/v1/accounts/discovery', permission: 'accounts:Write' },
    ],
    fields: Type.Object({
      ...account(),
      ...placed(),
      changed: Type.Optional(
        Type.Array(Type.String(), { description: 'Names of what was changed' }),
      ),
      ...outcome,
    }),
    example: { ...EXAMPLE, changed: ['name'] },
  },
  {
    name: 'AccountCloseEvent',
    provenance: 'ours',
    summary: 'An account is no longer under management.',
    causes: [
      { action: 'POST /api/v1/accounts/:id/close', permission: 'accounts:Write' },
      { action: 'POST /api/v1/accounts/discovery', permission: 'accounts:Write' },
    ],
    fields: Type.Object({ ...account(), ...outcome }),
    example: EXAMPLE,
  },
  {
    name: 'AccountDiscoverEvent',
    provenance: 'ours',
    summary: 'An account was found in AWS Organizations that is not under management yet.',
    causes: [{ action: 'POST /api/v1/accounts/discovery', permission: 'accounts:Write' }],
    fields: Type.Object({ ...account(), ...placed(), ...outcome }),
    example: EXAMPLE,
  },
  {
    name: 'AccountOnboardEvent',
    provenance: 'ours',
    summary: 'A discovered account was taken under management.',
    causes: [
      { action: 'POST /api/v1/accounts/:id/onboard', permission: 'accounts:Write' },
      { action: 'POST /api/v1/accounts/discovery', permission: 'accounts:Write' },
    ],
    fields: Type.Object({ ...account(), ...placed(), ...outcome }),
    example: EXAMPLE,
  },
  ...(['Create', 'Update', 'Delete'] as const).map((verb) => ({
    name: `AccountType${verb}Event`,
    provenance: 'ours' as const,
    summary: `An account type was ${verb.toLowerCase()}d.`,
    causes: [
      {
        action: {
          Create: 'POST /api/v1/account-types',
          Update: 'PATCH /api/v1/account-types/:id',
          Delete: 'DELETE /api/v1/account-types/:id',
        }[verb],
        permission: 'account-types:Write' as const,
      },
    ],
    fields: Type.Object(accountType),
    example: TYPE_EXAMPLE,
  })),
])
