import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import type { CheckResult } from './check-result.ts'

/**
 * By organisation, service, account and region: those that were heard of a finding themselves. Only of
 * these is left out what Security Hub has of them under names that cannot be brought to theirs: which of
 * AWS's events are sent to the hub is known when they come, and what nobody else tells must not be lost.
 */
const HEARD_SERVICES = collection<true>('heard-services')

type Of = Pick<CheckResult, 'checkedBy' | 'teller'>

function keyOf(organisationId: string, { checkedBy, teller }: Of): string {
  return [organisationId, checkedBy, teller?.account, teller?.region].join('|')
}

/** Notes of a new finding that its service tells of what it finds. */
export function noteTeller(
  transaction: StateTransaction,
  organisationId: string,
  result: Of,
): void {
  const { teller } = result
  if (teller === undefined || teller.isSecondHand) return
  transaction.put(HEARD_SERVICES, keyOf(organisationId, result), true)
}

/** Whether a result says but what its service tells of itself. */
export async function isToldFirstHand(
  transaction: Pick<StateTransaction, 'get'>,
  organisationId: string,
  result: Of,
): Promise<boolean> {
  if (result.teller?.isSecondHand !== true) return false
  return (await transaction.get(HEARD_SERVICES, keyOf(organisationId, result))) === true
}
