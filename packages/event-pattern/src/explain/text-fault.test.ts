import { expect, test } from 'vitest'
import { InvalidEventPatternError } from '../errors.ts'
import { EventPattern } from '../pattern.ts'
import { textFault } from './text-fault.ts'

test.each([
  [
    '{"source":"aws.ec2"}',
    {
      reason: '"source" must be an object or an array',
      line: 1,
      column: 11,
      hint: 'a field takes a list, also for one value: "source": [...]',
    },
  ],
  [
    '{\n "a": [{"prefx": "x"}]}',
    {
      reason: 'Unrecognized match type prefx',
      line: 2,
      column: 18,
      hint: 'did you mean "prefix"?',
    },
  ],
  [
    '{"a":[{"contains":"x"}]}',
    {
      reason: 'Unrecognized match type contains',
      line: 1,
      column: 19,
      hint: 'did you mean "wildcard"?',
    },
  ],
  ['{"a":[{"cidr":"x"}]}', { reason: "Malformed CIDR, one '/' required" }],
  [
    '{"a":[1',
    {
      reason:
        'Unexpected end-of-input: expected close marker for Array (start marker at line 1, column 6)',
      line: 1,
      column: 8,
    },
  ],
  [
    '{"a":[{"anything-but":[1,"x"]}]}',
    {
      reason:
        'Inside anything but list, either all values are number or string, mixed type is not supported',
      line: 1,
      column: 29,
    },
  ],
])('%s is refused with its place', (pattern, fault) => {
  expect(faultOf(pattern)).toEqual(fault)
})

test('fields inside a list are taken for an operator, which the hint tells', () => {
  expect(faultOf('{"detail":[{"state":["x"]}]}').hint).toContain(
    'fields stand in an object without the list',
  )
})

function faultOf(pattern: string) {
  try {
    EventPattern.parse(pattern)
  } catch (error) {
    if (error instanceof InvalidEventPatternError) return textFault(error)
  }
  throw new Error(`${pattern} was accepted`)
}
