import { Type } from 'typebox'

import { AwsId, category, id, outcome } from './event-type.ts'

const EXAMPLE = {
  eventSourceName: 'aws.partner/stax.io/333344445555/siem',
  awsAccountId: '333344445555',
  accountName: 'security',
  region: 'eu-west-1',
  status: 'SUCCESS',
}

const ACCOUNT_CLOSED = [
  { action: 'POST /api/v1/accounts/:id/close', permission: 'accounts:Write' as const },
  { action: 'POST /api/v1/accounts/discovery', permission: 'accounts:Write' as const },
]

export const EVENT_DELIVERY = category(
  'EventDelivery',
  'events',
  (
    [
      ['Create', 'POST /api/v1/event-sources', 'offered to an account'],
      ['Update', 'PATCH /api/v1/event-sources/:id', 'given another filter'],
      ['Delete', 'DELETE /api/v1/event-sources/:id', 'deleted, or its account closed'],
    ] as const
  ).map(([verb, action, done]) => ({
    name: `EventSource${verb}Event`,
    provenance: 'ours' as const,
    summary: `A partner event source of the tenancy's events was ${done}.`,
    causes: [
      { action, permission: 'event-sources:Write' as const },
      ...(verb === 'Delete' ? ACCOUNT_CLOSED : []),
    ],
    fields: Type.Object({
      eventSourceName: Type.String(),
      ...id('awsAccountId', 'aws-account', { accountName: 'name' }, { schema: AwsId }),
      region: Type.String(),
      ...outcome,
    }),
    example: EXAMPLE,
  })),
)
