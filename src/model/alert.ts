import { Type } from 'typebox'
import type { Static } from 'typebox'

import { AwsId, Uuid } from './catalogue/event-type.ts'

/** How bad an alert is, the mildest first: AWS Security Hub's labels. */
export const SEVERITIES = ['INFORMATIONAL', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const
export type Severity = (typeof SEVERITIES)[number]

const Money = (description: string) =>
  Type.String({
    description: `${description}; a decimal, in \`currency\``,
    pattern: MONEY_PATTERN,
    title: 'a decimal',
    examples: ['12.5'],
  })
const MONEY_PATTERN = String.raw`^-?[0-9]+(\.[0-9]+)?$`
const Day = Type.String({ format: 'date', description: 'A day in UTC' })
const Percent = Type.Number({ description: 'In per cent, not a fraction' })
const ShortId = Type.Integer({
  minimum: 1,
  description: 'The short id: counted up in the organisation, never used again',
})

/** A segment of a view that an alert is about, as it was called then. */
const Segment = Type.Object({
  viewId: Uuid,
  viewNumber: ShortId,
  viewName: Type.String(),
  viewVersion: Type.Integer({ minimum: 1 }),
  segmentId: Uuid,
  segmentNumber: ShortId,
  segmentTitle: Type.String(),
})
export type AlertSegment = Static<typeof Segment>

/** What every alert says. */
const common = {
  alertId: Type.String({
    minLength: 1,
    maxLength: 512,
    description: 'The same for all events of one incident, and for a repeated check',
  }),
  severity: Type.Enum([...SEVERITIES]),
  segments: Type.Array(Segment, {
    description: 'Of each view that it falls in; empty: the whole organisation',
  }),
}

const Contributor = Type.Object({
  dimension: Type.Enum(['service', 'account', 'region', 'meter', 'shared', 'other'], {
    description:
      'shared: what a segment bears of a shared one; other: what is left of the spend of a budget',
  }),
  value: Type.String({ description: 'With shared the title of that segment, with other empty' }),
  amount: Money('What it adds'),
  share: Type.Number({
    description:
      'Of what a budget has spent, all of which add up to 1, or of what the latest day of a spike cost more than expected, which is more than 1 where other things cost less',
  }),
})
export type AlertContributor = Static<typeof Contributor>

const Threshold = Type.Object({
  basis: Type.Enum(['ACTUAL', 'FORECAST']),
  percent: Percent,
})

/** Spend, or the forecast of it, has reached thresholds of a budget. */
export const BudgetAlert = Type.Object({
  ...common,
  budgetId: Uuid,
  budgetNumber: ShortId,
  budgetName: Type.String(),
  change: Type.Enum(['REACHED', 'CORRECTED'], {
    description: 'CORRECTED: restated costs are below a threshold again that was reached',
  }),
  thresholds: Type.Array(Threshold, {
    minItems: 1,
    description: 'All that were reached since the last alert, or are corrected; the highest last',
  }),
  remaining: Type.Optional(
    Type.Array(Threshold, {
      description:
        'With CORRECTED: of what was told in the period, what is not corrected; absent: nothing',
    }),
  ),
  costs: Type.Enum(['USAGE', 'ALL'], { description: 'Which charges the budget counts' }),
  period: Type.Enum(['MONTHLY', 'ANNUAL']),
  periodStart: Day,
  periodEnd: Type.String({ format: 'date', description: 'The first day after the period' }),
  completeThrough: Type.Optional(
    Type.String({
      format: 'date',
      description: 'The last day of which all costs are in; absent: there is none',
    }),
  ),
  late: Type.Boolean({ description: 'The period was over before these costs came' }),
  currency: Type.String(),
  budget: Money('The budget of the period'),
  spend: Money('Spent in the period so far'),
  percentage: Percent,
  estimate: Type.Optional(Money('The forecast of the period')),
  estimateLow: Type.Optional(Money('The lower end of its 80 % interval')),
  estimateHigh: Type.Optional(Money('The upper end of its 80 % interval')),
  averageOfPreviousMonth: Money('A day, over the month before'),
  averageOfPrevious7Days: Money('A day, over the last 7 complete days'),
  contributors: Type.Array(Contributor),
})
export type BudgetAlert = Static<typeof BudgetAlert>

/** A day cost much more than days like it. */
export const CostSpikeAlert = Type.Object({
  ...common,
  detectorId: Uuid,
  detectorNumber: ShortId,
  detectorName: Type.String(),
  change: Type.Enum(['OPENED', 'UPDATED', 'CLOSED']),
  awsAccountId: Type.Optional(
    Type.Unsafe<string>({ ...AwsId, description: 'Where the detector looks at each account' }),
  ),
  accountName: Type.Optional(Type.String()),
  method: Type.Enum(['WEEKDAY_MEDIAN', 'Z_SCORE']),
  score: Type.Optional(Type.Number({ description: 'Absent where there is too little history' })),
  day: Type.String({ format: 'date', description: 'The latest day of the spike' }),
  firstDay: Type.String({ format: 'date', description: 'The first day of the spike' }),
  currency: Type.String(),
  expected: Money('What such a day costs'),
  actual: Money('What the day cost'),
  impact: Money('How much more, over all days of the spike'),
  percentage: Type.Optional(
    Type.Number({ description: 'How much more than expected, in per cent; absent from nothing' }),
  ),
  comparedFrom: Type.String({ format: 'date', description: 'The first of 7 days before it' }),
  comparedTo: Type.String({ format: 'date', description: 'The last of them' }),
  totalOf30Days: Money('Over the last 30 days'),
  contributors: Type.Array(Contributor),
})
export type CostSpikeAlert = Static<typeof CostSpikeAlert>

/** Why a failure that was told is over though nothing passed. */
export const WITHDRAWALS = [
  'RESOURCE_DELETED',
  'NOT_APPLICABLE',
  'ARCHIVED',
  'SUPPRESSED',
  'RULE_DISABLED',
  'ACCOUNT_CLOSED',
] as const
export type Withdrawal = (typeof WITHDRAWALS)[number]

/** A resource that a summary names. */
const FailingResource = Type.Object({
  findingId: Uuid,
  severity: Type.Enum([...SEVERITIES]),
  resourceId: Type.String({ description: 'The ARN where there is one' }),
  resourceType: Type.Optional(Type.String()),
  awsAccountId: Type.Optional(Type.Unsafe<string>(AwsId)),
  accountName: Type.Optional(Type.String()),
  resourceRegion: Type.Optional(Type.String()),
  title: Type.Optional(Type.String({ description: 'As of an alert of its own' })),
  reason: Type.Optional(Type.String({ description: 'Or the start of it' })),
})
export type FailingResource = Static<typeof FailingResource>

/** A resource that was compliant with a rule no longer is, or is again. */
export const ComplianceAlert = Type.Object({
  ...common,
  findingId: Uuid,
  change: Type.Enum(['FAILED', 'PASSED', 'WITHDRAWN', 'SUMMARY'], {
    description:
      'WITHDRAWN: what failed is over, and nothing passed; SUMMARY: the first results of a rule, all resources in one',
  }),
  withdrawal: Type.Optional(
    Type.Enum([...WITHDRAWALS], {
      description:
        'Why it was WITHDRAWN; NOT_APPLICABLE: the rule is not about the resource any more; ARCHIVED, SUPPRESSED: where it was found',
    }),
  ),
  checkedBy: Type.String({ description: 'belfry, or the AWS service, such as securityhub' }),
  ruleId: Type.String({ description: 'As whoever checks calls it' }),
  ruleNumber: ShortId,
  ruleName: Type.String(),
  title: Type.Optional(
    Type.String({
      description: 'Of what is no check that could pass, such as an attack: what happened',
    }),
  ),
  resourceId: Type.Optional(Type.String({ description: 'The ARN where there is one' })),
  resourceType: Type.Optional(Type.String()),
  awsAccountId: Type.Optional(Type.Unsafe<string>(AwsId)),
  accountName: Type.Optional(Type.String()),
  resourceRegion: Type.Optional(Type.String()),
  resourceTags: Type.Record(Type.String(), Type.String()),
  reason: Type.Optional(Type.String()),
  evaluatedAt: Type.String({ format: 'date-time' }),
  link: Type.Optional(Type.String()),
  frameworks: Type.Array(Type.String()),
  failing: Type.Optional(
    Type.Integer({
      minimum: 0,
      description:
        'In a SUMMARY: resources that fail; in the end of one that a SUMMARY told of: those of it that still do',
    }),
  ),
  passing: Type.Optional(Type.Integer({ minimum: 0, description: 'Resources, in a SUMMARY' })),
  resources: Type.Optional(
    Type.Array(FailingResource, {
      description: 'In a SUMMARY: those that fail, the worst first; of very many the first',
    }),
  ),
})
export type ComplianceAlert = Static<typeof ComplianceAlert>
