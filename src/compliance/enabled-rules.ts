import type { ComplianceRule } from '#src/model/finding.ts'
import { pageOfAll } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { Principal } from '#src/model/principal.ts'
import type { State } from '#src/ports/state.ts'
import { organisationOf } from '#src/tenancy/organisations.ts'
import type { PageOfCaller } from '#src/tenancy/organisations.ts'
import { OWN_CHECKS, bundleOf } from './bundle-documents.ts'
import type { Counting } from './counting.ts'
import { CHECK_RULES, keyOfRule } from './documents.ts'
import type { OwnChecks } from './own-checks.ts'

/** The rules of the bundles that are enabled, and how resources stand by them. */
export interface EnabledRules {
  list(
    caller: Principal,
    asked: PageOfCaller & {
      readonly organisationId?: string | undefined
      /** Only of this one. */
      readonly bundle?: string | undefined
    },
  ): Promise<Page<ComplianceRule>>
}

export interface EnabledRulesPorts {
  readonly state: State
  readonly counting: Pick<Counting, 'counted'>
  readonly ownChecks: OwnChecks
}

export function createEnabledRules({
  state,
  counting,
  ownChecks,
}: EnabledRulesPorts): EnabledRules {
  return {
    list: async (caller, { organisationId: given, bundle, ...page }) => {
      const asked = given ?? caller.organisationId ?? ''
      const { id: organisationId } = await organisationOf(state, caller, asked)
      await counting.counted()
      const applied = await ownChecks.rulesOf(organisationId)
      const shown = pageOfAll(
        applied.filter(({ ruleId }) => bundle === undefined || bundleOf(ruleId) === bundle),
        ({ ruleId }) => ruleId,
        page,
      )
      const items = shown.items.map(async ({ rule, ruleId }): Promise<ComplianceRule> => {
        const key = keyOfRule({ organisationId, checkedBy: OWN_CHECKS, ruleId })
        const counted = await state.get(CHECK_RULES, key)
        const { failed = 0, passing = 0, excepted = 0 } = counted ?? {}
        return {
          organisationId,
          ruleId,
          bundle: bundleOf(ruleId),
          title: rule.title,
          severity: rule.severity,
          failing: failed - excepted,
          passing,
          excepted,
        }
      })
      return { ...shown, items: await Promise.all(items) }
    },
  }
}
