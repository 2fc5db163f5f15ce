import { describe, expect, test } from 'vitest'
import { EventPattern } from '../pattern.ts'
import type { FieldExplanation } from './explanation.ts'

describe('why a field fails', () => {
  test.each([
    [
      '["running","stopped"]',
      '"pending"',
      's is "pending"; the pattern wants one of "running", "stopped"',
    ],
    ['[{"numeric":[">",10]}]', '5', 's is 5; the pattern wants a number above 10'],
    [
      '[{"numeric":[">=",1,"<",5]}]',
      '5',
      's is 5; the pattern wants a number of at least 1 and below 5',
    ],
    ['[{"numeric":["=",4]}]', '5', 's is 5; the pattern wants the number 4'],
    [
      '[{"prefix":"a"},"x"]',
      '"b"',
      's is "b"; the pattern wants "x", or a string that starts with "a"',
    ],
    [
      '[{"suffix":{"equals-ignore-case":".png"}}]',
      '"b"',
      's is "b"; the pattern wants a string that ends with ".png" in any letter case',
    ],
    ['[{"equals-ignore-case":"Ab"}]', '"b"', 's is "b"; the pattern wants "Ab" in any letter case'],
    ['[{"wildcard":"a*c"}]', '"b"', 's is "b"; the pattern wants a string like "a*c"'],
    [
      '[{"cidr":"10.0.0.0/8"}]',
      '"11.0.0.1"',
      's is "11.0.0.1"; the pattern wants an IP address in "10.0.0.0/8"',
    ],
    [
      '[{"exists":true}]',
      '{"a":1}',
      's is an object; only a string, number, true, false or null counts as existing',
    ],
    [
      '[{"exists":true}]',
      '[]',
      's is an empty array, which has no value; the pattern wants any value',
    ],
    ['[{"exists":false}]', '"x"', 's is there ("x"), but the pattern wants it absent'],
    [
      '[{"anything-but":"x"}]',
      '"x"',
      's is "x", which is excluded: the pattern wants anything but "x"',
    ],
    [
      '[{"anything-but":{"prefix":["x","y"]}}]',
      '["x1","y1"]',
      'all values of s are excluded: "x1", "y1"; the pattern wants anything but strings that start with "x" or "y"',
    ],
    ['["a"]', '["b","c"]', 'none of the 2 values of s fits: "b", "c"; the pattern wants "a"'],
    ['["a"]', '[{"b":1}]', 's is an array of objects; the pattern wants "a"'],
    ['[null]', '{}', 's is an empty object; the pattern wants null'],
  ])('%s, found %s', (list, found, reason) => {
    expect(only(`{"s":${list}}`, `{"s":${found}}`)).toMatchObject({ passes: false, reason })
  })

  test('the field is missing', () => {
    const field = only('{"detail":{"name":["x"]}}', '{"detail":{"a":1}}')
    expect(field).toMatchObject({
      reason: 'detail.name is missing; the pattern wants "x"',
      found: [],
    })
  })

  test('a value stands where the field was to be inside an object', () => {
    const field = only('{"detail":{"a":{"b":["x"]}}}', '{"detail":{"a":null}}')
    expect(field?.reason).toBe('detail.a.b is missing, as detail.a is null, not an object')
  })

  test('the failing fields come first, and the summary gives the reason of a single one', () => {
    const { summary, alternatives } = explained('{"a":[1],"b":[2],"c":[3]}', '{"a":1,"b":0,"c":3}')
    expect(summary).toBe('no match: b is 0; the pattern wants 2')
    expect(alternatives[0]?.fields.map(({ path }) => path)).toEqual(['b', 'a', 'c'])
  })
})

describe('why a field passes', () => {
  test.each([
    ['["a"]', '{"s":"a"}', 's is "a"', []],
    ['["b"]', '{"s":["a","b","c"]}', 's is "b", among 3 values', []],
    ['[{"exists":false}]', '{"t":1}', 's is missing', []],
    ['[{"exists":false}]', '{"s":{"a":1}}', 's has no value', ['{…} does not count as existing']],
    [
      '[{"anything-but":"x"}]',
      '{"s":["x","y"]}',
      's is "y", among 2 values',
      ['"x" is excluded, but one value that is not is enough: "y"'],
    ],
  ])('%s, event %s', (list, event, reason, notes) => {
    expect(only(`{"s":${list}}`, event)).toMatchObject({ passes: true, reason, notes, hints: [] })
  })
})

describe('arrays', () => {
  test('fields that fit in different elements do not go together', () => {
    const pattern = '{"detail":{"e":{"f":["Anna"],"l":["Jones"]},"x":[1]}}'
    const event = '{"detail":{"e":[{"f":"Anna","l":"Smith"},{"f":"P","l":"Jones"}],"x":1}}'
    expect(explained(pattern, event).summary).toBe(
      'no match: detail.e.f and detail.e.l both fit, but in different elements of the array detail.e: "Anna" in element 0, "Jones" in element 1; one element must satisfy both',
    )
  })

  test('of three fields only those are blamed that conflict', () => {
    const pattern = '{"e":{"a":[1],"b":[2],"c":[3]}}'
    const twoAgree = '{"e":[{"a":1,"b":2},{"b":2,"c":3}]}'
    expect(conflictOf(pattern, twoAgree)).toContain(
      'e.a and e.c both fit, but in different elements',
    )
    const pairsAgree = '{"e":[{"a":1,"b":2},{"b":2,"c":3},{"a":1,"c":3}]}'
    expect(conflictOf(pattern, pairsAgree)).toBe(
      'e.a, e.b and e.c each fit, but not in the same element of the array e: e.a in elements 0 and 2, e.b in elements 0 and 1, e.c in elements 1 and 2; one element must satisfy all',
    )
  })

  test('absence is that in the elements which other fields fit', () => {
    const pattern = '{"d":{"a":[1],"b":[{"exists":false}]}}'
    const passing = explained(pattern, '{"d":[{"a":1},{"a":2,"b":3}]}').alternatives[0]?.fields[1]
    expect(passing?.reason).toBe('d.b is absent in the array elements that the other fields fit')
    expect(explained(pattern, '{"d":[{"a":1,"b":3},{"a":2}]}').summary).toBe(
      'no match: d.b is there (3), but the pattern wants it absent where d.a fits: in the same element of the array d',
    )
  })

  test('absence of a field whose name comes first is that in all elements', () => {
    const pattern = '{"d":{"b":[1],"a":[{"exists":false}]}}'
    expect(explained(pattern, '{"d":[{"b":1},{"a":2}]}').summary).toContain(
      'absent in every element of the array d: fields are taken in the order of their names, so d.b has not chosen an element yet',
    )
    expect(
      explained('{"d":{"a":[{"exists":false}]}}', '{"d":[{"b":1},{"a":2}]}').summary,
    ).toContain('but the pattern wants it absent in every element of the array d')
  })
})

describe('$or', () => {
  const pattern = '{"a":["x"],"$or":[{"b":[1],"c":[1]},{"b":[2]},{"c":[3],"d":[4],"e":[5]}]}'

  test('the closest branch comes first and leads the summary', () => {
    const { summary, alternatives } = explained(pattern, '{"a":"x","b":1,"c":3,"d":4}')
    expect(summary).toBe(
      'no match: none of the 3 branches of $or fits; closest is branch 3 of $or: e is missing; the pattern wants 5',
    )
    expect(alternatives.map(({ branches }) => branches)).toEqual([
      [{ path: '$or', number: 3, of: 3 }],
      [{ path: '$or', number: 1, of: 3 }],
      [{ path: '$or', number: 2, of: 3 }],
    ])
    expect(alternatives.map(({ fieldsFailing }) => fieldsFailing)).toEqual([1, 1, 1])
  })

  test('the branch that matches is named', () => {
    const { summary, alternatives } = explained(pattern, '{"a":"x","b":2}')
    expect(summary).toBe('match by branch 2 of $or: both fields fit')
    expect(alternatives.map(({ matches }) => matches)).toEqual([true, false, false])
  })

  test('branches of several $or are combined', () => {
    const nested = '{"d":{"$or":[{"a":[1],"$or":[{"x":[1]},{"y":[1]}]},{"b":[2]}]}}'
    const [closest] = explained(nested, '{"d":{"a":1,"z":1}}').alternatives
    expect(closest?.branches).toEqual([
      { path: 'd.$or', number: 1, of: 2 },
      { path: 'd.$or', number: 1, of: 2 },
    ])
  })

  test('a branch replaces what stands before it, and a field after $or the branches', () => {
    const notes = (text: string) =>
      explained(text, '{"a":"q"}').alternatives.flatMap(({ fields }) =>
        fields.flatMap((field) => field.notes),
      )
    expect(notes('{"a":["x"],"$or":[{"a":["y"]},{"b":["z"]}]}')).toEqual([
      'branch 1 of $or replaces the list for this field before it, which wanted "x"',
    ])
    expect(notes('{"$or":[{"a":["y"]},{"b":["z"]}],"a":["x"]}')).toEqual([
      'a list after $or replaces what its branches say of this field, here "y"',
    ])
    expect(notes('{"a":["x"],"a":["y"]}')).toEqual([
      'the last list for a field counts; an earlier one wanted "x"',
    ])
  })
})

describe('what is not an event', () => {
  test.each([
    ['{"a":1,}', 'the event is not JSON: Unexpected character', 1, 8],
    ['{\n "a": tru}', "the event is not JSON: Unrecognized token 'tru'", 2, 9],
    ['{"a":[1', 'the event is not JSON: Unexpected end-of-input', 1, 8],
    ['{"a":1} {}', 'there is more after the end of the event', 1, 9],
    [
      '[{"a":1}]',
      'an event is an object, and this is an array: give one of its elements',
      undefined,
      undefined,
    ],
    ['', 'the event is empty', undefined, undefined],
    ['\ufeff{}', 'the event starts with a byte order mark', undefined, undefined],
    ['{"b":'.repeat(1_001), 'the event nests deeper than 1000 levels', undefined, undefined],
  ])('%s', (event, reason, line, column) => {
    const { fault, matches, summary, alternatives } = explained('{"a":[1]}', event)
    expect(fault?.reason.slice(0, reason.length)).toBe(reason)
    expect([fault?.line, fault?.column]).toEqual([line, column])
    expect({ matches, alternatives }).toEqual({ matches: false, alternatives: [] })
    expect(summary).toContain(`no match: ${reason}`)
  })

  test('bytes that are not UTF-8', () => {
    const { fault } = EventPattern.parse('{"a":[1]}').explain(Uint8Array.of(0x7b, 0xff, 0x7d))
    expect(fault).toEqual({ reason: 'the event is not text in UTF-8' })
  })
})

describe('what is long is cut', () => {
  test('texts, lists, fields and ways to match', () => {
    const name = 'n'.repeat(1_000)
    const fields = Array.from({ length: 80 }, (_, at) => `"${name}${at}":["${name}"]`)
    const branches = Array.from({ length: 100 }, (_, at) => `{"b${at}":["${name}",${at}]}`)
    const pattern = `{${fields.join()},"$or":[${branches.join()}]}`
    const values = Array.from({ length: 50_000 }, (_, at) => `"${'v'.repeat(50)}${at}"`)
    const members = fields.map((_, at) => `"${name}${at}":"${name}"`)
    const event = `{"b0":[${values.join()}],${members.join()}}`
    const explanation = explained(pattern, event)
    expect(JSON.stringify(explanation).length).toBeLessThan(500_000)
    expect(explanation.alternatives).toHaveLength(8)
    expect(explanation.alternativesLeftOut).toBe(92)
    expect(explanation.alternatives[0]).toMatchObject({ fieldsFailing: 1, fieldsLeftOut: 17 })
    const [failing] = explanation.alternatives[0]?.fields ?? []
    expect(failing).toMatchObject({ path: 'b0', foundLeftOut: 49_994 })
  })
})

function explained(pattern: string, event: string) {
  return EventPattern.parse(pattern).explain(event)
}

function only(pattern: string, event: string): FieldExplanation | undefined {
  return explained(pattern, event).alternatives[0]?.fields[0]
}

function conflictOf(pattern: string, event: string): string | undefined {
  return explained(pattern, event).alternatives[0]?.conflict
}
