import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import { ACCOUNTS, AWS_ACCOUNTS } from '#src/tenancy/documents.ts'
import { RESOURCES_LISTED_MAX, tellSummary } from './alerts.ts'
import type { Failing } from './alerts.ts'
import { CHECK_RULES, SETTLING, findingById, settlesAtOf } from './documents.ts'
import type { StoredFinding } from './documents.ts'
import { noteTold, worstOfSummary } from './summaries.ts'

export interface SettlePorts {
  readonly state: Pick<State, 'get' | 'list'>
  readonly actions: Pick<Actions, 'perform'>
}

const RULES_PER_ROUND = 100

/**
 * Tells the summaries of rules that have settled by now: one each, and none where nothing failed.
 * @returns whether there may be more
 */
export async function settleDue({ state, actions }: SettlePorts, now: number): Promise<boolean> {
  const waiting = await state.list(SETTLING, { limit: RULES_PER_ROUND })
  const due = waiting.filter(({ key }) => settlesAtOf(key) <= now)
  for (const { key, value: ofRule } of due) {
    const settling = await state.get(CHECK_RULES, ofRule)
    const worst =
      settling === undefined ? [] : await worstOfSummary(state, settling.id, RESOURCES_LISTED_MAX)
    await actions.perform(undefined, async (step) => {
      const { transaction } = step
      transaction.delete(SETTLING, key)
      const rule = await transaction.get(CHECK_RULES, ofRule)
      // A rule that was disabled and enabled again settles anew.
      if (rule?.settlesAt === undefined || rule.settlesAt > now) return
      const { settlesAt: _, ...settled } = rule
      transaction.put(CHECK_RULES, ofRule, settled)
      if (rule.failing === 0) return
      tellSummary(step, settled, await failingOf(transaction, rule.id, worst))
      await noteTold(transaction, rule.id, rule.severity)
    })
  }
  return due.length === RULES_PER_ROUND
}

/** @param findingIds as they were listed: some may have passed meanwhile */
async function failingOf(
  transaction: StateTransaction,
  ruleId: string,
  findingIds: readonly string[],
): Promise<Failing> {
  const worst: StoredFinding[] = []
  const accountNames = new Map<string, string>()
  for (const id of findingIds) {
    const finding = await findingById(transaction, id)
    if (finding?.summaryOf !== ruleId) continue
    worst.push(finding)
    const { awsAccountId, organisationId } = finding
    if (awsAccountId === undefined || accountNames.has(awsAccountId)) continue
    const accountId = await transaction.get(AWS_ACCOUNTS, awsAccountId)
    const account = accountId === undefined ? undefined : await transaction.get(ACCOUNTS, accountId)
    if (account?.organisationId === organisationId) accountNames.set(awsAccountId, account.name)
  }
  return { worst, accountNames }
}
