import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePattern } from './compile.ts'
import type { Alternative } from './compile.ts'
import { EventPattern } from './event-pattern.ts'
import { flattenEvent } from './flatten-event.ts'
import type { ArrayElement, EventValue, FlatEvent } from './flatten-event.ts'
import { matchesAny } from './matcher.ts'
import { passes } from './value-test.ts'

describe('values of different elements of one array do not go together', () => {
  cases('{"e":{"f":["Anna"],"l":["Jones"]}}', [
    ['{"e":[{"f":"Anna","l":"Smith"},{"f":"P","l":"Jones"}]}', false],
    ['{"e":[{"f":"P","l":"Smith"},{"f":"Anna","l":"Jones"}]}', true],
    ['{"e":{"f":"Anna","l":"Jones"}}', true],
    ['{"e":[[{"f":"Anna"}],[{"l":"Jones"}]]}', false],
    ['{"e":[[{"f":"Anna","l":"Jones"}],[{"f":"P"}]]}', true],
    ['{"e":{"f":["P","Anna"],"l":["Jones","S"]}}', true],
    ['{"e":[{"f":"Anna"},{"l":"Jones"}],"e":{"f":"Anna"}}', true],
    ['{"e":[{"f":"Anna"}],"e":[{"l":"Jones"}]}', true],
  ])
  cases('{"x":{"a":[1]},"y":{"b":[2]}}', [
    ['{"x":[{"a":1},{"a":9}],"y":[{"b":9},{"b":2}]}', true],
    ['{"x":[{"a":1}],"y":[{"b":9}]}', false],
  ])
  cases('{"a":{"b":{"c":[1]},"d":{"e":[2]},"f":[3]}}', [
    ['{"a":[{"b":[{"c":0},{"c":1}],"d":[{"e":2},{"e":0}],"f":3}]}', true],
    ['{"a":[{"b":[{"c":1}],"d":[{"e":2}],"f":0},{"b":[{"c":1}],"d":[{"e":0}],"f":3}]}', false],
  ])
  cases('{"e":["x"],"e.f":[1]}', [
    ['{"e":["x",{"f":1}]}', true],
    ['{"e":["y",{"f":1}]}', false],
  ])
})

describe('absence looks at the elements chosen so far, in the order of the paths', () => {
  cases('{"d":{"a":[1],"b":[{"exists":false}]}}', [
    ['{"d":[{"a":1},{"a":2,"b":3}]}', true],
    ['{"d":[{"a":1,"b":3},{"a":2}]}', false],
    ['{"d":[{"a":1,"b":3},{"a":1}]}', true],
  ])
  cases('{"d":{"b":[1],"a":[{"exists":false}]}}', [
    ['{"d":[{"b":1},{"a":2}]}', false],
    ['{"d":[{"b":1},{"c":2}]}', true],
  ])
  cases('{"d":{"b":[{"exists":false}]}}', [
    ['{"d":[{"a":1},{"b":2}]}', false],
    ['{"d":[{"a":1},{"c":2}]}', true],
  ])
  cases('{"d":{"a":[1],"b":[{"exists":false},5]}}', [
    ['{"d":[{"a":1,"b":4},{"a":2}]}', false],
    ['{"d":[{"a":1,"b":5},{"a":2}]}', true],
  ])
  // The order is that of UTF-16 units: "B" before "a", "a-b" before "a.b", "aB" after it.
  cases('{"d":{"B":[1],"a":[{"exists":false}]}}', [['{"d":[{"B":1},{"a":2}]}', true]])
  cases('{"d":{"a":{"b":[{"exists":false}]},"a-b":[1]}}', [
    ['{"d":[{"a-b":1},{"a":{"b":2}}]}', true],
  ])
  cases('{"d":{"a":{"b":[{"exists":false}]},"aB":[1]}}', [
    ['{"d":[{"aB":1},{"a":{"b":2}}]}', false],
  ])
})

describe('large arrays', () => {
  test('an array of which only the last element fits', () => {
    const pattern = EventPattern.parse('{"d":{"a":[1],"b":[2],"c":[3]}}')
    const others = '{"a":1,"b":2,"c":4}'
    expect(pattern.matches(`{"d":${manyOf(others, '{"a":1,"b":2,"c":3}')}}`)).toBe(true)
    expect(pattern.matches(`{"d":${manyOf(others, '{"a":1,"b":0,"c":3}')}}`)).toBe(false)
  })

  test('several arrays do not multiply', () => {
    const pattern = EventPattern.parse('{"x":{"a":[1]},"y":{"b":[2]},"z":{"c":[3]},"zz":{"c":[9]}}')
    const arrays = `"x":${manyOf('{"a":1}', '1')},"y":${manyOf('{"b":2}', '1')},"z":${manyOf('{"c":3}', '1')}`
    expect(pattern.matches(`{${arrays},"zz":[{"c":1}]}`)).toBe(false)
    expect(pattern.matches(`{${arrays},"zz":[{"c":1},{"c":9}]}`)).toBe(true)
  })

  test('repeated arrays that multiply nevertheless end as no match', () => {
    const pattern = EventPattern.parse('{"d":{"a":[1],"b":[2],"c":[3],"e":[4]}}')
    const array = `[${'{"a":1,"b":2,"c":3},'.repeat(1_000)}{}]`
    expect(pattern.matches(`{"d":${array},"d":${array},"d":${array}}`)).toBe(false)
  })
})

test('the matcher agrees with trying every combination of values', () => {
  const scalar = fc.constantFrom(1, 2)
  const name = fc.constantFrom('a', 'b', 'c')
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      scalar,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 3 }),
    ),
  }))
  const path = fc.constantFrom(
    'a',
    'b',
    'a.a',
    'a.b',
    'a.c',
    'b.a',
    'b.b',
    'a.a.b',
    'a.b.a',
    'a.b.c',
  )
  const list = fc.constantFrom(
    '[1]',
    '[2]',
    '[1,2]',
    '[{"exists":false}]',
    '[{"exists":false},1]',
    '[{"anything-but":1}]',
  )
  const fieldTests = fc.uniqueArray(fc.tuple(path, list), {
    minLength: 1,
    maxLength: 5,
    selector: ([p]) => p,
  })
  const answers = { match: 0, 'no match': 0 }
  fc.assert(
    fc.property(value, value, fieldTests, (a, b, fields) => {
      const event = flattenEvent(JSON.stringify({ a, b })) ?? new Map()
      const { alternatives } = compilePattern(`{${fields.map(([p, l]) => `"${p}":${l}`).join()}}`)
      const expected = alternatives.some((alternative) => tryAll(event, alternative, []))
      answers[expected ? 'match' : 'no match']++
      expect(matchesAny(event, alternatives)).toBe(expected)
    }),
    { numRuns: 5_000 },
  )
  expect(Math.min(...Object.values(answers))).toBeGreaterThan(500)
})

function manyOf(element: string, last: string): string {
  return `[${`${element},`.repeat(20_000)}${last}]`
}

/** The rule of array consistency as it is stated, without any regard to cost. */
function tryAll(event: FlatEvent, fields: Alternative, chosen: readonly EventValue[]): boolean {
  const [field, ...others] = fields
  if (field === undefined) return true
  const fitting = (event.get(field.path) ?? []).filter((value) =>
    chosen.every((other) => goTogether(value, other)),
  )
  if (field.mayBeAbsent && fitting.length === 0 && tryAll(event, others, chosen)) return true
  return fitting.some(
    (value) =>
      field.tests.some((fieldTest) => passes(value, fieldTest)) &&
      tryAll(event, others, [...chosen, value]),
  )
}

function goTogether(left: EventValue, right: EventValue): boolean {
  const ofRight = elementsAround(right)
  return elementsAround(left).every(({ arrayId, index }) =>
    ofRight.every((other) => other.arrayId !== arrayId || other.index === index),
  )
}

function elementsAround({ element }: EventValue): ArrayElement[] {
  const elements: ArrayElement[] = []
  for (let at = element; at !== undefined; at = at.outer) elements.push(at)
  return elements
}

function cases(pattern: string, events: readonly (readonly [string, boolean])[]): void {
  describe.each([pattern])('%s', () => {
    test.each(events)('%s: %s', (event, expected) => {
      expect(EventPattern.parse(pattern).matches(event)).toBe(expected)
    })
  })
}
