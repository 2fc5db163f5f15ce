/**
 * Words of compliance.
 *
 *  check result  what one check said of one resource at one time, whoever checked
 *  finding       what the newest result says of a resource; there is one for each rule and resource
 *  check rule    what was checked: an AWS service's rule or control, or one of the hub's own
 *  settling      the first while after a rule is first seen: its results are told in one summary
 */
import { Type } from 'typebox'
import type { Static } from 'typebox'

import { SEVERITIES } from './alert.ts'
import { Id, Instant } from './tenancy.ts'

/** What matters most first, which is also the order of lists. */
export const FINDING_STATUSES = ['FAILED', 'UNKNOWN', 'PASSED', 'NOT_APPLICABLE'] as const
export type FindingStatus = (typeof FINDING_STATUSES)[number]

const CheckedBy = Type.String({
  description: 'belfry, or the AWS service, such as securityhub',
})

export const Finding = Type.Object(
  {
    id: Id,
    organisationId: Id,
    status: Type.Enum([...FINDING_STATUSES]),
    resourceDeleted: Type.Optional(
      Type.Literal(true, { description: 'Why it is NOT_APPLICABLE, where that is so' }),
    ),
    severity: Type.Enum([...SEVERITIES]),
    muted: Type.Optional(
      Type.Enum(['SUPPRESSED', 'ARCHIVED'], {
        description: 'Where it was found somebody said so: it is not told',
      }),
    ),
    excepted: Type.Optional(
      Type.Literal(true, { description: 'It fails under an exception: it is not told' }),
    ),
    checkedBy: CheckedBy,
    ruleId: Type.String({ description: 'As whoever checks calls it' }),
    ruleNumber: Type.Integer({ minimum: 1 }),
    ruleName: Type.String(),
    resourceId: Type.String({ description: 'The ARN where there is one' }),
    resourceType: Type.Optional(Type.String()),
    awsAccountId: Type.Optional(Type.String()),
    region: Type.Optional(Type.String()),
    tags: Type.Record(Type.String(), Type.String()),
    title: Type.Optional(
      Type.String({
        description: 'Of what is no check that could pass, such as an attack: what happened',
      }),
    ),
    reason: Type.Optional(Type.String()),
    link: Type.Optional(Type.String()),
    frameworks: Type.Array(Type.String()),
    incident: Type.Optional(
      Type.String({ description: 'The id that AWS gave it, where a resource may have several' }),
    ),
    evaluatedAt: Instant,
    changedAt: { ...Instant, description: 'Since when it has this status' },
    firstSeenAt: Instant,
  },
  { $id: 'Finding' },
)
export type Finding = Static<typeof Finding>

export const CheckRule = Type.Object(
  {
    id: Id,
    organisationId: Id,
    number: Type.Integer({ minimum: 1 }),
    checkedBy: CheckedBy,
    ruleId: Type.String({ description: 'As whoever checks calls it' }),
    name: Type.String(),
    severity: Type.Enum([...SEVERITIES]),
    failing: Type.Integer({
      minimum: 0,
      description: 'Findings told as failed, and not as passed',
    }),
    failed: Type.Integer({ minimum: 0, description: 'Findings that fail, told or not' }),
    excepted: Type.Integer({
      minimum: 0,
      description: 'Of those that fail, how many do so under an exception',
    }),
    passing: Type.Integer({ minimum: 0, description: 'Findings that passed' }),
    settlesAt: Type.Optional({
      ...Instant,
      description: 'Until then results are gathered for one summary',
    }),
    firstSeenAt: Instant,
  },
  { $id: 'CheckRule' },
)
export type CheckRule = Static<typeof CheckRule>

/** A rule of a bundle that is enabled, and how resources stand by it. */
export const ComplianceRule = Type.Object(
  {
    organisationId: Id,
    ruleId: Type.String({ description: 'As findings have it: bundle/rule' }),
    bundle: Type.String(),
    title: Type.String(),
    severity: Type.Enum([...SEVERITIES]),
    failing: Type.Integer({ minimum: 0, description: 'Resources that fail, under no exception' }),
    passing: Type.Integer({ minimum: 0 }),
    excepted: Type.Integer({ minimum: 0, description: 'Resources that fail under an exception' }),
  },
  { $id: 'ComplianceRule' },
)
export type ComplianceRule = Static<typeof ComplianceRule>

const scored = {
  score: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 100,
      description:
        'Of 100 checks of resources how many passed, rounded down; absent where none passed or failed',
    }),
  ),
  passing: Type.Integer({ minimum: 0 }),
  failing: Type.Integer({ minimum: 0, description: 'Under no exception' }),
  excepted: Type.Integer({
    minimum: 0,
    description: 'Failing under an exception: no part of the score',
  }),
}

/** How an account stands by all that checks it. What is muted, or is no check, is not counted. */
export const ComplianceScore = Type.Object(
  {
    organisationId: Id,
    awsAccountId: Type.Optional(
      Type.String({ description: 'Absent: resources that are in no account' }),
    ),
    ...scored,
    parts: Type.Array(
      Type.Object({
        checkedBy: CheckedBy,
        bundle: Type.Optional(Type.String({ description: 'Of the hub’s own rules' })),
        ...scored,
      }),
      { description: 'The same by whoever checks, and of the hub’s own rules by bundle' },
    ),
  },
  { $id: 'ComplianceScore' },
)
export type ComplianceScore = Static<typeof ComplianceScore>
