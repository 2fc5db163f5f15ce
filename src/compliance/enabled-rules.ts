import { setImmediate as nextTurn } from 'node:timers/promises'

import type { ComplianceException } from '#src/model/compliance-exception.ts'
import type { ComplianceRule } from '#src/model/finding.ts'
import { pageOfAll } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State } from '#src/ports/state.ts'
import { organisationOf } from '#src/tenancy/organisations.ts'
import type { PageOfCaller } from '#src/tenancy/organisations.ts'
import { OWN_CHECKS } from './bundle-documents.ts'
import { CHECK_RULES, FINDINGS, findingPrefix, keyOfRule } from './documents.ts'
import { exceptionFor, exceptionsOf } from './exception-documents.ts'
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
  readonly clock: Clock
  readonly ownChecks: OwnChecks
}

const FINDINGS_PER_READ = 500

export function createEnabledRules({ state, clock, ownChecks }: EnabledRulesPorts): EnabledRules {
  return {
    list: async (caller, { organisationId: given, bundle, ...page }) => {
      const asked = given ?? caller.organisationId ?? ''
      const { id: organisationId } = await organisationOf(state, caller, asked)
      const applied = await ownChecks.rulesOf(organisationId)
      const shown = pageOfAll(
        applied.filter(({ ruleId }) => bundle === undefined || bundleOf(ruleId) === bundle),
        ({ ruleId }) => ruleId,
        page,
      )
      const excepted = await exceptedOf(state, organisationId, clock.now())
      const items = shown.items.map(async ({ rule, ruleId }): Promise<ComplianceRule> => {
        const key = keyOfRule({ organisationId, checkedBy: OWN_CHECKS, ruleId })
        const { failed = 0, passing = 0 } = (await state.get(CHECK_RULES, key)) ?? {}
        const ofRule = excepted.get(ruleId) ?? 0
        return {
          organisationId,
          ruleId,
          bundle: bundleOf(ruleId),
          title: rule.title,
          severity: rule.severity,
          // Both are read one after the other, and something may have passed meanwhile.
          failing: Math.max(0, failed - ofRule),
          passing,
          excepted: ofRule,
        }
      })
      return { ...shown, items: await Promise.all(items) }
    },
  }
}

function bundleOf(ruleId: string): string {
  return ruleId.slice(0, ruleId.indexOf('/'))
}

/**
 * How many failures of each rule are under an exception. They are looked at one by one, as exceptions
 * come and go; where none is about rules of our own, none is looked at.
 */
async function exceptedOf(
  state: Pick<State, 'list'>,
  organisationId: string,
  now: number,
): Promise<ReadonlyMap<string, number>> {
  const excepted = new Map<string, number>()
  const exceptions = (await exceptionsOf(state, organisationId)).filter(isOfOwnChecks)
  if (exceptions.length === 0) return excepted
  const prefix = findingPrefix(organisationId, 'FAILED')
  let after: string | undefined
  for (;;) {
    const page = await state.list(FINDINGS, {
      prefix,
      limit: FINDINGS_PER_READ,
      ...(after !== undefined && { after }),
    })
    for (const { value } of page) {
      if (value.checkedBy !== OWN_CHECKS) continue
      if (exceptionFor(exceptions, value, now) === undefined) continue
      excepted.set(value.ruleId, (excepted.get(value.ruleId) ?? 0) + 1)
    }
    if (page.length < FINDINGS_PER_READ) return excepted
    after = page.at(-1)?.key
    await nextTurn()
  }
}

function isOfOwnChecks({ scope }: ComplianceException): boolean {
  return scope.checkedBy === undefined || scope.checkedBy === OWN_CHECKS
}
