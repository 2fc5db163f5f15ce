import { Type } from 'typebox'
import type { Static } from 'typebox'

import { AwsAccountId, Id, Instant } from './tenancy.ts'

const NAME_CHARACTERS_MAX = 2_048
const TAG_KEY_CHARACTERS_MAX = 128
const TAG_VALUE_CHARACTERS_MAX = 256

const Named = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: NAME_CHARACTERS_MAX, description }))

/** Which findings: those that fit everything that is given. */
export const ExceptionScope = Type.Object(
  {
    checkedBy: Named('Whoever checks, such as securityhub'),
    ruleId: Named('A rule, as whoever checks calls it'),
    resourceId: Named('A resource, as its finding calls it'),
    awsAccountId: Type.Optional(AwsAccountId),
    tag: Type.Optional(
      Type.Object({
        key: Type.String({ minLength: 1, maxLength: TAG_KEY_CHARACTERS_MAX }),
        value: Type.Optional(
          Type.String({ maxLength: TAG_VALUE_CHARACTERS_MAX, description: 'Absent: any' }),
        ),
      }),
    ),
  },
  { minProperties: 1 },
)
export type ExceptionScope = Static<typeof ExceptionScope>

/** Why failures are not told until a time. */
export const ExceptionReason = Type.String({ minLength: 1, maxLength: 1_024 })

/** Failures that are not told for a while. */
export const ComplianceException = Type.Object(
  {
    id: Id,
    organisationId: Id,
    scope: ExceptionScope,
    reason: ExceptionReason,
    until: { ...Instant, description: 'From then on what still fails is told' },
    createdBy: Type.String({ description: 'The ARN of who made it' }),
    createdAt: Instant,
  },
  { $id: 'ComplianceException' },
)
export type ComplianceException = Static<typeof ComplianceException>
