import { Type } from 'typebox'

import { AwsId, PreviousUntil, Uuid, category, id, outcome } from './event-type.ts'

const SOURCE_EXAMPLE = {
  eventSourceName: 'aws.partner/stax.io/333344445555/siem',
  awsAccountId: '333344445555',
  accountName: 'security',
  region: 'eu-west-1',
  status: 'SUCCESS',
}

const SECRET_EXAMPLE = {
  webhookSecretId: '0194f0e2-5a3c-7b11-9d0e-2a3b4c5d6e7f',
  origin: 'https://hooks.example.com',
  awsAccountId: '333344445555',
  accountName: 'security',
  status: 'SUCCESS',
}

const ACCOUNT_CLOSED = [
  { action: 'POST /api/v1/accounts/:id/close', permission: 'accounts:Write' as const },
  { action: 'POST /api/v1/accounts/discovery', permission: 'accounts:Write' as const },
]

const ofAccount = () =>
  id('awsAccountId', 'aws-account', { accountName: 'name' }, { schema: AwsId })

export const EVENT_DELIVERY = category('EventDelivery', 'events', [
  ...(
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
      ...ofAccount(),
      region: Type.String(),
      ...outcome,
    }),
    example: SOURCE_EXAMPLE,
  })),
  ...(
    [
      ['Create', 'POST /api/v1/webhook-secrets', 'made'],
      ['Rotate', 'POST /api/v1/webhook-secrets/:id/rotate', 'followed by a new one'],
      [
        'EndPrevious',
        'DELETE /api/v1/webhook-secrets/:id/previous',
        'left to sign alone: the one before it ended before its time',
      ],
      ['Delete', 'DELETE /api/v1/webhook-secrets/:id', 'deleted, or its account closed'],
    ] as const
  ).map(([verb, action, done]) => ({
    name: `WebhookSecret${verb}Event`,
    provenance: 'ours' as const,
    summary: `A secret that signs what an account sends to a URL was ${done}.`,
    causes: [
      { action, permission: 'webhook-secrets:Write' as const },
      ...(verb === 'Delete' ? ACCOUNT_CLOSED : []),
    ],
    fields: Type.Object({
      webhookSecretId: Uuid,
      origin: Type.String({ description: 'Of the URL, whose path may be a secret of its own' }),
      ...ofAccount(),
      ...(verb === 'Rotate' && { previousUntil: PreviousUntil }),
      ...outcome,
    }),
    example: {
      ...SECRET_EXAMPLE,
      ...(verb === 'Rotate' && { previousUntil: '2026-02-01T08:15:00.000Z' }),
    },
  })),
])
