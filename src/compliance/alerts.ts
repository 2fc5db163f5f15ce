import type { ComplianceAlert, FailingResource, Withdrawal } from '#src/model/alert.ts'
import { ALERT_EVENTS } from '#src/model/catalogue/cost-and-compliance.ts'
import type { CheckRule } from '#src/model/finding.ts'
import type { ResourceSegments } from '#src/ports/resource-segments.ts'
import type { Step } from '#src/tenancy/actions.ts'
import { clipped } from './check-result.ts'
import type { StoredFinding } from './documents.ts'
import type { EndToldBy } from './summaries.ts'

/** What is told of one finding. */
export type Change =
  | { readonly change: 'FAILED' | 'PASSED' }
  | { readonly change: 'WITHDRAWN'; readonly withdrawal: Withdrawal }

/** By which alerts are of one incident. */
function alertIdOf(findingOrRuleId: string): string {
  return `compliance/${findingOrRuleId}`
}

/**
 * Tells that a resource no longer complies with a rule, does again, or is not checked any more: of what
 * a summary told of to whoever heard that, as news of it.
 */
export async function tellChange(
  { tell }: Pick<Step, 'tell'>,
  segments: ResourceSegments,
  {
    finding,
    toldBy,
    ...change
  }: Change & {
    readonly finding: StoredFinding
    readonly toldBy: Exclude<EndToldBy, { readonly by: 'nothing' }>
  },
): Promise<void> {
  const { organisationId, awsAccountId, region, resourceId, resourceType, tags } = finding
  const { title, reason, link, severity, toldAs = { severity, tags } } = finding
  const where = { ...finding, tags: toldAs.tags }
  const as =
    toldBy.by === 'summary'
      ? { ...summaryAs(toldBy.ruleId, toldBy.severity), failing: toldBy.failing }
      : {
          alertId: alertIdOf(finding.id),
          severity: toldAs.severity,
          segments: [...(await segments.segmentsOf(organisationId, where))],
        }
  const fields: ComplianceAlert = {
    ...as,
    findingId: finding.id,
    ...change,
    checkedBy: finding.checkedBy,
    ruleId: finding.ruleId,
    ruleNumber: finding.ruleNumber,
    ruleName: finding.ruleName,
    ...(title !== undefined && { title }),
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

/** What fails of the first results of a rule. */
export interface Failing {
  /** The worst; of few all. */
  readonly worst: readonly StoredFinding[]
  /** Of their accounts, by the id that AWS gave them. */
  readonly accountNames: ReadonlyMap<string, string>
}

/** Tells the first results of a rule, all resources in one. */
export function tellSummary(
  { tell, now }: Pick<Step, 'tell' | 'now'>,
  rule: CheckRule,
  { worst, accountNames }: Failing,
): void {
  const [first] = worst
  // Then it is of the account's owner, as what follows is.
  const isOfOne =
    worst.length === rule.failing &&
    worst.every(({ awsAccountId }) => awsAccountId === first?.awsAccountId)
  const awsAccountId = isOfOne ? first?.awsAccountId : undefined
  const resources = listed(worst, accountNames)
  const fields: ComplianceAlert = {
    ...summaryAs(rule.id, rule.severity),
    findingId: rule.id,
    change: 'SUMMARY',
    checkedBy: rule.checkedBy,
    ruleId: rule.ruleId,
    ruleNumber: rule.number,
    ruleName: rule.name,
    ...(awsAccountId !== undefined && { awsAccountId }),
    resourceTags: {},
    evaluatedAt: new Date(now).toISOString(),
    frameworks: [],
    failing: rule.failing,
    passing: rule.passing,
    ...(resources.length > 0 && { resources: [...resources] }),
  }
  tell(ALERT_EVENTS.COMPLIANCE, { organisationId: rule.organisationId, fields })
}

function summaryAs(
  ruleId: string,
  severity: ComplianceAlert['severity'],
): Pick<ComplianceAlert, 'alertId' | 'severity' | 'segments'> {
  return { alertId: alertIdOf(ruleId), severity, segments: [] }
}

/** As many as a message to people lists. */
export const RESOURCES_LISTED_MAX = 50
/** An event has 256 KB, and each bus that it comes to keeps it. */
const RESOURCES_BYTES_MAX = 32_768
const REASON_CHARACTERS_MAX = 200

/** As many as there is room for: names of resources may be long. */
function listed(
  worst: readonly StoredFinding[],
  accountNames: Failing['accountNames'],
): readonly FailingResource[] {
  const resources: FailingResource[] = []
  let bytes = 0
  for (const finding of worst) {
    const resource = listedAs(finding, accountNames)
    bytes += Buffer.byteLength(JSON.stringify(resource))
    if (bytes > RESOURCES_BYTES_MAX) break
    resources.push(resource)
  }
  return resources
}

function listedAs(
  { id, severity, resourceId, resourceType, awsAccountId, region, title, reason }: StoredFinding,
  accountNames: Failing['accountNames'],
): FailingResource {
  const accountName = awsAccountId === undefined ? undefined : accountNames.get(awsAccountId)
  return {
    findingId: id,
    severity,
    resourceId,
    ...(resourceType !== undefined && { resourceType }),
    ...(awsAccountId !== undefined && { awsAccountId }),
    ...(accountName !== undefined && { accountName }),
    ...(region !== undefined && { resourceRegion: region }),
    ...(title !== undefined && { title: clipped(title, REASON_CHARACTERS_MAX) }),
    ...(reason !== undefined && { reason: clipped(reason, REASON_CHARACTERS_MAX) }),
  }
}
