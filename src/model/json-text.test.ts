import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { itemsOf, membersOf, withMembers } from './json-text.ts'

/** Characters that a splitter of JSON may stumble over. */
const text = fc.string({
  unit: fc.constantFrom('a', '"', '\\', '{', '}', '[', ']', ',', ':', 'é', '𐀀', '\n', '\u2028'),
  maxLength: 6,
})
const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(null, true, false, 0, -1.5),
    text,
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(text, tie('any'), { maxKeys: 4 }),
  ),
})).any
const objects = fc.dictionary(text, value, { maxKeys: 6 })

describe('membersOf', () => {
  it('finds the keys and values that JSON.stringify wrote, in order', () => {
    fc.assert(
      fc.property(objects, (object) => {
        const expected = Object.entries(object).map(([key, member]) => ({
          key,
          value: JSON.stringify(member),
        }))
        expect(membersOf(JSON.stringify(object))).toEqual(expected)
      }),
      { numRuns: 2_000 },
    )
  })

  it('leaves values as they were written, and keeps duplicates', () => {
    expect(membersOf('{"n":1.0,"e":2E+3,"n":12345678901234567890,"\\u0061":[1.10]}')).toEqual([
      { key: 'n', value: '1.0' },
      { key: 'e', value: '2E+3' },
      { key: 'n', value: '12345678901234567890' },
      { key: 'a', value: '[1.10]' },
    ])
  })

  it('finds none in an empty object', () => {
    expect(membersOf('{}')).toEqual([])
  })
})

describe('itemsOf', () => {
  it('finds the items that JSON.stringify wrote, in order', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), (array) => {
        const items = itemsOf(JSON.stringify(array))
        expect(items).toEqual(array.map((item) => JSON.stringify(item)))
      }),
      { numRuns: 2_000 },
    )
  })

  it('leaves items as they were written', () => {
    expect(itemsOf('[1.0,{"a":[1e3,2]},"],",-0]')).toEqual(['1.0', '{"a":[1e3,2]}', '"],"', '-0'])
    expect(itemsOf('[]')).toEqual([])
  })
})

describe('withMembers', () => {
  it('replaces the members that are given and leaves the others', () => {
    fc.assert(
      fc.property(objects, fc.func(fc.boolean()), value, (object, chosen, replacement) => {
        const keys = Object.keys(object).filter((key) => chosen(key))
        const values = Object.fromEntries(keys.map((key) => [key, JSON.stringify(replacement)]))
        const replaced = Object.entries(object).map(([key, before]) => [
          key,
          keys.includes(key) ? replacement : before,
        ])
        const expected = JSON.stringify(Object.fromEntries(replaced))
        expect(withMembers(JSON.stringify(object), values)).toBe(expected)
      }),
      { numRuns: 2_000 },
    )
  })

  it('keeps how numbers were written, at every depth', () => {
    const json = '{"id":"a","detail":{"n":1.0,"big":12345678901234567890,"e":[2E3,-0]}}'
    expect(withMembers(json, { id: '"b"' })).toBe(json.replace('"a"', '"b"'))
  })

  it('takes the last of members that share a key, as JSON.parse does', () => {
    const json = '{"a":1,"b":2,"\\u0061":3.0}'
    expect(withMembers(json, {})).toBe('{"a":3.0,"b":2}')
    expect(withMembers(json, { a: '4' })).toBe('{"a":4,"b":2}')
  })

  it('adds no member that the object does not have', () => {
    expect(withMembers('{"a":1}', { b: '2' })).toBe('{"a":1}')
    expect(withMembers('{}', { b: '2' })).toBe('{}')
  })
})

it('members named like what every object inherits are taken for what they are', () => {
  for (const key of ['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__']) {
    const json = `{"id":"a","${key}":1.0}`
    expect(withMembers(json, { id: '"b"' })).toBe(`{"id":"b","${key}":1.0}`)
  }
})
