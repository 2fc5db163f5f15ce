import { expect, it } from 'vitest'

import { parsePolicy } from './policy-document.ts'

const BUS = { account: '111122223333', region: 'eu-west-1', name: 'orders' }
const PLACE = 'arn:aws:events:eu-west-1:111122223333'
const STATEMENT = {
  ...{ Sid: 'one', Effect: 'Allow', Principal: { AWS: '444455556666' } },
  ...{ Action: 'events:PutEvents', Resource: `${PLACE}:event-bus/orders` },
}
const policy = (statement: object, more: object = {}) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ ...STATEMENT, ...statement }], ...more })

it('keeps a policy as it was given, with its one statement in a list', () => {
  const Condition = { StringEquals: { 'aws:PrincipalOrgID': 'o-abcdefghij' } }
  const given = { Version: '2012-10-17', Id: 'mine', Statement: { ...STATEMENT, Condition } }
  expect(parsePolicy(JSON.stringify(given), BUS)).toEqual({
    ...given,
    Statement: [given.Statement],
  })
})

it('takes true and false without quotes, as IAM does', () => {
  const Condition = { Bool: { 'events:eventBusInvocation': false } }
  expect(parsePolicy(policy({ Condition }), BUS).Statement[0]?.Condition).toEqual({
    Bool: { 'events:eventBusInvocation': 'false' },
  })
})

it.each([
  [`${PLACE}:event-bus/orders`, BUS.name],
  [`${PLACE}:rule/orders/*`, BUS.name],
  [`${PLACE}:rule/orders/nightly-?`, BUS.name],
  [`${PLACE}:rule/*`, 'default'],
  [`${PLACE}:rule/default/nightly`, 'default'],
])('takes the resource %s for the bus %s', (Resource, name) => {
  expect(parsePolicy(policy({ Resource }), { ...BUS, name }).Statement).toHaveLength(1)
})

it.each([
  ['no JSON', '{', 'it is not valid JSON.'],
  ['a list', '[]', 'the policy must be an object.'],
  ['another version', policy({}, { Version: '2020-01-01' }), 'Version must be one of'],
  ['no statement', '{"Version":"2012-10-17"}', 'each statement must be an object.'],
  ['an empty list', '{"Version":"2012-10-17","Statement":[]}', 'at least one statement.'],
  ['an unknown element', policy({}, { Note: 'x' }), 'the unsupported element Note.'],
  ['no Sid', policy({ Sid: undefined }), 'must have a Sid'],
  ['a Sid twice', policy({}, { Statement: [STATEMENT, STATEMENT] }), 'has the Sid one.'],
  ['another effect', policy({ Effect: 'allow' }), 'must be Allow or Deny.'],
  ['NotAction', policy({ NotAction: 'events:PutEvents' }), 'unsupported element NotAction.'],
  ['NotPrincipal', policy({ NotPrincipal: '*' }), 'unsupported element NotPrincipal.'],
  ['NotResource', policy({ NotResource: '*' }), 'unsupported element NotResource.'],
  ['no principal', policy({ Principal: undefined }), 'Principal of statement one must be'],
  ['no account', policy({ Principal: { AWS: '1234' } }), 'may not be 1234.'],
  ['a service', policy({ Principal: { Service: 'x.amazonaws.com' } }), 'element Service.'],
  ['any action', policy({ Action: 'events:*' }), 'may not be events:*.'],
  ['an action of the owner', policy({ Action: 'events:PutPermission' }), 'events:PutPermission.'],
  ['no action', policy({ Action: [] }), 'must have 1 to 500 values.'],
  ['any resource', policy({ Resource: '*' }), 'may not be *.'],
  ['another bus', policy({ Resource: `${PLACE}:event-bus/other` }), 'event-bus/other.'],
  ['rules of another bus', policy({ Resource: `${PLACE}:rule/other/*` }), 'rule/other/*.'],
  ['rules of all buses', policy({ Resource: `${PLACE}:rule/*` }), 'rule/*.'],
  ['another operator', policy({ Condition: { DateLessThan: {} } }), 'operator DateLessThan.'],
  ['an operator of Object', policy({ Condition: { toString: {} } }), 'operator toString.'],
  ['another key', policy({ Condition: { Bool: { 'aws:SourceIp': '1' } } }), 'key aws:SourceIp.'],
  [
    'another variable',
    policy({ Condition: { StringEquals: { 'events:source': '${aws:username}' } } }),
    'may not be ${aws:username}.',
  ],
])('refuses %s and says so', (_, text, reason) => {
  expect(() => parsePolicy(text, BUS)).toThrow(
    expect.objectContaining({
      code: 'ValidationException',
      message: expect.stringContaining(reason),
    }),
  )
})
