import type { State } from '#src/ports/state.ts'
import {
  BUNDLES_PER_ORGANISATION_MAX,
  ENABLED_BUNDLES,
  OWN_CHECKS,
  bundlePrefix,
  ruleIdOf,
} from './bundle-documents.ts'
import type { EnabledBundle } from './bundle-documents.ts'
import { bounded } from './check-result.ts'
import type { CheckResult } from './check-result.ts'
import { accountOf, at, given, instantOf, textAt } from './observed/foreign.ts'
import { parseStoredBundle } from './rules/bundle.ts'
import type { ReadyRule } from './rules/bundle.ts'
import type { RuleResource } from './rules/resource.ts'
import { shippedBundles } from './rules/shipped.ts'

/** The rules that an organisation has enabled, ready to be applied. */
export interface OwnChecks {
  rulesOf(organisationId: string): Promise<readonly AppliedRule[]>
}

export interface AppliedRule extends ReadyRule {
  readonly ruleId: string
}

/** Reads rules when they are needed, and again once they have changed. */
export function createOwnChecks(state: Pick<State, 'list' | 'watch'>): OwnChecks {
  let known = new Map<string, readonly AppliedRule[]>()
  state.watch((changes) => {
    if (changes.some(({ collection }) => collection === ENABLED_BUNDLES.name)) known = new Map()
  })
  return {
    rulesOf: async (organisationId) => {
      const before = known
      const held = before.get(organisationId)
      if (held !== undefined) return held
      const prefix = bundlePrefix(organisationId)
      const limit = BUNDLES_PER_ORGANISATION_MAX + shippedBundles().size
      const enabled = await state.list(ENABLED_BUNDLES, { prefix, limit })
      const rules = enabled.flatMap(({ value }) => appliedOf(value))
      before.set(organisationId, rules)
      return rules
    },
  }
}

function appliedOf({ name, text, deselected, parameters }: EnabledBundle): readonly AppliedRule[] {
  return parseStoredBundle(text)
    .rules(parameters)
    .filter(({ rule }) => !deselected.includes(rule.id))
    .map((ready) => ({ ...ready, ruleId: ruleIdOf(name, ready.rule.id) }))
}

const DELETED = 'ResourceDeleted'

/**
 * What the rules say of a resource; between rules others have their turn, as there may be many.
 * @param now when it is looked at, epoch ms
 */
export async function checkResource(
  rules: readonly AppliedRule[],
  resource: RuleResource,
  { now, turns }: { readonly now: number; readonly turns: () => Promise<void> },
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = []
  for (const rule of rules) {
    const result = resultOf(rule, resource, now)
    if (result !== undefined) results.push(result)
    await turns()
  }
  return results
}

function resultOf(
  { rule, ruleId, verdictOn }: AppliedRule,
  resource: RuleResource,
  now: number,
): CheckResult | undefined {
  const verdict = verdictOn(resource)
  if (verdict === undefined) return undefined
  const { status } = verdict
  const captured = instantOf(at(resource, 'configurationItemCaptureTime'))
  const isGone = textAt(resource, 'configurationItemStatus')?.startsWith(DELETED) === true
  return bounded({
    checkedBy: OWN_CHECKS,
    ruleId,
    ruleName: rule.title,
    severity: rule.severity,
    status: isGone ? 'NOT_APPLICABLE' : status,
    ...(isGone && { resourceDeleted: true }),
    ...(status === 'NOT_APPLICABLE' && { endsOnly: true }),
    resourceId: textAt(resource, 'ARN') ?? resource.resourceId,
    resourceType: resource.resourceType,
    tags: resource.tags,
    frameworks: rule.frameworks ?? [],
    evaluatedAt: Number.isFinite(captured) ? captured : now,
    // The same resource, looked at again by a rule that has changed, is a newer result.
    sentAt: now,
    ...given({
      awsAccountId: accountOf(at(resource, 'awsAccountId')),
      region: textAt(resource, 'awsRegion'),
      reason: 'reason' in verdict && !isGone ? verdict.reason : undefined,
    }),
  })
}
