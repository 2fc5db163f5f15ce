import type { CheckRule } from '#src/model/finding.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import { CHECK_RULES, keyOfRule } from './documents.ts'
import type { StoredFinding } from './documents.ts'

/** Brings the counts of a rule to what a finding of it is after, from what it was before. */
export function recount(
  transaction: StateTransaction,
  rule: CheckRule,
  {
    before,
    after,
  }: { readonly before: StoredFinding | undefined; readonly after: StoredFinding | undefined },
): void {
  const failing = Number(after?.told === 'FAILED') - Number(before?.told === 'FAILED')
  const failed = Number(after?.status === 'FAILED') - Number(before?.status === 'FAILED')
  const passing = Number(after?.status === 'PASSED') - Number(before?.status === 'PASSED')
  if (failing === 0 && failed === 0 && passing === 0) return
  transaction.put(CHECK_RULES, keyOfRule(rule), {
    ...rule,
    failing: Math.max(0, rule.failing + failing),
    failed: Math.max(0, rule.failed + failed),
    passing: Math.max(0, rule.passing + passing),
  })
}
