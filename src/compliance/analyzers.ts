import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import type { CheckResult } from './check-result.ts'

/**
 * By organisation and ARN: analyzers of Access Analyzer that have told of a finding themselves. Only of
 * these is what Security Hub sums up left out: whether an account's events are sent to the hub is known
 * when they come, and what nobody else tells must not be lost.
 */
const HEARD_ANALYZERS = collection<true>('heard-analyzers')

type Of = Pick<CheckResult, 'analyzer'>

function keyOf(organisationId: string, arn: string): string {
  return `${organisationId}|${arn}`
}

/** Notes of a new finding that its analyzer tells of what it finds. */
export function noteAnalyzer(
  transaction: StateTransaction,
  organisationId: string,
  { analyzer }: Of,
): void {
  if (analyzer === undefined || analyzer.isSecondHand) return
  transaction.put(HEARD_ANALYZERS, keyOf(organisationId, analyzer.arn), true)
}

/** Whether a result only sums up what its analyzer tells of itself. */
export async function isToldFirstHand(
  transaction: Pick<StateTransaction, 'get'>,
  organisationId: string,
  { analyzer }: Of,
): Promise<boolean> {
  if (analyzer?.isSecondHand !== true) return false
  return (await transaction.get(HEARD_ANALYZERS, keyOf(organisationId, analyzer.arn))) === true
}
