import type { CheckRule, Finding } from '#src/model/finding.ts'
import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import { OWN_CHECKS, bundleOf } from './bundle-documents.ts'
import { CHECK_RULES, keyOfRule } from './documents.ts'
import type { StoredFinding } from './documents.ts'
import { recountSummary } from './summaries.ts'

/** Counts are kept as findings change: to count 100,000 findings at each look would take seconds. */

/** How many findings there are of a part. */
export interface Counts {
  readonly passing: number
  /** Under an exception or not. */
  readonly failed: number
  readonly excepted: number
}

/** Of an account, what each that checks found. */
export interface AccountCounts extends Pick<Finding, 'organisationId' | 'awsAccountId'> {
  readonly parts: readonly (Counts & Pick<CheckRule, 'checkedBy'> & { readonly bundle?: string })[]
}

/** By accountCountsKey. */
export const ACCOUNT_COUNTS = collection<AccountCounts>('finding-counts-of-accounts')

const SEPARATOR = '|'

function accountCountsKey({
  organisationId,
  awsAccountId = '',
}: Pick<Finding, 'organisationId' | 'awsAccountId'>): string {
  return organisationId + SEPARATOR + awsAccountId
}

interface Change {
  readonly before: StoredFinding | undefined
  readonly after: StoredFinding | undefined
}

/**
 * Brings counts to what a finding is after, from what it was before.
 * @param rule of what it is after, where it is
 */
export async function recount(
  transaction: StateTransaction,
  rule: CheckRule | undefined,
  change: Change,
): Promise<void> {
  const { before, after } = change
  await recountSummary(transaction, before, after)
  if (before !== undefined && after !== undefined && before.ruleId !== after.ruleId) {
    // An incident, which may come of two services that do not call its kind the same.
    const ruleBefore = await transaction.get(CHECK_RULES, keyOfRule(before))
    if (ruleBefore !== undefined) recountRule(transaction, ruleBefore, { before, after: undefined })
    if (rule !== undefined) recountRule(transaction, rule, { before: undefined, after })
  } else if (rule !== undefined) {
    recountRule(transaction, rule, change)
  }
  const finding = after ?? before
  if (finding === undefined) return
  const difference = differenceOf(isCounted(before), isCounted(after))
  if (isNothing(difference)) return
  const { organisationId, awsAccountId, checkedBy, ruleId } = finding
  const key = accountCountsKey(finding)
  const { parts } = (await transaction.get(ACCOUNT_COUNTS, key)) ?? { parts: [] }
  const bundle = checkedBy === OWN_CHECKS ? bundleOf(ruleId) : undefined
  const isSame = (part: { checkedBy: string; bundle?: string }) =>
    part.checkedBy === checkedBy && part.bundle === bundle
  const known = parts.find(isSame)
  const part = {
    checkedBy,
    ...(bundle !== undefined && { bundle }),
    ...sumOf(known ?? NOTHING, difference),
  }
  const kept = [...parts.filter((one) => one !== known), ...(isNothing(part) ? [] : [part])]
  if (kept.length === 0) transaction.delete(ACCOUNT_COUNTS, key)
  else {
    const account = { organisationId, ...(awsAccountId !== undefined && { awsAccountId }) }
    transaction.put(ACCOUNT_COUNTS, key, { ...account, parts: kept })
  }
}

function recountRule(transaction: StateTransaction, rule: CheckRule, change: Change): void {
  const { before, after } = change
  const failing = Number(after?.told === 'FAILED') - Number(before?.told === 'FAILED')
  const difference = differenceOf(before, after)
  if (failing === 0 && isNothing(difference)) return
  transaction.put(CHECK_RULES, keyOfRule(rule), {
    ...rule,
    ...sumOf(rule, difference),
    failing: Math.max(0, rule.failing + failing),
  })
}

/**
 * As Security Hub and AWS Config count: what is suppressed or archived is left out, and what
 * happened, such as an attack, is no check that could pass.
 */
function isCounted(finding: StoredFinding | undefined): StoredFinding | undefined {
  return finding?.muted === undefined && finding?.incident === undefined ? finding : undefined
}

export const NOTHING: Counts = { passing: 0, failed: 0, excepted: 0 }

function differenceOf(before: StoredFinding | undefined, after: StoredFinding | undefined): Counts {
  const is = (of: StoredFinding | undefined, status: Finding['status']) =>
    Number(of?.status === status)
  return {
    passing: is(after, 'PASSED') - is(before, 'PASSED'),
    failed: is(after, 'FAILED') - is(before, 'FAILED'),
    excepted: Number(after?.excepted === true) - Number(before?.excepted === true),
  }
}

function sumOf(counts: Counts, difference: Counts): Counts {
  return {
    passing: Math.max(0, counts.passing + difference.passing),
    failed: Math.max(0, counts.failed + difference.failed),
    excepted: Math.max(0, counts.excepted + difference.excepted),
  }
}

function isNothing({ passing, failed, excepted }: Counts): boolean {
  return passing === 0 && failed === 0 && excepted === 0
}
