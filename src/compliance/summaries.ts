import type { Severity } from '#src/model/alert.ts'
import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { mildnessOf } from './documents.ts'
import type { StoredFinding } from './documents.ts'

/**
 * What the summaries of rules tell of, for as long as it fails: so that what a summary told ends when
 * all of it is over, and each end before says how much is left. A finding remembers the rule whose
 * summary tells of it; what it fails of later is told by itself.
 */
interface Summary {
  readonly failing: number
  /** As it was told; absent: it is yet to be. */
  readonly severity?: Severity
}

/** By the id of a rule; none where all is over. */
export const SUMMARIES = collection<Summary>('compliance-summaries')
/** By rule, the worst first; holds the id of the finding. */
const TOLD_BY_SUMMARY = collection<string>('findings-told-by-summary')

const SEPARATOR = '|'

function tellingKey(ruleId: string, { severity, id }: StoredFinding): string {
  return `${ruleId}${SEPARATOR}${mildnessOf(severity)}${SEPARATOR}${id}`
}

/** Brings what summaries tell of to what a finding is after, from what it was before. */
export async function recountSummary(
  transaction: StateTransaction,
  before: StoredFinding | undefined,
  after: StoredFinding | undefined,
): Promise<void> {
  const [of, ofBefore] = [after?.summaryOf, before?.summaryOf]
  const key = of && after && tellingKey(of, after)
  const keyBefore = ofBefore && before && tellingKey(ofBefore, before)
  if (keyBefore !== key) {
    if (keyBefore !== undefined) transaction.delete(TOLD_BY_SUMMARY, keyBefore)
    if (key !== undefined && after !== undefined) transaction.put(TOLD_BY_SUMMARY, key, after.id)
  }
  if (of === ofBefore) return
  if (ofBefore !== undefined) await count(transaction, ofBefore, -1)
  if (of !== undefined) await count(transaction, of, 1)
}

async function count(
  transaction: StateTransaction,
  ruleId: string,
  difference: number,
): Promise<void> {
  const known = await transaction.get(SUMMARIES, ruleId)
  const failing = (known?.failing ?? 0) + difference
  if (failing <= 0) transaction.delete(SUMMARIES, ruleId)
  else transaction.put(SUMMARIES, ruleId, { ...known, failing })
}

/** The ids of findings that the summary of a rule tells of: the worst, as many at most. */
export async function worstOfSummary(
  state: Pick<State, 'list'>,
  ruleId: string,
  limit: number,
): Promise<readonly string[]> {
  const listed = await state.list(TOLD_BY_SUMMARY, { prefix: ruleId + SEPARATOR, limit })
  return listed.map(({ value }) => value)
}

/** Notes how a summary is told: its ends have to reach the same people. */
export async function noteTold(
  transaction: StateTransaction,
  ruleId: string,
  severity: Severity,
): Promise<void> {
  const known = await transaction.get(SUMMARIES, ruleId)
  if (known !== undefined) transaction.put(SUMMARIES, ruleId, { ...known, severity })
}

/** By what an end of a finding is told. */
export type EndToldBy =
  /** By nothing: the summary is yet to be told, and will not be of it. */
  | { readonly by: 'nothing' }
  | { readonly by: 'itself' }
  | {
      readonly by: 'summary'
      readonly ruleId: string
      readonly severity: Severity
      /** How many others of the summary still fail. */
      readonly failing: number
    }

/** @param finding as it is before its end is counted */
export async function endToldBy(
  transaction: StateTransaction,
  { summaryOf: ruleId }: StoredFinding,
): Promise<EndToldBy> {
  if (ruleId === undefined) return { by: 'itself' }
  const summary = await transaction.get(SUMMARIES, ruleId)
  if (summary?.severity === undefined) return { by: 'nothing' }
  const { severity, failing } = summary
  return { by: 'summary', ruleId, severity, failing: failing - 1 }
}
