import { describe, expect, it } from 'vitest'

import { parseBundle } from './bundle.ts'
import { resourceOf } from './resource.ts'
import { shippedBundles } from './shipped.ts'
import { rulesOfTagPolicies } from './tag-policy-bundle.ts'
import { testBundle } from './test-bundle.ts'

const bundle = (rule: object, more: object = {}) =>
  JSON.stringify({
    ...{ bundle: 'own', version: '1.0.0', ...more },
    rules: [{ id: 'one', title: 'One', severity: 'LOW', assert: 'true', ...rule }],
  })
const verdict = (rule: object, item: object, parameters: Record<string, unknown> = {}) => {
  const resource = resourceOf({ resourceType: 'AWS::S3::Bucket', resourceId: 'b', ...item })
  if (typeof resource === 'string') throw new Error(resource)
  return parseBundle(bundle(rule)).rules(parameters)[0]?.verdictOn(resource)
}

describe('the bundles that come with the hub', () => {
  it.each([...shippedBundles()])(
    '%s: every rule has examples, which are as said',
    (_, { text }) => {
      const { examples, untested } = testBundle(text)
      expect(examples.filter(({ ok }) => !ok)).toEqual([])
      expect(untested).toEqual([])
    },
  )
})

it('no tags are required of what cannot have any', () => {
  const rules = [
    shippedBundles().get('tagging')?.bundle.rules()[0],
    parseBundle(
      JSON.stringify({
        ...{ bundle: 'tag-policy', version: '1.0.0' },
        ...rulesOfTagPolicies([{ policyKey: 'owner', tagKey: 'owner' }], ['owner']),
      }),
    ).rules()[1],
  ]
  const of = (resourceType: string) => {
    const resource = resourceOf({ resourceType, resourceId: 'r', tags: {} })
    if (typeof resource === 'string') throw new Error(resource)
    return rules.map((rule) => rule?.verdictOn(resource)?.status)
  }
  expect(of('AWS::IAM::Role')).toEqual(['FAILED', 'FAILED'])
  for (const type of ['AWS::IAM::Group', 'AWS::SSM::PatchCompliance']) {
    expect(of(type)).toEqual([undefined, undefined])
  }
})

describe('a rule', () => {
  it('is for the resources that its pattern matches, and says what is wrong with one', () => {
    const rule = {
      appliesTo: { resourceType: ['AWS::S3::Bucket'] },
      assert: 'like(resource.tags.owner, parameters.owner)',
      message: 'The owner of ${resourceId} is ${tags.owner}.',
    }
    const owner = { owner: '*@example.com' }
    expect(verdict(rule, { resourceType: 'AWS::EC2::Volume' }, owner)).toBeUndefined()
    expect(verdict(rule, { tags: { owner: 'ana@example.com' } }, owner)).toEqual({
      status: 'PASSED',
    })
    expect(verdict(rule, { tags: [{ key: 'owner', value: 'ana' }] }, owner)).toEqual({
      status: 'FAILED',
      reason: 'The owner of b is ana.',
    })
    expect(verdict(rule, {}, owner)).toMatchObject({ status: 'UNKNOWN' })
  })

  it('is not about what AWS Config has of how resources comply, unless it says so', () => {
    const resourceType = 'AWS::Config::ResourceCompliance'
    expect(verdict({}, { resourceType })).toBeUndefined()
    expect(verdict({ appliesTo: { tags: { a: ['b'] } } }, { resourceType })).toBeUndefined()
    const named = { appliesTo: { resourceType: [resourceType] } }
    expect(verdict(named, { resourceType })).toEqual({ status: 'PASSED' })
  })

  it('reads a configuration that came as text', () => {
    const rule = { assert: 'resource.configuration.encrypted' }
    expect(verdict(rule, { configuration: '{"encrypted":true}' })).toEqual({ status: 'PASSED' })
  })

  it.each([
    ['is no YAML', '{', /not YAML/],
    ['is no bundle', 'bundle: x', /"version" is missing|"rules" is missing|is missing/],
    ['has a misspelt member', bundle({ asert: '1' }), /asert.*is no field that there is/],
    ['has an unknown variable', bundle({ assert: 'resorce.x == 1' }), /rule "one": .*resorce/],
    ['is no condition', bundle({ assert: '"text"' }), /says a string/],
    ['is no event pattern', bundle({ appliesTo: { a: 'b' } }), /rule "one": "appliesTo"/],
    ['has a regular expression', bundle({ assert: 'resource.x.matches("(a+)+$")' }), /like\(/],
    [
      'has three macros in each other',
      bundle({ assert: 'resource.a.all(x, x.all(y, y.all(z, z)))' }),
      /nest 2 deep/,
    ],
    ['is too long', bundle({ assert: `true${' && true'.repeat(300)}` }), /assert/],
    ['uses aliases', 'bundle: &a x\nversion: *a', /not YAML/],
  ])('that %s is refused in words', (_, text, message) => {
    expect(() => parseBundle(text)).toThrow(message)
  })

  it('is not applied to what could take too long', () => {
    const item = (length: number) => ({
      ...{ resourceType: 'T', resourceId: 'r', list: Array.from({ length }, () => 1) },
    })
    expect(resourceOf(item(1_001))).toMatch(/1000 items/)
    expect(resourceOf(item(1_000))).toMatchObject({ resourceId: 'r' })
    expect(resourceOf({ ...item(1), text: 'x'.repeat(262_144) })).toMatch(/262144 characters/)
  })
})

describe('the test of a bundle', () => {
  it('says which example is not as said, and which rule has none', () => {
    const failing = {
      assert: 'resource.ok',
      examples: { pass: [{ resourceType: 'T', ok: false }] },
    }
    const tested = testBundle(bundle(failing))
    expect(tested.examples).toEqual([
      { rule: 'one', expected: 'pass', number: 1, ok: false, found: 'FAILED: One' },
    ])
    expect(tested.untested).toEqual(['one'])
  })
})
