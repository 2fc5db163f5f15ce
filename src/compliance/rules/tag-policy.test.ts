import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { parseBundle } from './bundle.ts'
import { resourceOf } from './resource.ts'
import { rulesOfTagPolicies } from './tag-policy-bundle.ts'
import { TAG_POLICY_CHARACTERS_MAX, readTagPolicies } from './tag-policy.ts'

const read = (...policies: readonly object[]) =>
  readTagPolicies(policies.map((tags) => JSON.stringify({ tags }))).requirements
const assigned = (tagKey: string, values?: readonly string[]) => ({
  tag_key: { '@@assign': tagKey },
  ...(values !== undefined && { tag_value: { '@@assign': values } }),
})
/** What the rules of policies say of a resource with these tags: the ids of those that fail. */
const failing = (
  tags: Readonly<Record<string, string>>,
  policies: readonly object[],
  required: readonly string[] = [],
) => {
  const content = rulesOfTagPolicies(read(...policies), required)
  const text = JSON.stringify({ bundle: 'tag-policy', version: '1.0.0', ...content })
  const resource = resourceOf({ resourceType: 'AWS::S3::Bucket', resourceId: 'b', tags })
  if (typeof resource === 'string') throw new Error(resource)
  return parseBundle(text)
    .rules()
    .filter(({ verdictOn }) => verdictOn(resource)?.status !== 'PASSED')
    .map(({ rule }) => rule.id)
}

describe('a tag policy', () => {
  const policy = { costcenter: assigned('CostCenter', ['100', '200*']) }

  it('says how keys are spelt and which values there are, and nothing of resources without the tag', () => {
    expect(failing({ CostCenter: '100' }, [policy])).toEqual([])
    expect(failing({ CostCenter: '2007', other: 'x' }, [policy])).toEqual([])
    expect(failing({ costcenter: '100' }, [policy])).toEqual(['costcenter-key'])
    expect(failing({ COSTCENTER: '300' }, [policy])).toEqual(['costcenter-key', 'costcenter-value'])
    expect(failing({ CostCenter: '' }, [policy])).toEqual(['costcenter-value'])
    expect(failing({}, [policy])).toEqual([])
  })

  it('requires a tag where we are told so', () => {
    expect(failing({}, [policy], ['costCENTER'])).toEqual(['costcenter-required'])
    expect(failing({ costcenter: '100' }, [policy], ['CostCenter'])).toEqual(['costcenter-key'])
    expect(() => failing({}, [policy], ['owner'])).toThrow(/"owner" is required.*CostCenter/)
  })

  it('is in lower case, and takes any value, where it does not say', () => {
    expect(read({ Owner: {} })).toEqual([{ policyKey: 'owner', tagKey: 'owner' }])
    expect(failing({ Owner: 'x' }, [{ Owner: {} }])).toEqual(['owner-key'])
    expect(failing({ owner: '' }, [{ Owner: {} }])).toEqual([])
  })

  it('is read as AWS writes an effective one', () => {
    const effective = { costcenter: { tag_key: 'CostCenter', tag_value: ['100'] } }
    expect(read(effective)).toEqual(read({ costcenter: assigned('CostCenter', ['100']) }))
  })

  it('is read out of what the AWS CLI prints', () => {
    const tags = { costcenter: { tag_key: 'CostCenter', tag_value: ['100'] } }
    const text = JSON.stringify({ tags })
    const [wanted] = read(tags)
    for (const answer of [
      { EffectivePolicy: { PolicyType: 'TAG_POLICY', PolicyContent: text } },
      { Policy: { PolicySummary: { Type: 'TAG_POLICY' }, Content: text } },
    ]) {
      expect(readTagPolicies([JSON.stringify(answer)]).requirements).toEqual([wanted])
    }
    const broken = JSON.stringify({ Policy: { Content: '{' } })
    expect(() => readTagPolicies([broken])).toThrow(/not JSON/)
  })

  it('changes what those above it say', () => {
    const values = (tag_value: object) => ({ costcenter: { tag_value } })
    const [after] = read(
      policy,
      values({ '@@append': ['300', '100'] }),
      values({ '@@remove': ['200*'] }),
    )
    expect(after).toEqual({
      policyKey: 'costcenter',
      tagKey: 'CostCenter',
      values: ['100', '300'],
    })
    expect(read(policy, { CostCenter: assigned('COSTCENTER', ['x']) })).toEqual([
      { policyKey: 'costcenter', tagKey: 'COSTCENTER', values: ['x'] },
    ])
  })

  const readAll = (...policies: readonly object[]) =>
    readTagPolicies(policies.map((tags) => JSON.stringify({ tags })))

  it('changes nothing that those above it do not allow, and says so', () => {
    const control = (...operators: string[]) => ({
      '@@operators_allowed_for_child_policies': operators,
    })
    // AWS's own example: the case of the key stays, and the value is added.
    const parent = {
      project: {
        tag_key: { ...control('@@none'), '@@assign': 'Project' },
        tag_value: { ...control('@@append'), '@@assign': ['Maintenance', 'Escalations'] },
      },
    }
    const child = {
      project: {
        tag_key: { '@@assign': 'PROJECT' },
        tag_value: { '@@append': ['Escalations - research'] },
      },
    }
    expect(readAll(parent, child)).toEqual({
      requirements: [
        {
          ...{ policyKey: 'project', tagKey: 'Project' },
          values: ['Maintenance', 'Escalations', 'Escalations - research'],
        },
      ],
      leftOut: ['@@assign of "tag_key" of "project": a policy above does not allow it'],
    })
    const valuesOf = (...policies: readonly object[]) =>
      readAll(...policies).requirements[0]?.values
    const appendable = {
      costcenter: { tag_value: { '@@assign': ['100'], ...control('@@append') } },
    }
    const assigning = { costcenter: { tag_value: { '@@assign': ['1'] } } }
    expect(valuesOf(appendable, assigning)).toEqual(['100'])
    // A policy below cannot give back what is forbidden above.
    const opening = { costcenter: { tag_value: { '@@append': ['1'], ...control('@@all') } } }
    const removing = { costcenter: { tag_value: { '@@remove': ['100'] } } }
    expect(valuesOf(appendable, opening, removing)).toEqual(['100', '1'])
    const closed = readAll({ ...policy, ...control('@@none') }, { owner: {} })
    expect(closed.requirements.map(({ policyKey }) => policyKey)).toEqual(['costcenter'])
    expect(closed.leftOut).toEqual(['"owner": a policy above allows no other keys'])
    const sealedKey = { owner: { ...assigned('Owner'), ...control('@@none') } }
    expect(readAll(sealedKey, { owner: { tag_value: { '@@assign': ['x'] } } })).toEqual({
      requirements: [{ policyKey: 'owner', tagKey: 'Owner' }],
      leftOut: ['@@assign of "tag_value" of "owner": a policy above does not allow it'],
    })
  })

  it('removes values that are there, and says which are not', () => {
    const removing = { costcenter: { tag_value: { '@@remove': ['100', '300'] } } }
    const { requirements, leftOut } = readAll(policy, removing)
    expect(requirements).toMatchObject([{ values: ['200*'] }])
    expect(leftOut).toEqual([expect.stringContaining('"300" of "costcenter": no policy above')])
    expect(readAll(removing).requirements).toEqual([
      { policyKey: 'costcenter', tagKey: 'costcenter' },
    ])
  })

  it('of no value has the tag not used, in any case', () => {
    const forbidden = { Color: assigned('Color', []) }
    expect(failing({}, [forbidden])).toEqual([])
    expect(failing({ Color: '' }, [forbidden])).toEqual(['color-value'])
    expect(failing({ cOLOR: 'red' }, [forbidden])).toEqual(['color-value'])
    const removing = { color: { tag_value: { '@@remove': ['red'] } } }
    expect(failing({ Color: 'red' }, [{ Color: assigned('Color', ['red']) }, removing])).toEqual([
      'color-value',
    ])
    expect(() => failing({}, [forbidden], ['color'])).toThrow(/"Color" is required.*no value/)
  })

  it('tells what of it is AWS’s alone', () => {
    const enforced = { costcenter: { enforced_for: { '@@assign': ['ec2:*'] } } }
    const { leftOut } = readTagPolicies([JSON.stringify({ tags: enforced })])
    expect(leftOut).toEqual([expect.stringMatching(/^"enforced_for" of "costcenter": /)])
  })

  it.each([
    ['not JSON', '{', /the tag policy: it is not JSON/],
    ['no tag policy', '{"Statement":[]}', /object "tags"/],
    ['more than tags', '{"tags":{},"x":1}', /"x" is no member/],
    ['one key twice', '{"tags":{"a":{},"A":{}}}', /"A" is there twice/],
    ['another key', '{"tags":{"a":{"tag_key":{"@@assign":"b"}}}}', /only its case/],
    ['a key of AWS’s own', '{"tags":{"aws:x":{}}}', /cannot be the key of a tag/],
    ['two stars', '{"tags":{"a":{"tag_value":{"@@assign":["*@*"]}}}}', /more than one "\*"/],
    ['a value that is none', '{"tags":{"a":{"tag_value":{"@@assign":["#"]}}}}', /value of a tag/],
    ['a number', '{"tags":{"a":{"tag_value":{"@@assign":[1]}}}}', /are texts, not 1/],
    ['an unknown operator', '{"tags":{"a":{"tag_value":{"@@set":["1"]}}}}', /"@@set"/],
    ['two operators', '{"tags":{"a":{"tag_value":{"@@assign":[],"@@append":[]}}}}', /one of them/],
    ['a member unknown', '{"tags":{"a":{"tag_values":["1"]}}}', /member "tag_values"/],
  ])('is refused as %s', (_, text, message) => {
    expect(() => readTagPolicies([text])).toThrow(message)
  })

  it('has 10,000 characters at most, white space apart', () => {
    const sized = (length: number) => {
      const empty = JSON.stringify({ tags: { a: { tag_value: [] } } }).length
      const values: string[] = []
      for (let left = length - empty; left > 0;) {
        // A value, its quotes and the comma before it.
        const extra = values.length === 0 ? 2 : 3
        const size = left > 203 ? 100 : left - extra
        values.push('v'.repeat(size))
        left -= size + extra
      }
      return JSON.stringify({ tags: { a: { tag_value: values } } }, undefined, 2)
    }
    expect(readTagPolicies([sized(TAG_POLICY_CHARACTERS_MAX)]).requirements).toHaveLength(1)
    expect(() => readTagPolicies([sized(TAG_POLICY_CHARACTERS_MAX + 1)])).toThrow(
      /10001 characters/,
    )
  })
})

describe('a star in a value', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '@', '.'), maxLength: 6 })

  it('is any text, and there is no other way to fit', () => {
    fc.assert(
      fc.property(text, text, text, fc.boolean(), (before, after, given, isStarred) => {
        const pattern = isStarred ? `${before}*${after}` : before + after
        const fits = new RegExp(
          `^${[before, after].map((part) => part.replaceAll('.', String.raw`\.`)).join(isStarred ? '.*' : '')}$`,
          's',
        ).test(given)
        expect(failing({ k: given }, [{ k: assigned('k', [pattern]) }])).toEqual(
          fits ? [] : ['k-value'],
        )
        expect(
          failing({ k: before + given + after }, [{ k: assigned('k', [`${before}*${after}`]) }]),
        ).toEqual([])
      }),
    )
  })

  it('fits the same whichever of the values it is in, and in whatever order', () => {
    const values = fc.uniqueArray(text, { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(values, text, (list, given) => {
        const of = (ordered: readonly string[]) =>
          failing({ k: given }, [{ k: assigned('k', ordered) }])
        const one = list.some((value) => of([value]).length === 0)
        expect(of(list).length === 0).toBe(one)
        expect(of(list.toReversed())).toEqual(of(list))
      }),
    )
  })
})

describe('keys of any kind', () => {
  it('have rules of their own, which say the same of a key whatever else there is', () => {
    const key = fc.string({
      unit: fc.constantFrom('a', 'B', ':', '/', ' ', 'é', '-'),
      minLength: 1,
    })
    const keys = fc.uniqueArray(key, {
      minLength: 1,
      maxLength: 6,
      selector: (k) => k.toLowerCase(),
    })
    fc.assert(
      fc.property(keys, (all) => {
        const policy = Object.fromEntries(all.map((one) => [one, assigned(one, ['v'])]))
        const right = Object.fromEntries(all.map((one) => [one, 'v']))
        expect(failing(right, [policy], all)).toEqual([])
        expect(failing({}, [policy], all)).toHaveLength(all.length)
      }),
    )
  })
})
