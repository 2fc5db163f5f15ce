import { collection } from '#src/ports/state.ts'
import { thingCount } from '#src/tenancy/thing-count.ts'

/** A bundle of an organisation's own, in its newest version. */
export interface OwnBundle {
  readonly organisationId: string
  readonly name: string
  readonly text: string
}

/** A bundle that is applied, as it was when it was enabled: a newer version changes nothing. */
export interface EnabledBundle extends OwnBundle {
  readonly parameters: Readonly<Record<string, unknown>>
  readonly deselected: readonly string[]
  readonly at: number
}

/** Both by bundleKey. */
export const OWN_BUNDLES = collection<OwnBundle>('compliance-bundles')
export const ENABLED_BUNDLES = collection<EnabledBundle>('compliance-bundles-enabled')
/**
 * By withdrawnKey: rules that are applied no more, or to resources of other types, so that findings
 * are to go; holds when.
 */
export const WITHDRAWN_RULES = collection<number>('compliance-rules-withdrawn')

/** Every rule that is enabled is applied to every resource. */
export const BUNDLES_PER_ORGANISATION_MAX = 50
/** Of its own ones. */
export const BUNDLE_COUNT = thingCount({
  noun: 'compliance-bundle',
  max: BUNDLES_PER_ORGANISATION_MAX,
  words: 'bundles of its own',
  advice: 'delete one, or put rules together',
})

/** Who checks, of the hub's own rules. */
export const OWN_CHECKS = 'belfry'

const SEPARATOR = '|'

export function bundleKey(organisationId: string, name: string): string {
  return bundlePrefix(organisationId) + name
}

export function bundlePrefix(organisationId: string): string {
  return organisationId + SEPARATOR
}

/** As findings call a rule of a bundle. */
export function ruleIdOf(bundle: string, rule: string): string {
  return `${bundle}/${rule}`
}

/** The bundle of a rule that findings call so. */
export function bundleOf(ruleId: string): string {
  return ruleId.slice(0, ruleId.indexOf('/'))
}

export function withdrawnKey(organisationId: string, ruleId: string): string {
  return bundlePrefix(organisationId) + ruleId
}

/** The organisation and the rule of a withdrawnKey. */
export function withdrawnOf(key: string): readonly [organisationId: string, ruleId: string] {
  const [organisationId = '', ruleId = ''] = key.split(SEPARATOR)
  return [organisationId, ruleId]
}
