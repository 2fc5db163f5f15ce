import type { ComplianceAlert } from '#src/model/alert.ts'

/** What alerts of one rule say together. */
interface Standings {
  /** How each finding stands that they name, in a summary or by itself. */
  readonly findings: readonly ComplianceAlert[]
  /** Beside these, how many fail of what a summary told. */
  readonly unlisted: number
}

/** @param alerts of one rule, the oldest first */
export function findingsOf(alerts: readonly ComplianceAlert[]): Standings {
  const findings = new Map<string, ComplianceAlert>()
  const ofSummary = new Set<string>()
  let failingOfSummary = 0
  for (const alert of alerts) {
    failingOfSummary = alert.failing ?? failingOfSummary
    if (alert.change !== 'SUMMARY') {
      findings.set(alert.findingId, alert)
      ofSummary.delete(alert.findingId)
      continue
    }
    for (const resource of alert.resources ?? []) {
      findings.set(resource.findingId, { ...alert, ...resource, change: 'FAILED' })
      ofSummary.add(resource.findingId)
    }
  }
  const unlisted = Math.max(0, failingOfSummary - ofSummary.size)
  return { findings: [...findings.values()], unlisted }
}

/** How each resource stands: it fails as long as anything that was found of it does. */
export function resourcesOf(alerts: readonly ComplianceAlert[]): {
  readonly resources: readonly ComplianceAlert[]
  readonly unlisted: number
} {
  const { findings, unlisted } = findingsOf(alerts)
  const resources = new Map<string, ComplianceAlert>()
  for (const each of findings) {
    const { awsAccountId, resourceRegion, resourceId = each.findingId } = each
    // Not all ids are of one account and region alone: they may be names.
    const key = JSON.stringify([awsAccountId, resourceRegion, resourceId])
    if (resources.get(key)?.change !== 'FAILED') resources.set(key, each)
  }
  return { resources: [...resources.values()], unlisted }
}
