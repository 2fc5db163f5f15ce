import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ANY_VALUE, verdictOn } from './resource-policy.ts'
import type { Context, PolicyRequest, Statement } from './resource-policy.ts'

const ACCOUNT = '111122223333'
const OTHER = '444455556666'
const BUS = `arn:aws:events:eu-west-1:${ACCOUNT}:event-bus/orders`
const ROLE = `arn:aws:iam::${OTHER}:role/api_user`

const REQUEST: PolicyRequest = {
  principal: {
    account: OTHER,
    arns: [`arn:aws:sts::${OTHER}:assumed-role/api_user/nightly`, ROLE],
  },
  action: 'events:PutEvents',
  resources: [BUS],
  context: {},
}
const ALLOW: Statement = {
  ...{ Sid: 'allow', Effect: 'Allow', Principal: '*', Action: 'events:PutEvents', Resource: BUS },
}

const verdict = (statements: readonly Statement[], request = REQUEST) =>
  verdictOn({ Version: '2012-10-17', Statement: statements }, request)
const allows = (part: Partial<Statement>, request?: PolicyRequest) =>
  verdict([{ ...ALLOW, ...part }], request) === 'allowed'
const knowing = (context: Context): PolicyRequest => ({ ...REQUEST, context })

describe('a statement', () => {
  it.each<[Statement['Principal'], boolean]>([
    ['*', true],
    [{ AWS: '*' }, true],
    [{ AWS: OTHER }, true],
    [{ AWS: `arn:aws:iam::${OTHER}:root` }, true],
    [{ AWS: ROLE }, true],
    [{ AWS: `arn:aws:sts::${OTHER}:assumed-role/api_user/nightly` }, true],
    [{ AWS: [ACCOUNT, OTHER] }, true],
    [{ AWS: ACCOUNT }, false],
    [{ AWS: `arn:aws:iam::${ACCOUNT}:root` }, false],
    [{ AWS: `arn:aws:iam::${OTHER}:role/api_admin` }, false],
    [{ AWS: `arn:aws:iam::${OTHER}:role/*` }, false],
    [{ AWS: `arn:aws:sts::${OTHER}:assumed-role/api_user/daily` }, false],
  ])('of the principal %j is about the caller: %s', (Principal, expected) => {
    expect(allows({ Principal })).toBe(expected)
  })

  it('is about its actions and resources alone', () => {
    expect(allows({ Action: ['events:PutRule', 'events:PutEvents'] })).toBe(true)
    expect(allows({ Action: 'events:PutRule' })).toBe(false)
    const rule = { ...REQUEST, resources: [`arn:aws:events:eu-west-1:${ACCOUNT}:rule/orders/r1`] }
    const rules = `arn:aws:events:eu-west-1:${ACCOUNT}:rule/orders/`
    expect(allows({ Resource: `${rules}*` }, rule)).toBe(true)
    expect(allows({ Resource: `${rules}r?` }, rule)).toBe(true)
    expect(allows({ Resource: `${rules}s*` }, rule)).toBe(false)
    expect(allows({ Resource: BUS }, rule)).toBe(false)
  })
})

describe('a condition', () => {
  const key = 'events:source'
  const holds = (operator: string, wanted: string | readonly string[], given: Context[string]) =>
    allows({ Condition: { [operator]: { [key]: wanted } } }, knowing({ [key]: given }))

  it.each([
    ['StringEquals', 'shop', 'shop', 'Shop'],
    ['StringEquals', ['bank', 'shop'], 'shop', 'sho'],
    ['StringNotEquals', ['bank', 'shop'], 'pub', 'shop'],
    ['StringEqualsIgnoreCase', 'SHOP', 'shop', 'shops'],
    ['StringNotEqualsIgnoreCase', 'SHOP', 'pub', 'shop'],
    ['StringLike', 's*p', 'shop', 'shops'],
    ['StringLike', 's??p', 'shop', 'ship.'],
    ['StringLike', '*a*b*', 'xaxxbx', 'xbxxax'],
    ['StringNotLike', 's*', 'bank', 'shop'],
    ['ArnLike', 'arn:aws:events:*:1:rule/*', 'arn:aws:events:x:1:rule/a/b', 'arn:aws:events:x:1'],
    ['ArnEquals', 'arn:aws:events:*:1:rule/r', 'arn:aws:events:x:1:rule/r', 'arn:aws:a:b:c:1:r'],
    ['ArnNotLike', 'arn:aws:events:*:1:*', 'arn:aws:events:x:2:r', 'arn:aws:events:x:1:r'],
    ['Bool', 'true', 'true', 'false'],
  ])('%s %j holds for %s and not for %s', (operator, wanted, yes, no) => {
    expect(holds(operator, wanted, [yes])).toBe(true)
    expect(holds(operator, wanted, [no])).toBe(false)
  })

  it('asks for all of its operators and keys', () => {
    const Condition = {
      StringEquals: { 'events:source': 'shop', 'events:detail-type': 'sale' },
      StringNotEquals: { 'aws:SourceAccount': ACCOUNT },
    }
    const context = { 'events:source': ['shop'], 'events:detail-type': ['sale'] }
    expect(allows({ Condition }, knowing(context))).toBe(true)
    expect(allows({ Condition }, knowing({ 'events:source': ['shop'] }))).toBe(false)
    expect(allows({ Condition }, knowing({ ...context, 'aws:SourceAccount': [ACCOUNT] }))).toBe(
      false,
    )
  })

  it('on a key that is missing fails, unless it denies, says IfExists, or asks for just that', () => {
    expect(holds('StringEquals', 'shop', undefined)).toBe(false)
    expect(holds('StringLike', '*', [])).toBe(false)
    expect(holds('StringNotEquals', 'shop', undefined)).toBe(true)
    expect(holds('StringEqualsIfExists', 'shop', undefined)).toBe(true)
    expect(holds('StringEqualsIfExists', 'shop', ['pub'])).toBe(false)
    expect(holds('Null', 'true', undefined)).toBe(true)
    expect(holds('Null', 'false', undefined)).toBe(false)
    expect(holds('Null', 'false', ['shop'])).toBe(true)
  })

  it('counts several values all or any as it says', () => {
    const both = ['shop', 'bank']
    expect(holds('ForAllValues:StringEquals', both, ['shop', 'bank'])).toBe(true)
    expect(holds('ForAllValues:StringEquals', both, ['shop', 'pub'])).toBe(false)
    expect(holds('ForAllValues:StringEquals', both, [])).toBe(true)
    expect(holds('ForAnyValue:StringEquals', both, ['shop', 'pub'])).toBe(true)
    expect(holds('ForAnyValue:StringEquals', both, ['pub'])).toBe(false)
    expect(holds('ForAnyValue:StringNotEquals', both, [])).toBe(false)
  })

  it('counts several or unknown values to the harm of nobody where it does not say', () => {
    const Condition = { StringEquals: { [key]: 'shop' } }
    const judged = (Effect: Statement['Effect'], given: Context[string]) =>
      verdict([{ ...ALLOW, Effect, Condition }], knowing({ [key]: given }))
    expect(judged('Allow', ['shop', 'pub'])).toBe('not-granted')
    expect(judged('Deny', ['shop', 'pub'])).toBe('denied')
    expect(judged('Allow', [ANY_VALUE])).toBe('not-granted')
    expect(judged('Deny', [ANY_VALUE])).toBe('denied')
    expect(holds('StringNotEquals', 'shop', [ANY_VALUE])).toBe(false)
  })

  it('may name the account of the caller', () => {
    const Condition = {
      StringEqualsIfExists: { 'events:creatorAccount': '${aws:PrincipalAccount}' },
    }
    expect(allows({ Condition }, knowing({ 'events:creatorAccount': [OTHER] }))).toBe(true)
    expect(allows({ Condition }, knowing({ 'events:creatorAccount': [ACCOUNT] }))).toBe(false)
    expect(allows({ Condition })).toBe(true)
  })

  it('takes a value that is too long to compare for one that is not known', () => {
    expect(holds('StringLike', 'a*', ['a'.repeat(512)])).toBe(true)
    expect(holds('StringLike', 'a*', ['a'.repeat(513)])).toBe(false)
    expect(holds('StringNotLike', 'b*', ['a'.repeat(513)])).toBe(false)
  })
})

describe('a policy', () => {
  const statement = fc.record({
    Sid: fc.constantFrom('a', 'b', 'c'),
    Effect: fc.constantFrom('Allow' as const, 'Deny' as const),
    Principal: fc.constantFrom<Statement['Principal']>('*', { AWS: OTHER }, { AWS: ACCOUNT }),
    Action: fc.constantFrom('events:PutEvents', 'events:PutRule'),
    Resource: fc.constantFrom(BUS, `${BUS}-more`),
    Condition: fc.constantFrom({}, { StringEquals: { 'events:source': 'shop' } }),
  })
  const statements = fc.array(statement, { maxLength: 6 })
  const request = fc.constantFrom(REQUEST, knowing({ 'events:source': ['shop'] }))

  it('without statements grants nothing', () => {
    expect(verdict([])).toBe('not-granted')
  })

  it('denies whatever a Deny is about, whatever else it says and wherever that stands', () => {
    fc.assert(
      fc.property(statements, statements, request, (before, after, asked) => {
        const deny = { ...ALLOW, Effect: 'Deny' as const }
        expect(verdict([...before, deny, ...after], asked)).toBe('denied')
      }),
    )
  })

  it('allows what no Deny and at least one Allow is about, and says the same in any order', () => {
    fc.assert(
      fc.property(statements, request, (given, asked) => {
        const alone = given.map((one) => verdict([one], asked))
        const expected = alone.includes('denied')
          ? 'denied'
          : alone.includes('allowed')
            ? 'allowed'
            : 'not-granted'
        expect(verdict(given, asked)).toBe(expected)
        expect(verdict(given.toReversed(), asked)).toBe(expected)
      }),
    )
  })
})
