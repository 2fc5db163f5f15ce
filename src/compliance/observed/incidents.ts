import type { Severity } from '#src/model/alert.ts'
import type { FindingStatus } from '#src/model/finding.ts'
import type { CheckResult } from '../check-result.ts'
import { commonTo } from './aws-event.ts'
import type { AwsEvent } from './aws-event.ts'
import { accountOf, at, given, numberAt, severityOf, tagsAt, textAt } from './foreign.ts'
import type { Foreign } from './foreign.ts'

/** GuardDuty's bounds of its severities. */
function guardDutySeverity(score: number): Severity {
  if (score >= 9) return 'CRITICAL'
  if (score >= 7) return 'HIGH'
  return score >= 4 ? 'MEDIUM' : 'LOW'
}

/** `aws.guardduty`, `GuardDuty Finding`: the detail is the finding. */
export function fromGuardDuty(event: AwsEvent): readonly CheckResult[] {
  const { detail } = event
  const incident = textAt(detail, 'arn') ?? textAt(detail, 'id')
  return [
    {
      ...commonTo(event, detail),
      checkedBy: 'guardduty',
      ruleId: textAt(detail, 'type') ?? '',
      // A title names the resource, and would name the rule after the first that there was.
      ruleName: textAt(detail, 'type') ?? '',
      severity: guardDutySeverity(numberAt(detail, 'severity') ?? 0),
      status: 'FAILED',
      resourceId: guardDutyResource(detail) ?? incident ?? '',
      tags: guardDutyTags(detail),
      atOnce: true,
      ...given({
        incident,
        resourceType: textAt(detail, 'resource', 'resourceType'),
        title: textAt(detail, 'title'),
        reason: textAt(detail, 'title') ?? textAt(detail, 'description'),
        muted: at(detail, 'service', 'archived') === true ? ('ARCHIVED' as const) : undefined,
      }),
    },
  ]
}

/** Where a resource is named, by what is named; of several that there are the first is meant. */
const GUARD_DUTY_RESOURCES: readonly (readonly (string | number)[])[] = [
  ['instanceDetails', 'instanceId'],
  ['s3BucketDetails', 0, 'arn'],
  ['eksClusterDetails', 'arn'],
  ['ecsClusterDetails', 'arn'],
  ['lambdaDetails', 'functionArn'],
  ['rdsDbInstanceDetails', 'dbInstanceArn'],
  ['accessKeyDetails', 'userName'],
]

function guardDutyResource(detail: Foreign): string | undefined {
  return GUARD_DUTY_RESOURCES.map((path) => textAt(detail, 'resource', ...path)).find(
    (name) => name !== undefined,
  )
}

function guardDutyTags(detail: Foreign): CheckResult['tags'] {
  const path = GUARD_DUTY_RESOURCES.find((one) => textAt(detail, 'resource', ...one) !== undefined)
  return path === undefined ? {} : tagsAt(detail, 'resource', ...path.slice(0, -1), 'tags')
}

/** `aws.inspector2`, `Inspector2 Finding`. Its rule is the kind: each CVE as one would be thousands. */
export function fromInspector(event: AwsEvent): readonly CheckResult[] {
  const { detail } = event
  const resource = at(detail, 'resources', 0)
  const status = textAt(detail, 'status')
  const ruleId = textAt(detail, 'type') ?? ''
  return [
    {
      ...commonTo(event, detail),
      checkedBy: 'inspector2',
      ruleId,
      ruleName: ruleId.replaceAll('_', ' ').toLowerCase(),
      severity: severityOf(textAt(detail, 'severity')),
      status: status === 'CLOSED' ? 'PASSED' : 'FAILED',
      resourceId: textAt(resource, 'id') ?? '',
      tags: tagsAt(resource, 'tags'),
      ...given({
        incident: textAt(detail, 'findingArn'),
        title: textAt(detail, 'title'),
        resourceType: textAt(resource, 'type'),
        region: knownRegion(textAt(resource, 'region')),
        reason: textAt(detail, 'title') ?? textAt(detail, 'description'),
        link: textAt(detail, 'packageVulnerabilityDetails', 'sourceUrl'),
        muted: status === 'SUPPRESSED' ? ('SUPPRESSED' as const) : undefined,
      }),
    },
  ]
}

/** Inspector writes "N/A" where a resource has none of its own. */
function knownRegion(region: string | undefined): string | undefined {
  return region === 'N/A' ? undefined : region
}

/** `aws.macie`, `Macie Finding`. */
export function fromMacie(event: AwsEvent): readonly CheckResult[] {
  const { detail } = event
  const bucket = at(detail, 'resourcesAffected', 's3Bucket')
  return [
    {
      ...commonTo(event, detail),
      checkedBy: 'macie',
      ruleId: textAt(detail, 'type') ?? '',
      ruleName: textAt(detail, 'title') ?? '',
      severity: severityOf(textAt(detail, 'severity', 'description')),
      status: 'FAILED',
      resourceId: textAt(bucket, 'arn') ?? '',
      resourceType: 'AWS::S3::Bucket',
      tags: tagsAt(bucket, 'tags'),
      ...given({
        incident: textAt(detail, 'id'),
        title: textAt(detail, 'title'),
        reason: textAt(detail, 'description'),
        muted: at(detail, 'archived') === true ? ('ARCHIVED' as const) : undefined,
      }),
    },
  ]
}

/** `aws.ce`, `Anomaly Detected`: AWS's own opinion on what costs too much. */
export function fromCostAnomaly(event: AwsEvent): readonly CheckResult[] {
  const { detail } = event
  const impact = numberAt(detail, 'impact', 'totalImpact')
  const cause = at(detail, 'rootCauses', 0)
  const incident = textAt(detail, 'anomalyId')
  // As AWS documents it, and as it did before.
  const place = textAt(detail, 'dimensionValue') ?? textAt(detail, 'dimensionalValue')
  const more = impact === undefined ? undefined : anomalyText(impact, place)
  return [
    {
      ...commonTo(event, detail),
      checkedBy: 'ce',
      ruleId: textAt(detail, 'monitorArn') ?? textAt(detail, 'monitorName') ?? '',
      ruleName: textAt(detail, 'monitorName') ?? 'Cost anomaly',
      severity: 'MEDIUM',
      status: 'FAILED',
      resourceId: place ?? incident ?? '',
      tags: {},
      evaluatedAt: event.sentAt,
      atOnce: true,
      ...given({
        incident,
        awsAccountId: accountOf(at(cause, 'linkedAccount'), at(detail, 'accountId'), event.account),
        region: textAt(cause, 'region'),
        title: more === undefined ? 'Cost anomaly' : `Cost anomaly: ${more}`,
        reason: more === undefined ? undefined : anomalyReason(more, cause),
        link: textAt(detail, 'anomalyDetailsLink'),
      }),
    },
  ]
}

/** AWS gives the impact in dollars (Billing and Cost Management API Reference, "Impact"). */
const DOLLARS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 })

function anomalyText(impact: number, place: string | undefined): string {
  const where = place === undefined ? '' : ` in ${place}`
  return `${DOLLARS.format(impact)} USD more than expected${where}`
}

function anomalyReason(more: string, cause: Foreign): string {
  const names = ['service', 'linkedAccountName', 'region', 'usageType'] as const
  const of = names.map((name) => textAt(cause, name)).filter((text) => text !== undefined)
  return `${more}${of.length === 0 ? '' : `, most of all ${of.join(', ')}`}`
}

/** NOT_AVAILABLE: the check could not be made. */
const TRUSTED_ADVISOR_STATUSES: Readonly<Record<string, FindingStatus>> = {
  OK: 'PASSED',
  WARN: 'FAILED',
  ERROR: 'FAILED',
}

/** `aws.trustedadvisor`, `Trusted Advisor Check Item Refresh Notification`. */
export function fromTrustedAdvisor(event: AwsEvent): readonly CheckResult[] {
  const { detail } = event
  const ruleId = textAt(detail, 'check-name')?.trim() ?? ''
  const status = textAt(detail, 'status')
  const item = at(detail, 'check-item-detail')
  const zone = textAt(item, 'Region/AZ') ?? textAt(item, 'Region')
  return [
    {
      checkedBy: 'trustedadvisor',
      ruleId,
      ruleName: ruleId,
      severity: status === 'ERROR' ? 'HIGH' : 'MEDIUM',
      status: TRUSTED_ADVISOR_STATUSES[status ?? ''] ?? 'UNKNOWN',
      resourceId: textAt(detail, 'resource_id') ?? textAt(detail, 'uuid') ?? '',
      tags: {},
      frameworks: [],
      evaluatedAt: event.sentAt,
      sentAt: event.sentAt,
      ...given({
        awsAccountId: accountOf(event.account),
        // "-" is no region.
        region:
          zone === undefined || zone === '-' ? event.region : zone.replace(/(?<=\d)[a-z]$/, ''),
        reason: textAt(item, 'Reason'),
      }),
    },
  ]
}
