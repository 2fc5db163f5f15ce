import type { ComplianceAlert, Withdrawal } from '#src/model/alert.ts'
import { ALERT_EVENTS } from '#src/model/catalogue/cost-and-compliance.ts'
import type { CheckRule } from '#src/model/finding.ts'
import type { ResourceSegments } from '#src/ports/resource-segments.ts'
import type { Step } from '#src/tenancy/actions.ts'
import type { StoredFinding } from './documents.ts'

/** What is told of one finding. */
export type Change =
  | { readonly change: 'FAILED' | 'PASSED' }
  | { readonly change: 'WITHDRAWN'; readonly withdrawal: Withdrawal }

/** Tells that a resource no longer complies with a rule, does again, or is not checked any more. */
export async function tellChange(
  { tell }: Pick<Step, 'tell'>,
  segments: ResourceSegments,
  { finding, ...change }: Change & { readonly finding: StoredFinding },
): Promise<void> {
  const { organisationId, awsAccountId, region, resourceId, resourceType, tags } = finding
  const { reason, link, severity, toldAs = { severity, tags } } = finding
  const where = { ...finding, tags: toldAs.tags }
  const fields: ComplianceAlert = {
    alertId: `compliance/${finding.id}`,
    severity: toldAs.severity,
    segments: [...(await segments.segmentsOf(organisationId, where))],
    findingId: finding.id,
    ...change,
    checkedBy: finding.checkedBy,
    ruleId: finding.ruleId,
    ruleNumber: finding.ruleNumber,
    ruleName: finding.ruleName,
    resourceId,
    ...(resourceType !== undefined && { resourceType }),
    ...(awsAccountId !== undefined && { awsAccountId }),
    ...(region !== undefined && { resourceRegion: region }),
    resourceTags: tags,
    ...(reason !== undefined && change.change !== 'WITHDRAWN' && { reason }),
    evaluatedAt: new Date(finding.evaluatedAt).toISOString(),
    ...(link !== undefined && { link }),
    frameworks: finding.frameworks,
  }
  tell(ALERT_EVENTS.COMPLIANCE, { organisationId, fields })
}

/** Tells the first results of a rule, all resources in one. */
export function tellSummary({ tell, now }: Pick<Step, 'tell' | 'now'>, rule: CheckRule): void {
  const fields: ComplianceAlert = {
    alertId: `compliance/${rule.id}`,
    severity: rule.severity,
    segments: [],
    findingId: rule.id,
    change: 'SUMMARY',
    checkedBy: rule.checkedBy,
    ruleId: rule.ruleId,
    ruleNumber: rule.number,
    ruleName: rule.name,
    resourceTags: {},
    evaluatedAt: new Date(now).toISOString(),
    frameworks: [],
    failing: rule.failing,
    passing: rule.passing,
  }
  tell(ALERT_EVENTS.COMPLIANCE, { organisationId: rule.organisationId, fields })
}
