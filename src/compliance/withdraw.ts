import { setImmediate as nextTurn } from 'node:timers/promises'

import type { State, StoredDocument } from '#src/ports/state.ts'
import { OWN_CHECKS, WITHDRAWN_RULES, withdrawnKey, withdrawnOf } from './bundle-documents.ts'
import { CHECK_RULES, FINDINGS, findingById, findingPrefix, keyOfRule } from './documents.ts'
import { enabledRules } from './own-checks.ts'
import type { AppliedRule } from './own-checks.ts'
import { withdrawFinding } from './take-in.ts'
import type { TakeInPorts } from './take-in.ts'

export interface WithdrawPorts extends Pick<TakeInPorts, 'actions' | 'segments'> {
  readonly state: State
}

const RULES_PER_ROUND = 100
const FINDINGS_PER_READ = 250

/** Takes away the findings of rules that are applied no more, or not to resources of their types. */
export async function withdrawDue(ports: WithdrawPorts): Promise<void> {
  const { state } = ports
  const rules = await state.list(WITHDRAWN_RULES, { limit: RULES_PER_ROUND })
  const byOrganisation = Map.groupBy(rules, ({ key }) => withdrawnOf(key)[0])
  for (const [organisationId, withdrawn] of byOrganisation) {
    const applied = await appliedBy(state, organisationId)
    await withdrawFindings(ports, organisationId, { withdrawn, applied })
    await state.transact(async (transaction) => {
      for (const { key, value } of withdrawn) {
        // Enabled or disabled meanwhile: that is looked at next.
        if ((await transaction.get(WITHDRAWN_RULES, key)) !== value) continue
        const [, ruleId] = withdrawnOf(key)
        transaction.delete(WITHDRAWN_RULES, key)
        if (applied.has(ruleId)) continue
        transaction.delete(
          CHECK_RULES,
          keyOfRule({ organisationId, checkedBy: OWN_CHECKS, ruleId }),
        )
      }
    })
  }
}

/** Read anew: what is in memory may be older than the note for a moment, which would be lost then. */
async function appliedBy(
  state: Pick<State, 'list'>,
  organisationId: string,
): Promise<ReadonlyMap<string, AppliedRule>> {
  const rules = await enabledRules(state, organisationId)
  return new Map(rules.map((rule) => [rule.ruleId, rule]))
}

async function withdrawFindings(
  { state, actions, segments }: WithdrawPorts,
  organisationId: string,
  {
    withdrawn,
    applied,
  }: {
    readonly withdrawn: readonly StoredDocument<number>[]
    readonly applied: ReadonlyMap<string, AppliedRule>
  },
): Promise<void> {
  const prefix = findingPrefix(organisationId)
  const notes = new Map(withdrawn.map(({ key, value }) => [key, value]))
  const keyOf = (ruleId: string) => withdrawnKey(organisationId, ruleId)
  let after: string | undefined
  for (;;) {
    const page = await state.list(FINDINGS, {
      prefix,
      limit: FINDINGS_PER_READ,
      ...(after !== undefined && { after }),
    })
    const gone = page.filter(
      ({ value: { checkedBy, ruleId, resourceType = '' } }) =>
        checkedBy === OWN_CHECKS &&
        notes.has(keyOf(ruleId)) &&
        applied.get(ruleId)?.isAbout(resourceType) !== true,
    )
    if (gone.length > 0) {
      await actions.perform(undefined, async (step) => {
        for (const { value } of gone) {
          const key = keyOf(value.ruleId)
          // Enabled or disabled meanwhile.
          if ((await step.transaction.get(WITHDRAWN_RULES, key)) !== notes.get(key)) continue
          const finding = await findingById(step.transaction, value.id)
          if (finding === undefined) continue
          await withdrawFinding(step, segments, { finding, withdrawal: 'RULE_DISABLED' })
        }
      })
    }
    if (page.length < FINDINGS_PER_READ) return
    after = page.at(-1)?.key
    await nextTurn()
  }
}
