import type { State } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import { tellSummary } from './alerts.ts'
import { CHECK_RULES, SETTLING, settlesAtOf } from './documents.ts'

export interface SettlePorts {
  readonly state: Pick<State, 'list'>
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
    await actions.perform(undefined, async (step) => {
      const { transaction } = step
      transaction.delete(SETTLING, key)
      const rule = await transaction.get(CHECK_RULES, ofRule)
      // A rule that was disabled and enabled again settles anew.
      if (rule?.settlesAt === undefined || rule.settlesAt > now) return
      const { settlesAt: _, ...settled } = rule
      transaction.put(CHECK_RULES, ofRule, settled)
      if (rule.failing > 0) tellSummary(step, settled)
    })
  }
  return due.length === RULES_PER_ROUND
}
