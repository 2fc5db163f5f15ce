import { Type } from 'typebox'
import type { Static } from 'typebox'

import { AwsAccountId, Id, Instant } from './tenancy.ts'

const URL_CHARACTERS_MAX = 2_048

export const WebhookUrl = Type.String({
  minLength: 1,
  maxLength: URL_CHARACTERS_MAX,
  description:
    'What the account sends to this URL, whatever its query, and to all below its path is signed; where several fit, by the narrowest',
  examples: ['https://hooks.example.com/payments'],
})

/** What signs the requests of one account to http and https URLs; the secret itself is not shown. */
export const WebhookSecret = Type.Object(
  {
    id: Id,
    organisationId: Id,
    awsAccountId: AwsAccountId,
    url: WebhookUrl,
    rotatedAt: Type.Optional(Instant),
    previousUntil: Type.Optional({
      ...Instant,
      description: 'Until then the secret before the last rotation signs too',
    }),
    createdAt: Instant,
  },
  { $id: 'WebhookSecret' },
)
export type WebhookSecret = Static<typeof WebhookSecret>
