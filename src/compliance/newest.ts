import type { CheckResult } from './check-result.ts'
import type { StoredFinding } from './documents.ts'

/** Whether a result says what is stored already, apart from when. */
export function saysTheSame(result: CheckResult, stored: StoredFinding): boolean {
  return contentOf(result) === contentOf(stored)
}

/** What a result says, apart from when; the same for the same. */
function contentOf(result: Omit<CheckResult, 'evaluatedAt' | 'sentAt'>): string {
  return JSON.stringify([
    result.status,
    result.severity,
    result.muted,
    result.ruleId,
    result.ruleName,
    result.resourceId,
    result.resourceType,
    result.awsAccountId,
    result.region,
    Object.entries(result.tags).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    result.reason,
    result.link,
    result.frameworks,
    result.resourceDeleted,
    result.title,
  ])
}

/**
 * Whether a result is newer than what is stored: by the time of the check, then by when it was
 * sent, and else by what it says, so that of any results in any order the same one is the newest.
 */
export function isNewer(result: CheckResult, stored: StoredFinding): boolean {
  if (result.evaluatedAt !== stored.evaluatedAt) return result.evaluatedAt > stored.evaluatedAt
  if (result.sentAt !== stored.sentAt) return result.sentAt > stored.sentAt
  return contentOf(result) > contentOf(stored)
}
