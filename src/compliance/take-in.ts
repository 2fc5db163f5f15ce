import { isDeepStrictEqual } from 'node:util'

import { derivedUuid } from '#src/model/derived-uuid.ts'
import { SEVERITIES } from '#src/model/alert.ts'
import type { Severity, Withdrawal } from '#src/model/alert.ts'
import type { CheckRule } from '#src/model/finding.ts'
import type { ResourceSegments } from '#src/ports/resource-segments.ts'
import type { State } from '#src/ports/state.ts'
import type { Actions, Step } from '#src/tenancy/actions.ts'
import { nextNumber } from '#src/tenancy/numbers.ts'
import { tellChange } from './alerts.ts'
import type { Change } from './alerts.ts'
import type { CheckResult } from './check-result.ts'
import type { ClosedAccounts } from './closed-accounts.ts'
import { recount } from './counts.ts'
import {
  CHECK_RULES,
  FINDINGS_PER_ORGANISATION_MAX,
  FINDING_COUNTS,
  SETTLING,
  deleteFinding,
  findingById,
  findingIdOf,
  keyOfRule,
  putFinding,
  settlingKey,
} from './documents.ts'
import type { StoredFinding } from './documents.ts'
import { exceptionsWithin } from './exception-documents.ts'
import { exceptedBy } from './excepted-by.ts'
import type { IsExcepted } from './excepted-by.ts'
import { isToldFirstHand, noteTeller } from './first-hand.ts'
import { saysTheSame } from './newest.ts'
import { endToldBy } from './summaries.ts'
import { newestOf } from './suppression.ts'
import { appliedStill } from './own-checks.ts'

/**
 * How a finding is told. It has a status, by its newest result, and remembers what was last told:
 *
 *   nothing, PASSED told ──FAILED──▶ FAILED told ──PASSED──▶ PASSED told
 *   WITHDRAWN told                              ──NOT_APPLICABLE, muted, removed──▶ WITHDRAWN told
 *
 * A first PASSED is not told, as nobody heard of a failure before. UNKNOWN tells nothing and forgets
 * nothing: a failure that was told stays open until it is known how things are. What is muted is not
 * told, and over where it was; when it no longer is, what is due then is told. While its rule settles,
 * a failure that is due counts as told, by the summary to come, and its end as one of that (see
 * `summaries.ts`). A failure under an exception is not told until
 * the exception ends; a PASSED of what was told is.
 */
export interface TakeInPorts {
  readonly state: Pick<State, 'list'>
  readonly actions: Pick<Actions, 'perform'>
  readonly segments: ResourceSegments
  /** How long the results of a rule that was never seen before are gathered for one summary. */
  readonly settlingMs: number
  readonly closedAccounts: Pick<ClosedAccounts, 'of'>
}

/** What became of results. */
export interface TakenIn {
  /** New findings, and those whose status or more is another. */
  readonly changed: number
  /** Results that say what was known already, or are older than what is known. */
  readonly unchanged: number
  readonly told: number
  /** New findings that there was no room for. */
  readonly refused: number
  /** Of accounts that are closed: left out. */
  readonly closed: number
}

/** Results that are stored together; each is about four documents read and three written. */
const RESULTS_PER_TRANSACTION_MAX = 250

/**
 * Stores results of one organisation and tells the changes, each in the transaction that stores it:
 * what is taken in twice is told once.
 */
export async function takeIn(
  { state, actions, segments, settlingMs, closedAccounts }: TakeInPorts,
  organisationId: string,
  results: readonly CheckResult[],
): Promise<TakenIn> {
  const closed = await closedAccounts.of(organisationId)
  const open = results.filter(
    ({ awsAccountId }) => awsAccountId === undefined || !closed.has(awsAccountId),
  )
  const sum = { changed: 0, unchanged: 0, told: 0, refused: 0 }
  for (let from = 0; from < open.length; from += RESULTS_PER_TRANSACTION_MAX) {
    const part = open.slice(from, from + RESULTS_PER_TRANSACTION_MAX)
    const counts = await actions.perform(undefined, async (step) => {
      const exceptions = await exceptionsWithin(step.transaction, state, organisationId)
      const before = (await step.transaction.get(FINDING_COUNTS, organisationId)) ?? 0
      const room = { left: FINDINGS_PER_ORGANISATION_MAX - before }
      const isExcepted = exceptedBy(exceptions, step.now)
      const isApplied = appliedStill(step.transaction, organisationId)
      const circumstances = { segments, settlingMs, organisationId, isExcepted, isApplied, room }
      const counted = { changed: 0, unchanged: 0, told: 0, refused: 0 }
      for (const result of part) {
        const outcome = await takeOne(step, circumstances, result)
        if (outcome === 'nothing') continue
        counted[outcome === 'told' ? 'changed' : outcome] += 1
        if (outcome === 'told') counted.told += 1
      }
      const after = FINDINGS_PER_ORGANISATION_MAX - room.left
      if (after !== before) step.transaction.put(FINDING_COUNTS, organisationId, after)
      return counted
    })
    sum.changed += counts.changed
    sum.unchanged += counts.unchanged
    sum.told += counts.told
    sum.refused += counts.refused
  }
  return { ...sum, closed: results.length - open.length }
}

type Circumstances = Pick<TakeInPorts, 'segments' | 'settlingMs'> & {
  readonly organisationId: string
  readonly isExcepted: IsExcepted
  readonly isApplied: ReturnType<typeof appliedStill>
  /** For new findings, which is used up. */
  readonly room: { left: number }
}

async function takeOne(
  step: Step,
  circumstances: Circumstances,
  given: CheckResult,
): Promise<'nothing' | 'unchanged' | 'changed' | 'told' | 'refused'> {
  const { transaction, now } = step
  const { organisationId, segments, isExcepted, isApplied, room } = circumstances
  if (!(await isApplied(given))) return 'nothing'
  const id = findingIdOf(organisationId, given)
  const before = await findingById(transaction, id)
  if (before === undefined && given.endsOnly) return 'nothing'
  const result = newestOf(given, before)
  if (result === undefined) return 'unchanged'
  if (before === undefined) {
    // One that there is already goes on, so that its end is told.
    if (await isToldFirstHand(transaction, organisationId, result)) return 'nothing'
    if (room.left <= 0) return 'refused'
    room.left -= 1
    noteTeller(transaction, organisationId, result)
  }
  const rule = await ruleOf(step, circumstances, result)
  const { atOnce: _, endsOnly: __, teller: ___, enabledAt: ____, ...said } = result
  const untold: StoredFinding = {
    ...said,
    frameworks: [...said.frameworks],
    id,
    organisationId,
    ruleNumber: rule.number,
    changedAt: before?.status === result.status ? before.changedAt : now,
    firstSeenAt: before?.firstSeenAt ?? now,
    ...(before?.told !== undefined && { told: before.told }),
    ...(before?.summaryOf !== undefined && { summaryOf: before.summaryOf }),
    ...toldAs(before, said),
    ...(said.status === 'FAILED' && isExcepted(said) && { excepted: true }),
  }
  const change = dueOf(untold)
  const summaryOf = result.atOnce === undefined ? settlingSummaryOf(rule) : undefined
  const isTold = await changeTo(step, segments, { before, untold, change, rule, summaryOf })
  if (isTold) return 'told'
  if (change !== undefined) return 'changed'
  return before !== undefined && saysTheSame(result, before) ? 'unchanged' : 'changed'
}

/** The summary that is to tell of what fails now; undefined where each failure is told by itself. */
function settlingSummaryOf({ id, settlesAt }: CheckRule): string | undefined {
  return settlesAt === undefined ? undefined : id
}

interface FindingChange {
  readonly before: StoredFinding | undefined
  readonly untold: StoredFinding
  /** What is due to be told of it. */
  readonly change: Change | undefined
  readonly rule: CheckRule
  readonly summaryOf: string | undefined
}

/** Stores a finding, and tells what is due of it, or leaves that to a summary. @returns whether it is told */
async function changeTo(
  step: Step,
  segments: ResourceSegments,
  { before, untold, change, rule, summaryOf }: FindingChange,
): Promise<boolean> {
  const { transaction } = step
  const isHeld = change?.change === 'FAILED' && summaryOf !== undefined
  const told = change === undefined ? untold : toldOf(untold, change)
  const after = isHeld ? { ...told, summaryOf } : told
  const toldBy = await endToldBy(transaction, untold)
  putFinding(transaction, before, after)
  await recount(transaction, rule, { before, after })
  if (change === undefined || isHeld || toldBy.by === 'nothing') return false
  await tellChange(step, segments, { finding: untold, toldBy, ...change })
  return true
}

/** Security Hub calls what passes INFORMATIONAL, and tags may be what made it pass. */
function toldAs(
  before: StoredFinding | undefined,
  { severity, tags }: Pick<CheckResult, 'severity' | 'tags'>,
): Pick<StoredFinding, 'toldAs'> {
  if (before?.told !== 'FAILED') return {}
  const as = before.toldAs ?? { severity: before.severity, tags: before.tags }
  return isDeepStrictEqual(as, { severity, tags }) ? {} : { toldAs: as }
}

function toldOf(
  { toldAs: _, summaryOf: __, ...finding }: StoredFinding,
  { change }: Change,
): StoredFinding {
  return { ...finding, told: change }
}

/** Whether a finding is to be looked at again, as exceptions came or went. */
export function isToReview(finding: StoredFinding, isExcepted: IsExcepted): boolean {
  return finding.told !== 'FAILED' || (finding.excepted ?? false) !== isExcepted(finding)
}

/** Brings a finding that fails to what exceptions there are now, and tells what is due of it. */
export async function reviewFinding(
  step: Step,
  segments: ResourceSegments,
  { finding, isExcepted }: { readonly finding: StoredFinding } & Pick<Circumstances, 'isExcepted'>,
): Promise<void> {
  const { excepted: _, ...plain } = finding
  const isNow = finding.status === 'FAILED' && isExcepted(finding)
  const untold: StoredFinding = { ...plain, ...(isNow && { excepted: true }) }
  const change = dueOf(untold)
  const isSame = isNow === (finding.excepted ?? false)
  const rule = await step.transaction.get(CHECK_RULES, keyOfRule(finding))
  if ((change === undefined && isSame) || rule === undefined) return
  const summaryOf = settlingSummaryOf(rule)
  await changeTo(step, segments, { before: finding, untold, change, rule, summaryOf })
}

/** Takes a finding away; that a failure which was told is over by that is told. */
export async function withdrawFinding(
  step: Step,
  segments: ResourceSegments,
  { finding, withdrawal }: { readonly finding: StoredFinding; readonly withdrawal: Withdrawal },
): Promise<void> {
  const { transaction } = step
  const rule = await transaction.get(CHECK_RULES, keyOfRule(finding))
  const toldBy = await endToldBy(transaction, finding)
  await recount(transaction, rule, { before: finding, after: undefined })
  await deleteFinding(transaction, finding)
  if (finding.told !== 'FAILED' || toldBy.by === 'nothing') return
  await tellChange(step, segments, { finding, toldBy, change: 'WITHDRAWN', withdrawal })
}

/** What is to be told of a finding. */
function dueOf({
  status,
  muted,
  told,
  excepted,
  resourceDeleted,
}: StoredFinding): Change | undefined {
  if (told !== 'FAILED') {
    const isDue = status === 'FAILED' && excepted === undefined && muted === undefined
    return isDue ? { change: 'FAILED' } : undefined
  }
  if (muted !== undefined) return { change: 'WITHDRAWN', withdrawal: muted }
  if (status === 'PASSED') return { change: 'PASSED' }
  if (status !== 'NOT_APPLICABLE') return undefined
  const withdrawal = resourceDeleted === true ? 'RESOURCE_DELETED' : 'NOT_APPLICABLE'
  return { change: 'WITHDRAWN', withdrawal }
}

async function ruleOf(
  { transaction, now }: Step,
  { organisationId, settlingMs }: Circumstances,
  { checkedBy, ruleId, ruleName, severity, atOnce }: CheckResult,
): Promise<CheckRule> {
  const key = keyOfRule({ organisationId, checkedBy, ruleId })
  const known = await transaction.get(CHECK_RULES, key)
  if (known !== undefined) {
    const worst = worse(known.severity, severity)
    if (worst === known.severity) return known
    const worsened = { ...known, severity: worst }
    transaction.put(CHECK_RULES, key, worsened)
    return worsened
  }
  const settles = settlingMs > 0 && atOnce === undefined
  const rule: CheckRule = {
    id: derivedUuid(key),
    organisationId,
    number: await nextNumber(transaction, organisationId, 'compliance-rule'),
    checkedBy,
    ruleId,
    name: ruleName,
    severity,
    failing: 0,
    failed: 0,
    excepted: 0,
    passing: 0,
    ...(settles && { settlesAt: now + settlingMs }),
    firstSeenAt: now,
  }
  transaction.put(CHECK_RULES, key, rule)
  if (settles) transaction.put(SETTLING, settlingKey(rule), key)
  return rule
}

function worse(a: Severity, b: Severity): Severity {
  return SEVERITIES.indexOf(a) < SEVERITIES.indexOf(b) ? b : a
}
