import type { State } from '#src/ports/state.ts'
import { OWN_CHECKS, WITHDRAWN_RULES, withdrawnOf } from './bundle-documents.ts'
import { CHECK_RULES, FINDINGS, findingPrefix, keyOfRule, removeFinding } from './documents.ts'

const RULES_PER_ROUND = 100
const FINDINGS_PER_READ = 250

/** Takes away the findings of rules that are applied no more. */
export async function withdrawDue(state: State): Promise<void> {
  const rules = await state.list(WITHDRAWN_RULES, { limit: RULES_PER_ROUND })
  const byOrganisation = Map.groupBy(rules, ({ key }) => withdrawnOf(key)[0])
  for (const [organisationId, withdrawn] of byOrganisation) {
    const ruleIds = new Set(withdrawn.map(({ key }) => withdrawnOf(key)[1]))
    await removeFindingsOf(state, organisationId, ruleIds)
    await state.transact(async (transaction) => {
      for (const { key, value } of withdrawn) {
        // Enabled again meanwhile: it has findings again.
        if ((await transaction.get(WITHDRAWN_RULES, key)) !== value) continue
        const [, ruleId] = withdrawnOf(key)
        transaction.delete(WITHDRAWN_RULES, key)
        transaction.delete(
          CHECK_RULES,
          keyOfRule({ organisationId, checkedBy: OWN_CHECKS, ruleId }),
        )
      }
    })
  }
}

async function removeFindingsOf(
  state: State,
  organisationId: string,
  ruleIds: ReadonlySet<string>,
): Promise<void> {
  const prefix = findingPrefix(organisationId)
  let after: string | undefined
  for (;;) {
    const page = await state.list(FINDINGS, {
      prefix,
      limit: FINDINGS_PER_READ,
      ...(after !== undefined && { after }),
    })
    const gone = page.filter(
      ({ value }) => value.checkedBy === OWN_CHECKS && ruleIds.has(value.ruleId),
    )
    if (gone.length > 0) {
      await state.transact(async (transaction) => {
        for (const { value } of gone) await removeFinding(transaction, value.id)
      })
    }
    if (page.length < FINDINGS_PER_READ) return
    after = page.at(-1)?.key
  }
}
