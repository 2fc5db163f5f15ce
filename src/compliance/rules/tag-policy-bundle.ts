import { derivedUuid } from '#src/model/derived-uuid.ts'
import type { BundleFile, BundleRule } from '#src/model/compliance-bundle.ts'
import { RuleFault } from './rule-fault.ts'
import type { TagRequirement } from './tag-policy.ts'

/**
 * Rules that say of resources what AWS says by its tag policies: a resource without the tag complies,
 * unless the tag is required.
 * @param required keys that a resource must have, in any case
 * @throws RuleFault where the policies say nothing of one that is required
 */
export function rulesOfTagPolicies(
  requirements: readonly TagRequirement[],
  required: readonly string[],
): Pick<BundleFile, 'parameters' | 'rules'> {
  const wanted = new Set(required.map((key) => key.toLowerCase()))
  const unknown = [...wanted].find((key) => requirements.every((one) => one.policyKey !== key))
  if (unknown !== undefined) {
    throw new RuleFault(
      `"${unknown}" is required, and the policies have no such key: they have ${requirements.map(({ tagKey }) => tagKey).join(', ') || 'none'}`,
    )
  }
  const unmeetable = requirements.find((one) => isForbidden(one) && wanted.has(one.policyKey))
  if (unmeetable !== undefined) {
    throw new RuleFault(`"${unmeetable.tagKey}" is required, and the policies allow no value of it`)
  }
  const rules = requirements.flatMap((one) => [
    ...(isForbidden(one) ? [absence(one)] : [spelling(one)]),
    ...(one.values === undefined || isForbidden(one) ? [] : [value(one)]),
    ...(wanted.has(one.policyKey) ? [presence(one)] : []),
  ])
  const values = Object.fromEntries(
    requirements.flatMap((one) =>
      one.values === undefined || isForbidden(one) ? [] : [[one.policyKey, [...one.values]]],
    ),
  )
  return { parameters: { values }, rules }
}

/** A key of which no value is acceptable is not to be used, as AWS has it. */
function isForbidden({ values }: TagRequirement): boolean {
  return values?.length === 0
}

function absence({ policyKey, tagKey }: TagRequirement): BundleRule {
  return ruleOf(policyKey, 'value', {
    title: `There is no tag "${tagKey}"`,
    assert: `!resource.tags.exists(key, sameButCase(key, ${quoted(policyKey)}))`,
    message: `The tag policy allows no tag "${tagKey}": its tags are \${tags}.`,
  })
}

function spelling({ policyKey, tagKey }: TagRequirement): BundleRule {
  return ruleOf(policyKey, 'key', {
    title: `The tag "${tagKey}" is spelt so`,
    assert: `resource.tags.all(key, !sameButCase(key, ${quoted(policyKey)}) || key == ${quoted(tagKey)})`,
    message: `The key "${tagKey}" is in another case: its tags are \${tags}.`,
  })
}

function value({ policyKey, tagKey }: TagRequirement): BundleRule {
  return ruleOf(policyKey, 'value', {
    title: `The tag "${tagKey}" has a value of the tag policy`,
    assert: `resource.tags.all(key, !sameButCase(key, ${quoted(policyKey)}) || parameters.values[${quoted(policyKey)}].exists(value, like(resource.tags[key], value)))`,
    message: `The value of "${tagKey}" is none of the tag policy: its tags are \${tags}.`,
  })
}

/** What has no tags in AWS, of what AWS Config records. */
const UNTAGGABLE_TYPES = [
  'AWS::AutoScaling::LaunchConfiguration',
  'AWS::AutoScaling::ScalingPolicy',
  'AWS::AutoScaling::ScheduledAction',
  'AWS::Backup::BackupSelection',
  'AWS::Config::ConformancePackCompliance',
  'AWS::Config::ResourceCompliance',
  'AWS::IAM::Group',
  'AWS::Route53Resolver::ResolverRuleAssociation',
  'AWS::S3::AccountPublicAccessBlock',
  'AWS::SSM::AssociationCompliance',
  'AWS::SSM::FileData',
  'AWS::SSM::ManagedInstanceInventory',
  'AWS::SSM::PatchCompliance',
]

function presence({ policyKey, tagKey }: TagRequirement): BundleRule {
  return ruleOf(policyKey, 'required', {
    title: `There is a tag "${tagKey}"`,
    appliesTo: { resourceType: [{ 'anything-but': [...UNTAGGABLE_TYPES] }] },
    assert: `resource.tags.exists(key, sameButCase(key, ${quoted(policyKey)}))`,
    message: `There is no tag "${tagKey}": its tags are \${tags}.`,
  })
}

function ruleOf(
  policyKey: string,
  kind: 'key' | 'value' | 'required',
  rule: Pick<BundleRule, 'title' | 'appliesTo' | 'assert' | 'message'>,
): BundleRule {
  return { id: `${wordOf(policyKey)}-${kind}`, severity: 'LOW', ...rule }
}

const WORD_CHARACTERS_MAX = 40
const DIGEST_CHARACTERS = 8

/** The same for a key in every version, and another for another key. */
function wordOf(policyKey: string): string {
  if (/^[a-z0-9]{1,40}$/.test(policyKey)) return policyKey
  const word = policyKey.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')
  const digest = derivedUuid(`tag-key\n${policyKey}`).slice(0, DIGEST_CHARACTERS)
  return `${word.slice(0, WORD_CHARACTERS_MAX)}-${digest}`.replace(/^-/, '')
}

/** A text in CEL, whose escapes those of JSON are. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
