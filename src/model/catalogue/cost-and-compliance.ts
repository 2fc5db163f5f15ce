import type { TObject, TSchema } from 'typebox'
import { Type } from 'typebox'

import { BudgetAlert, ComplianceAlert, CostSpikeAlert } from '#src/model/alert.ts'
import { COST_CONFIGURATION } from './cost-configuration.ts'
import { NOTIFICATION_EVENTS } from './notification-events.ts'
import { CHANNEL_KINDS } from '#src/model/channel.ts'
import { AwsId, PreviousUntil, Uuid, category, id, outcome } from './event-type.ts'

/** The events of alerts; notifications are rules that match them. */
export const ALERT_EVENTS = {
  BUDGET: 'BudgetAlertEvent',
  COST_SPIKE: 'CostSpikeEvent',
  COMPLIANCE: 'ComplianceAlertEvent',
} as const

const SEGMENT_EXAMPLE = {
  viewId: '0194f0e2-5a3c-7b11-9d0e-5a5a5a5a0001',
  viewNumber: 456,
  viewName: 'Cost centres',
  viewVersion: 3,
  segmentId: '0194f0e2-5a3c-7b11-9d0e-5a5a5a5a0002',
  segmentNumber: 123,
  segmentTitle: 'Platform',
}
const CONTRIBUTOR_EXAMPLE = {
  dimension: 'service',
  value: 'Amazon Elastic Compute Cloud',
  amount: '480.25',
  share: 0.8,
}
const RULE_EXAMPLE = {
  checkedBy: 'belfry',
  ruleId: 'tagging/owner',
  ruleNumber: 123456,
  ruleName: 'Every resource has an owner',
}

/** The account's name comes by enrichment, as in all events. */
const ofAccount = ({ properties }: TObject): TObject => {
  const { awsAccountId: _, accountName: __, ...rest } = properties as Record<string, TSchema>
  const accountFields = id(
    'awsAccountId',
    'aws-account',
    { accountName: 'name' },
    { optional: true, schema: AwsId },
  )
  return Type.Object({ ...rest, ...accountFields, ...outcome })
}

export const COST_AND_COMPLIANCE = category('CostAndCompliance', 'cost-compliance', [
  ...COST_CONFIGURATION,
  ...NOTIFICATION_EVENTS,
  ...(
    [
      ['Create', 'POST /api/v1/channels', 'added'],
      ['Update', 'PATCH /api/v1/channels/:id', 'changed'],
      ['Delete', 'DELETE /api/v1/channels/:id', 'deleted'],
      [
        'SecretRotate',
        'POST /api/v1/channels/:id/secret/rotate',
        'given a new secret, which signs what it posts',
      ],
      [
        'SecretEndPrevious',
        'DELETE /api/v1/channels/:id/secret/previous',
        'left to its new secret alone: the one before it ended before its time',
      ],
    ] as const
  ).map(([verb, action, done]) => ({
    name: `Channel${verb}Event`,
    provenance: 'ours' as const,
    summary: `A way to reach people was ${done}.`,
    causes: [{ action, permission: 'channels:Write' as const }],
    fields: Type.Object({
      channelId: Uuid,
      channelName: Type.String(),
      channelKind: Type.Enum([...CHANNEL_KINDS]),
      ...(verb === 'Update' && {
        changed: Type.Array(Type.Enum(['name', 'settings']), { minItems: 1 }),
      }),
      ...(verb === 'SecretRotate' && { previousUntil: PreviousUntil }),
      ...outcome,
    }),
    example: {
      channelId: '0194f0e2-5a3c-7b11-9d0e-5a5a5a5a0006',
      channelName: 'FinOps',
      channelKind: verb.startsWith('Secret') ? 'webhook' : 'slack-bot',
      ...(verb === 'Update' && { changed: ['settings'] }),
      ...(verb === 'SecretRotate' && { previousUntil: '2026-02-01T08:15:00.000Z' }),
      status: 'SUCCESS',
    },
  })),
  {
    name: ALERT_EVENTS.BUDGET,
    provenance: 'ours',
    summary: 'Spend, or the forecast of it, reached thresholds of a budget.',
    causes: [{ action: 'Costs came in, or a budget changed' }],
    fields: Type.Object({ ...BudgetAlert.properties, ...outcome }),
    example: {
      alertId: 'budget/0194f0e2-5a3c-7b11-9d0e-5a5a5a5a0003/2026-01-01',
      severity: 'MEDIUM',
      segments: [SEGMENT_EXAMPLE],
      budgetId: '0194f0e2-5a3c-7b11-9d0e-5a5a5a5a0003',
      budgetNumber: 12,
      budgetName: 'Platform 2026',
      change: 'REACHED',
      thresholds: [
        { basis: 'ACTUAL', percent: 50 },
        { basis: 'ACTUAL', percent: 75 },
      ],
      costs: 'USAGE',
      period: 'MONTHLY',
      periodStart: '2026-01-01',
      periodEnd: '2026-02-01',
      completeThrough: '2026-01-22',
      late: false,
      currency: 'USD',
      budget: '7500.00',
      spend: '5812.44',
      percentage: 77.4992,
      estimate: '8191.53',
      estimateLow: '7990.10',
      estimateHigh: '8402.77',
      averageOfPreviousMonth: '296.93',
      averageOfPrevious7Days: '307.83',
      contributors: [CONTRIBUTOR_EXAMPLE],
      status: 'SUCCESS',
    },
  },
  {
    name: ALERT_EVENTS.COST_SPIKE,
    provenance: 'ours',
    summary: 'A day cost much more than days like it, still does, or no longer does.',
    causes: [{ action: 'Costs of a day came in' }],
    fields: ofAccount(CostSpikeAlert),
    example: {
      alertId: 'spike/0194f0e2-5a3c-7b11-9d0e-5a5a5a5a0004/2026-01-20',
      severity: 'HIGH',
      segments: [],
      detectorId: '0194f0e2-5a3c-7b11-9d0e-5a5a5a5a0004',
      detectorNumber: 3,
      detectorName: 'Every account',
      change: 'OPENED',
      awsAccountId: '111122223333',
      accountName: 'build-farm',
      method: 'WEEKDAY_MEDIAN',
      score: 6.4,
      day: '2026-01-20',
      firstDay: '2026-01-20',
      currency: 'USD',
      expected: '400.00',
      actual: '1000.00',
      impact: '600.00',
      percentage: 150,
      comparedFrom: '2026-01-13',
      comparedTo: '2026-01-19',
      totalOf30Days: '16000.00',
      contributors: [CONTRIBUTOR_EXAMPLE],
      status: 'SUCCESS',
    },
  },
  {
    name: ALERT_EVENTS.COMPLIANCE,
    provenance: 'ours',
    summary:
      'A resource no longer complies with a rule, does again, or is no longer checked by it.',
    causes: [
      { action: 'An AWS service reported a finding, or a rule was evaluated' },
      { action: 'A rule was enabled: its first results, in one' },
      { action: 'A resource was deleted, a rule disabled or an account closed: failures are over' },
    ],
    fields: ofAccount(ComplianceAlert),
    example: {
      alertId: 'compliance/0194f0e2-5a3c-7b11-9d0e-5a5a5a5a0005',
      severity: 'MEDIUM',
      segments: [SEGMENT_EXAMPLE],
      findingId: '0194f0e2-5a3c-7b11-9d0e-5a5a5a5a0005',
      change: 'FAILED',
      ...RULE_EXAMPLE,
      resourceId: 'arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0',
      resourceType: 'AWS::EC2::Instance',
      awsAccountId: '111122223333',
      accountName: 'build-farm',
      resourceRegion: 'eu-west-1',
      resourceTags: { Environment: 'test' },
      reason: 'The tag "owner" is missing.',
      evaluatedAt: '2026-01-31T08:14:58Z',
      frameworks: [],
      status: 'SUCCESS',
    },
  },
])
