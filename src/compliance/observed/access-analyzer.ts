import type { Severity } from '#src/model/alert.ts'
import type { FindingStatus } from '#src/model/finding.ts'
import type { CheckResult } from '../check-result.ts'
import { commonTo } from './aws-event.ts'
import type { AwsEvent } from './aws-event.ts'
import { accountOf, at, given, numberAt, textAt } from './foreign.ts'
import type { Foreign } from './foreign.ts'

export const ACCESS_ANALYZER = 'access-analyzer'
/** The ARN of an analyzer, or what an id begins with that is of one. */
const ANALYZER = /^arn:[^:]+:access-analyzer:([a-z0-9-]{1,32}):([0-9]{12}):analyzer\//

/** What Access Analyzer calls its kinds of findings, and their severities, which it does not give. */
const ACCESS_RULES: Readonly<Record<string, readonly [name: string, severity: Severity]>> = {
  ExternalAccess: ['Access from outside of the zone of trust', 'MEDIUM'],
  InternalAccess: ['Access from within the organization', 'MEDIUM'],
  UnusedIAMRole: ['Unused role', 'LOW'],
  UnusedIAMUserAccessKey: ['Unused access key', 'LOW'],
  UnusedIAMUserPassword: ['Unused password', 'LOW'],
  UnusedPermission: ['Unused permissions', 'LOW'],
}

/**
 * `aws.access-analyzer`, `Access Analyzer Finding`, `Internal Access Finding` and `Unused Access
 * Finding for IAM entities`: only the last two name their kind, and only the last its id `findingId`.
 */
export function fromAccessAnalyzer(event: AwsEvent): readonly CheckResult[] {
  const { detail } = event
  const ruleId = textAt(detail, 'findingType') ?? 'ExternalAccess'
  const [ruleName, severity] = ACCESS_RULES[ruleId] ?? [ruleId, 'MEDIUM']
  return [
    {
      ...commonTo(event, detail),
      checkedBy: ACCESS_ANALYZER,
      ruleId,
      ruleName,
      severity: at(detail, 'isPublic') === true ? 'HIGH' : severity,
      status: accessStatus(detail),
      resourceId: textAt(detail, 'resource') ?? '',
      tags: {},
      ...given({
        teller: tellerIn(event.resource),
        incident: textAt(detail, 'id') ?? textAt(detail, 'findingId'),
        title: ruleName,
        resourceType: textAt(detail, 'resourceType'),
        reason: accessReason(detail),
        muted: textAt(detail, 'status') === 'ARCHIVED' ? ('ARCHIVED' as const) : undefined,
      }),
    },
  ]
}

function accessReason(detail: Foreign): string | undefined {
  const error = textAt(detail, 'error')
  if (error !== undefined) return `The resource could not be analyzed: ${error}`
  if (at(detail, 'isPublic') === true) return 'Anyone has access'
  const principal = at(detail, 'principal')
  if (principal !== undefined) return `Access by ${JSON.stringify(principal)}`
  const [services, actions] = ['numberOfUnusedServices', 'numberOfUnusedActions'].map((name) =>
    numberAt(detail, name),
  )
  if (services === undefined && actions === undefined) return undefined
  return `Unused services: ${services ?? 0}, unused actions: ${actions ?? 0}`
}

/** A finding is deleted long after it was resolved, or with its analyzer: then nothing was repaired. */
function accessStatus(detail: Foreign): FindingStatus {
  if (textAt(detail, 'status') === 'RESOLVED') return 'PASSED'
  if (at(detail, 'isDeleted') === true) return 'NOT_APPLICABLE'
  return textAt(detail, 'error') === undefined ? 'FAILED' : 'UNKNOWN'
}

/**
 * What names unused access that Security Hub has, in ASFF, so that it is what the analyzer's own
 * events tell of; nothing where it is no such finding.
 */
export function unusedAccessOf(
  finding: Foreign,
): Pick<CheckResult, 'awsAccountId' | 'incident' | 'ruleId' | 'ruleName'> | undefined {
  const incident = textAt(finding, 'ProductFields', 'findingId')
  const ruleId = textAt(finding, 'ProductFields', 'findingType')
  // `AwsAccountId` is that of the analyzer.
  const awsAccountId = accountOf(at(finding, 'ProductFields', 'ResourceOwnerAccount'))
  if (incident === undefined || ruleId === undefined || awsAccountId === undefined) return undefined
  return { awsAccountId, incident, ruleId, ruleName: ACCESS_RULES[ruleId]?.[0] ?? ruleId }
}

/** The account and region of the analyzer that is named; undefined where none is. */
export function tellerIn(named: string | undefined): CheckResult['teller'] {
  const [, region, account] = ANALYZER.exec(named ?? '') ?? []
  return region === undefined || account === undefined ? undefined : { account, region }
}
