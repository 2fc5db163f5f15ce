import type { State, StateTransaction } from '#src/ports/state.ts'
import {
  BUNDLES_PER_ORGANISATION_MAX,
  ENABLED_BUNDLES,
  OWN_CHECKS,
  bundleKey,
  bundleOf,
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
  /** When its bundle was enabled, epoch ms. */
  readonly enabledAt: number
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
      const rules = await enabledRules(state, organisationId)
      before.set(organisationId, rules)
      return rules
    },
  }
}

/** The rules that an organisation has enabled, as they are stored now. */
export async function enabledRules(
  state: Pick<State, 'list'>,
  organisationId: string,
): Promise<readonly AppliedRule[]> {
  const prefix = bundlePrefix(organisationId)
  const limit = BUNDLES_PER_ORGANISATION_MAX + shippedBundles().size
  const enabled = await state.list(ENABLED_BUNDLES, { prefix, limit })
  return enabled.flatMap(({ value }) => appliedOf(value))
}

function appliedOf({
  name,
  text,
  deselected,
  parameters,
  at: enabledAt,
}: EnabledBundle): readonly AppliedRule[] {
  return parseStoredBundle(text)
    .rules(parameters)
    .filter(({ rule }) => !deselected.includes(rule.id))
    .map((ready) => ({ ...ready, ruleId: ruleIdOf(name, ready.rule.id), enabledAt }))
}

/**
 * Whether a transaction that stores a result of a rule of the hub's own may: the rule may have been
 * disabled since it was applied, and what it found taken away. The bundle is read within the
 * transaction, so that this is tried again where it is disabled before that commits.
 */
export function appliedStill(
  transaction: Pick<StateTransaction, 'get'>,
  organisationId: string,
): (result: CheckResult) => Promise<boolean> {
  const anew = new Map<string, readonly AppliedRule[]>()
  return async ({ enabledAt, ruleId, resourceType = '' }) => {
    if (enabledAt === undefined) return true
    const name = bundleOf(ruleId)
    const enabled = await transaction.get(ENABLED_BUNDLES, bundleKey(organisationId, name))
    if (enabled === undefined || enabled.at === enabledAt) return enabled !== undefined
    const rules = anew.get(name) ?? appliedOf(enabled)
    anew.set(name, rules)
    return rules.some((rule) => rule.ruleId === ruleId && rule.isAbout(resourceType))
  }
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
  { rule, ruleId, enabledAt, verdictOn }: AppliedRule,
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
    enabledAt,
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
