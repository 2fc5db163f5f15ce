import { RestError } from '#src/errors.ts'
import type { TagPolicyImport } from '#src/model/compliance-bundle.ts'
import type { Principal } from '#src/model/principal.ts'
import type { State } from '#src/ports/state.ts'
import { organisationOf } from '#src/tenancy/organisations.ts'
import { OWN_BUNDLES, bundleKey } from './bundle-documents.ts'
import type { Bundles } from './bundles.ts'
import { parseStoredBundle } from './rules/bundle.ts'
import { RuleFault } from './rules/rule-fault.ts'
import { rulesOfTagPolicies } from './rules/tag-policy-bundle.ts'
import { readTagPolicies } from './rules/tag-policy.ts'

export interface GivenTagPolicies {
  /** Absent: the caller's. */
  readonly organisationId?: string | undefined
  /** JSON texts, from the root of the organisation down. */
  readonly policies: readonly string[]
  /** Keys that every resource must have. */
  readonly required?: readonly string[] | undefined
  /** Of the bundle; absent: tag-policy. */
  readonly name?: string | undefined
}

/** Tag policies of AWS Organizations, as bundles of rules. */
export interface TagPolicyImports {
  /** Makes a bundle of policies; of a name that is there, its next version. */
  run(caller: Principal, given: GivenTagPolicies): Promise<TagPolicyImport>
}

const DEFAULT_NAME = 'tag-policy'
const FIRST_VERSION = '1.0.0'

export function createTagPolicyImports({
  state,
  bundles,
}: {
  readonly state: Pick<State, 'get'>
  readonly bundles: Pick<Bundles, 'upload'>
}): TagPolicyImports {
  return {
    run: async (caller, { policies, required = [], name = DEFAULT_NAME, ...of }) => {
      const { content, leftOut } = readAs400(policies, required)
      const asked = of.organisationId ?? caller.organisationId ?? ''
      const { id: organisationId } = await organisationOf(state, caller, asked)
      const before = await state.get(OWN_BUNDLES, bundleKey(organisationId, name))
      const textOf = (version: string) => JSON.stringify({ bundle: name, version, ...content })
      const known = before && parseStoredBundle(before.text).file.version
      const isSame = known !== undefined && textOf(known) === before?.text
      const text = textOf(known === undefined ? FIRST_VERSION : isSame ? known : nextAfter(known))
      return {
        bundle: await bundles.upload(caller, { organisationId, text }),
        leftOut: [...leftOut],
      }
    },
  }
}

function readAs400(policies: readonly string[], required: readonly string[]) {
  try {
    const { requirements, leftOut } = readTagPolicies(policies)
    if (requirements.length === 0) throw new RuleFault('the tag policy has no keys')
    const description = 'Tags are as the tag policies of AWS Organizations say.'
    return { content: { description, ...rulesOfTagPolicies(requirements, required) }, leftOut }
  } catch (error) {
    if (!(error instanceof RuleFault)) throw error
    throw new RestError(400, 'tag-policy.invalid', error.message)
  }
}

function nextAfter(version: string): string {
  const [major, minor] = version.split('.')
  return `${major}.${Number(minor) + 1}.0`
}
