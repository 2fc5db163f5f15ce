import type { FindingStatus } from '#src/model/finding.ts'
import type { CheckResult } from '../check-result.ts'
import type { AwsEvent } from './aws-event.ts'
import { accountOf, at, given, instantOf, textAt } from './foreign.ts'

/** Security Hub makes such rules for its own controls, and reports what they say itself. */
const SECURITY_HUB_RULES = 'securityhub-'

const STATUSES: Readonly<Record<string, FindingStatus>> = {
  COMPLIANT: 'PASSED',
  NON_COMPLIANT: 'FAILED',
  NOT_APPLICABLE: 'NOT_APPLICABLE',
  INSUFFICIENT_DATA: 'UNKNOWN',
}

/** `aws.config`, `Config Rules Compliance Change`. */
export function fromConfigRule(event: AwsEvent): readonly CheckResult[] {
  const { detail } = event
  const ruleId = textAt(detail, 'configRuleName') ?? ''
  if (ruleId.startsWith(SECURITY_HUB_RULES)) return []
  const result = at(detail, 'newEvaluationResult')
  const account = accountOf(at(detail, 'awsAccountId'), event.account)
  const region = textAt(detail, 'awsRegion') ?? event.region
  const qualifier = at(result, 'evaluationResultIdentifier', 'evaluationResultQualifier')
  return [
    {
      checkedBy: 'config',
      ruleId,
      ruleName: ruleId,
      // A Config rule has no severity.
      severity: 'MEDIUM',
      status: STATUSES[textAt(result, 'complianceType') ?? ''] ?? 'UNKNOWN',
      resourceId: textAt(detail, 'resourceId') ?? '',
      tags: {},
      frameworks: [],
      evaluatedAt: instantOf(at(result, 'resultRecordedTime')),
      sentAt: event.sentAt,
      region,
      ...given({
        resourceType: textAt(qualifier, 'resourceType') ?? textAt(detail, 'resourceType'),
        awsAccountId: account,
        teller: account === undefined ? undefined : { account, region },
        reason: textAt(result, 'annotation'),
      }),
    },
  ]
}
