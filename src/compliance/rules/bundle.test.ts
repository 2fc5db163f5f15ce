import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

import { parseBundle, parseStoredBundle } from './bundle.ts'
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

it('no tags are required of what cannot have any, by the shipped bundle and by one of tag policies', () => {
  const tagging = shippedBundles().get('tagging')
  const ofPolicies = rulesOfTagPolicies([{ policyKey: 'owner', tagKey: 'owner' }], ['owner'])
  expect(ofPolicies.rules[1]?.appliesTo).toEqual(parse(tagging?.text ?? '').rules[0].appliesTo)
  const rules = [
    tagging?.bundle.rules()[0],
    parseBundle(
      JSON.stringify({ ...{ bundle: 'tag-policy', version: '1.0.0' }, ...ofPolicies }),
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
    [
      'has a rule of no severity',
      bundle({ severity: 'low' }),
      /^rule "one": "severity" must be one of/,
    ],
    ['has a rule of no id', bundle({ id: 'One_' }), /^rule 1: "id" must be a word of lower case/],
    ['has a number as its version', 'bundle: x\nversion: 1.0\nrules: []', /three numbers, such as/],
    ['is a list', '[]', /it has "bundle", "version" and "rules"$/],
    [
      'has an unknown variable',
      bundle({ assert: 'resorce.x == 1' }),
      /^rule "one": "assert": .*resorce/,
    ],
    ['is no condition', bundle({ assert: '"text"' }), /says a string/],
    [
      'is no event pattern',
      bundle({ appliesTo: { a: 'b' } }),
      /^rule "one": "appliesTo" is no event pattern: .+$/,
    ],
    [
      'asks for a field in other letters',
      bundle({ appliesTo: { resourcetype: ['AWS::S3::Bucket'] } }),
      'rule "one": "appliesTo": a resource has no field "resourcetype": write "resourceType"',
    ],
    [
      'asks for a field that resources do not have, in an alternative',
      bundle({ appliesTo: { $or: [{ tags: { a: ['b'] } }, { owner: ['ana'] }] } }),
      /no field "owner": it has ARN, .*, tags; below "configuration", .* and "tags" anything goes$/,
    ],
    [
      'decides by a field that resources do not have',
      bundle({ assert: 'has(resource.encrypted) && resource.encrypted' }),
      /^rule "one": "assert": a resource has no field "encrypted"/,
    ],
    [
      'shows a field that resources do not have',
      bundle({ message: '${resourceID} is wrong' }),
      'rule "one": "message": a resource has no field "resourceID": write "resourceId"',
    ],
    ['has a regular expression', bundle({ assert: 'resource.x.matches("(a+)+$")' }), /like\(/],
    [
      'has two macros over lists of its own in each other',
      bundle({ assert: 'resource.l.map(x, x).all(y, [1.0, 2.0].exists(z, y == z))' }),
      /make one of them a parameter/,
    ],
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

describe('a condition', () => {
  const list = (length: number) => Array.from({ length }, (_, n) => n)
  const said = (assert: string, item: object) => verdict({ assert }, item)
  const TOO_MANY = {
    status: 'UNKNOWN',
    reason: 'the rule could not be applied: it takes too many steps on a resource as large as this',
  }

  it.each([
    [
      'looks for items in items of items',
      'r.relationships.all(x, r.relationships.all(y, y in r.relationships))',
    ],
    [
      'compares lists in lists',
      'r.relationships.all(x, r.relationships.all(y, r.relationships == r.relationships))',
    ],
    ['goes over keys in keys', 'r.configuration.all(x, r.configuration.all(y, x + y != ""))'],
    ['reads a long text again and again', 'r.relationships.all(x, !r.resourceName.contains("b"))'],
  ])('that %s is given up where a resource is large, and applied where it is not', (_, assert) => {
    const of = (length: number) => ({
      relationships: list(length),
      configuration: Object.fromEntries(list(length).map((n) => [`k${n}`, n])),
      resourceName: 'a'.repeat(length * 200),
    })
    const condition = assert.replaceAll('r.', 'resource.')
    expect(said(condition, of(1_000))).toEqual(TOO_MANY)
    expect(said(condition, of(20))).toEqual({ status: 'PASSED' })
  })

  it('takes five million steps, a step being one of its nodes for each value that it reads', () => {
    // Nine nodes, so 555,555 values: 742 items for each of 742, and their lists.
    const assert = 'resource.relationships.all(x, resource.relationships.all(y, true))'
    expect(said(assert, { relationships: list(742) })).toEqual({ status: 'PASSED' })
    expect(said(assert, { relationships: list(743) })).toEqual(TOO_MANY)
  })

  it.each([
    'resource.relationships.filter(x, x.a > 0.0).all(y, y.m.exists(z, z == 1.0))',
    'resource.relationships.map(x, x.m).all(y, y.exists(z, z == 1.0))',
    'resource.relationships.map(x, x.a).all(y, resource.relationships.exists(z, z.a == y))',
    'resource.relationships.all(x, [1.0, 2.0].exists(y, x.a == y))',
    'cel.bind(m, resource.relationships[0].m, m.exists(x, x == 1.0))',
  ])('goes over what is of the resource: %s', (assert) => {
    expect(
      said(assert, {
        relationships: [
          { a: 1, m: [1] },
          { a: 2, m: [1, 2] },
        ],
      }),
    ).toEqual({ status: 'PASSED' })
  })

  it('is given up where all that it comes to is errors, of which macros make many', () => {
    const assert = 'resource.relationships.all(x, resource.relationships.all(y, x + 1 == y))'
    expect(said(assert, { relationships: list(1_000) })).toEqual({
      status: 'UNKNOWN',
      reason: expect.stringMatching(/it takes (over 2000 ms|too many steps)/),
    })
  })

  it('looks at a resource as it is', () => {
    const item = {
      ...{ relationships: [{ a: 1 }, { a: 2 }], configuration: { k: 'v' } },
      availabilityZone: null,
    }
    for (const assert of [
      'resource.relationships.exists(x, x.a == 2.0) && size(resource.relationships) == 2',
      '"k" in resource.configuration && !("x" in resource.configuration) && has(resource.configuration.k) && !has(resource.configuration.x)',
      'resource.relationships == [{"a": 1.0}, {"a": 2.0}] && resource.configuration == {"k": "v"}',
      'resource.availabilityZone == null && resource.relationships.map(x, x.a) == [1.0, 2.0] && resource.configuration.k.startsWith("v")',
      'resource.relationships.filter(x, x.a > 1.0).size() == 1 && type(resource.configuration) == map',
    ]) {
      expect([assert, said(assert, item)]).toEqual([assert, { status: 'PASSED' }])
    }
  })
})

it('a condition that was taken once and is refused by now says so of each resource, and the others go on', () => {
  const refused = { id: 'r2', title: 't', severity: 'LOW', assert: '1 + 1' }
  const text = bundle({}, {})
  const stored = JSON.stringify({
    ...JSON.parse(text),
    rules: [...JSON.parse(text).rules, refused],
  })
  expect(() => parseBundle(stored)).toThrow('rule "r2"')
  const resource = resourceOf({ resourceType: 'AWS::S3::Bucket', resourceId: 'b' })
  if (typeof resource === 'string') throw new Error(resource)
  const [first, second] = parseStoredBundle(stored).rules()
  expect(first?.verdictOn(resource)?.status).toBe('PASSED')
  expect(second?.verdictOn(resource)).toEqual({
    status: 'UNKNOWN',
    reason: 'the rule could not be applied: it must say true or false, and says a int',
  })
})

describe('the test of a bundle', () => {
  it('says which example is not as said, and which rule has none', () => {
    const failing = {
      assert: 'resource.configuration.ok',
      examples: { pass: [{ resourceType: 'T', configuration: { ok: false } }] },
    }
    const tested = testBundle(bundle(failing))
    expect(tested.examples).toEqual([
      { rule: 'one', expected: 'pass', number: 1, ok: false, found: 'FAILED: One' },
    ])
    expect(tested.untested).toEqual(['one'])
  })
})
