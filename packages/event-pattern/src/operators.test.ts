import { describe, expect, test } from 'vitest'
import { EventPattern } from './event-pattern.ts'

describe('literals', () => {
  matches('["x"]', {
    '"x"': true,
    '"X"': false,
    '"\\u0078"': true,
    '["w","x"]': true,
    '"xx"': false,
    1: false,
    null: false,
  })
  matches('["true", "1", "null"]', { true: false, 1: false, null: false, '"null"': true })
  matches('[true]', { true: true, false: false, '"true"': false, 1: false })
  matches('[null]', { null: true, '[null]': true, '[]': false, '{}': false, '"null"': false })
  matches('[""]', { '""': true, null: false, '[""]': true, '[]': false })
  matches('[1, "x", false]', { '1.0': true, '"x"': true, false: true, true: false })
  matches('[{"exactly": "10.0.0.1"}]', { '"10.0.0.1"': true, '"010.0.0.1"': false })
})

describe('numbers as literals', () => {
  matches('[300]', { 300: true, '300.0': true, '3e2': true, '"300"': false, 301: false })
  matches('[-0.0]', { 0: true, '-0': true, '0e9': true, 1: false })
  matches('[1e400]', { '1e400': true, '1.0e400': false, '1E400': false })
  matches('[12345678901234567890]', {
    '12345678901234567890': true,
    '12345678901234567890.0': false,
    '12345678901234567000': false,
  })
})

describe('prefix and suffix', () => {
  matches('[{"prefix": "ab"}]', { '"ab"': true, '"abc"': true, '"aab"': false, '"AB"': false })
  matches('[{"prefix": ""}]', { '""': true, '"x"': true, 1: false, null: false, '[]': false })
  matches('[{"suffix": "ab"}]', { '"ab"': true, '"cab"': true, '"aba"': false, '"AB"': false })
  // Only on demand, as they stand beside something that no index holds: texts longer than the value.
  matches('[{"prefix": "a\\""}, {"wildcard": "z*"}]', { '"a"': false, '"a\\""': true, '"z"': true })
  matches('[{"suffix": "\\"a"}, {"wildcard": "z*"}]', { '"a"': false, '"\\"a"': true })
  matches('[{"suffix": ""}]', { '""': true, true: false, '{"b":"x"}': false })
  matches('[{"prefix": {"equals-ignore-case": "aB"}}]', { '"AbC"': true, '"xab"': false, 1: false })
  matches('[{"suffix": {"equals-ignore-case": ".Png"}}]', { '"x.pNG"': true, '"png"': false })
})

describe('equals-ignore-case and wildcard', () => {
  matches('[{"equals-ignore-case": "aB"}]', { '"Ab"': true, '"abc"': false, '["x","AB"]': true })
  matches('[{"equals-ignore-case": "1"}]', { '"1"': true, 1: false })
  matches('[{"wildcard": "dir/*.png"}]', { '"dir/a/b.png"': true, '"dir/a.png2"': false })
  matches('[{"wildcard": "*"}]', { '""': true, 1: false, null: false })
})

describe('numeric', () => {
  matches('[{"numeric": ["=", 3.0e2]}]', { 300: true, '300.00': true, 299: false, '"300"': false })
  matches('[{"numeric": ["<", 0]}]', { '-0.1': true, '-0.0': false, 0: false })
  matches('[{"numeric": ["<=", 0]}]', { '-0.0': true, 0: true, '1e-300': false })
  matches('[{"numeric": [">", 0]}]', {
    '1e299': true,
    '1e400': false,
    '12345678901234567000': true,
  })
  matches('[{"numeric": [">=", 0]}]', { '-0.0': true, '-1e-300': false, null: false })
  matches('[{"numeric": [">", 0, "<", 5]}]', { 0: false, 1: true, 5: false })
  matches('[{"numeric": [">=", 0, "<=", 5]}]', { 0: true, 5: true, 5.1: false, '[9, 5]': true })
  matches('[{"numeric": [">", 6e9]}]', { 6000000001: true })
  matches('[{"numeric": [">", 0]}]', { '9007199254740992': true, '9007199254740993': false })
})

describe('addresses', () => {
  matches('[{"cidr": "10.0.0.77/24"}]', {
    '"10.0.0.5"': true,
    '"010.0.0.5"': true,
    '"10.0.1.5"': false,
    '"10.0.0.5/32"': false,
    '"x"': false,
    10: false,
  })
  matches('[{"cidr": "2001:db8::/32"}]', { '"2001:DB8:1::"': true, '"2001:db9::"': false })
  matches('["10.0.0.1"]', { '"010.0.0.01"': true, '"10.0.0.2"': false, '"10.0.0.1 "': false })
  matches('["10.0.0.255"]', { '"10.0.0.255"': true, '"10.0.0.254"': false })
  matches('["2001:DB8::1"]', { '"2001:db8:0::1"': true })
  matches('["999.1.1.1"]', { '"999.1.1.1"': true, '"999.1.1.01"': false })
  matches('[{"anything-but": "10.0.0.1"}]', { '"10.0.0.1"': false, '"010.0.0.1"': true })
  matches('[{"prefix": "10.0.0.1"}]', { '"10.0.0.1"': true, '"010.0.0.1"': false })
})

describe('exists', () => {
  matches('[{"exists": true}]', {
    null: true,
    '[null]': true,
    '""': true,
    0: true,
    '{}': false,
    '{"b":1}': false,
    '[]': false,
    '[[]]': false,
    '[{}]': false,
  })
  matches('[{"exists": false}]', {
    null: false,
    '[null]': false,
    false: false,
    '{}': true,
    '{"b":1}': true,
    '[]': true,
    '[[]]': true,
  })
  matches('[{"exists": false}, "x"]', { '"x"': true, '"y"': false, '[]': true })

  test('both at once match everything', () => {
    const pattern = EventPattern.parse('{"a":[{"exists":true},{"exists":false}]}')
    expect(['{}', '{"a":1}', '{"a":[]}'].map((event) => pattern.matches(event))).not.toContain(
      false,
    )
  })

  test('a field is absent when anything around it is missing', () => {
    const pattern = EventPattern.parse('{"a":{"b":{"c":[{"exists":false}]}}}')
    expect(pattern.matches('{}')).toBe(true)
    expect(pattern.matches('{"a":{"b":1}}')).toBe(true)
    expect(pattern.matches('{"a":{"b":{"c":null}}}')).toBe(false)
  })
})

describe('anything-but', () => {
  matches('[{"anything-but": "x"}]', {
    '"x"': false,
    '"X"': true,
    '""': true,
    1: true,
    true: true,
    null: true,
    '["x"]': false,
    '["x","y"]': true,
    '[1,"x"]': true,
    '[]': false,
    '{}': false,
    '{"b":1}': false,
  })
  matches('[{"anything-but": ""}]', { '""': false, '"x"': true })
  matches('[{"anything-but": 1}]', { 1: false, '1.0': false, '"1"': true, 2: true, '1e400': true })
  matches('[{"anything-but": ["x", "y"]}]', { '"x"': false, '"y"': false, '"z"': true, 1: true })
  matches('[{"anything-but": [1, 2]}]', { '2.0': false, 3: true, '"2"': true, null: true })
  matches('[{"anything-but": {"prefix": "a"}}]', { '"ab"': false, '"ba"': true, 1: true })
  matches('[{"anything-but": {"prefix": ["a", "b"]}}]', {
    '"ab"': false,
    '"ba"': false,
    '"c"': true,
  })
  matches('[{"anything-but": {"suffix": "a"}}]', { '"ba"': false, '"ab"': true, null: true })
  matches('[{"anything-but": {"suffix": [".png", ".jpg"]}}]', { '"x.jpg"': false, '"jpg"': true })
  matches('[{"anything-but": {"equals-ignore-case": "aB"}}]', { '"Ab"': false, '"abc"': true })
  matches('[{"anything-but": {"equals-ignore-case": ["a", ""]}}]', { '"A"': false, '""': false })
  matches('[{"anything-but": {"wildcard": "*/x"}}]', { '"a/x"': false, '"a/xy"': true, 5: true })
  matches('[{"anything-but": {"wildcard": ["a*", ""]}}]', {
    '"a"': false,
    '""': false,
    '"b"': true,
  })
  matches('[{"anything-but": {"wildcard": "*"}}]', { '"x"': false, 1: true })
  matches('[{"anything-but": "x"}, {"anything-but": "y"}]', { '"x"': true, '"y"': true })

  test('a missing field does not pass', () => {
    expect(EventPattern.parse('{"a":[{"anything-but":"x"}]}').matches('{"b":1}')).toBe(false)
  })
})

/** Tests of a field's list against values of that field, both as JSON text. */
function matches(list: string, values: Readonly<Record<string, boolean>>): void {
  describe.each([list])('%s', () => {
    test.each(Object.entries(values))('%s: %s', (value, expected) => {
      expect(EventPattern.parse(`{"a":${list}}`).matches(`{"a":${value}}`)).toBe(expected)
    })
  })
}
