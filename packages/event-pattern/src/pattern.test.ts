import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventPattern } from './event-pattern.ts'

describe('paths', () => {
  const patterns = [
    '{"a":{"b":{"c":[1]}}}',
    '{"a.b":{"c":[1]}}',
    '{"a":{"b.c":[1]}}',
    '{"a.b.c":[1]}',
  ]
  const events = ['{"a":{"b":{"c":1}}}', '{"a.b":{"c":1}}', '{"a":{"b.c":1}}', '{"a.b.c":1}']
  test.each(patterns)('%s finds the field however its names are joined', (pattern) => {
    expect(events.map((event) => EventPattern.parse(pattern).matches(event))).not.toContain(false)
  })

  test('empty names are names', () => {
    const pattern = EventPattern.parse('{"":{"":["x"]}}')
    expect(pattern.matches('{".":"x"}')).toBe(true)
    expect(pattern.matches('{"":"x"}')).toBe(false)
    expect(EventPattern.parse('{"":["x"]}').matches('{"":"x"}')).toBe(true)
  })

  test('names that JavaScript objects have of themselves are ordinary', () => {
    const pattern = EventPattern.parse('{"__proto__":{"constructor":["x"]}}')
    expect(pattern.matches('{"__proto__":{"constructor":"x"}}')).toBe(true)
    expect(pattern.matches('{"a":"x"}')).toBe(false)
    expect(EventPattern.parse('{"toString":[{"exists":true}]}').matches('{}')).toBe(false)
  })

  test('all paths must pass', () => {
    const pattern = EventPattern.parse('{"a":["x"],"b":["y"]}')
    expect(pattern.matches('{"a":"x","b":"y"}')).toBe(true)
    expect(pattern.matches('{"a":"x","b":"z"}')).toBe(false)
  })
})

describe('repeated names', () => {
  test('in a pattern the last list for a path replaces the earlier ones', () => {
    const pattern = EventPattern.parse('{"a":["x"],"a":["y"]}')
    expect(pattern.matches('{"a":"x"}')).toBe(false)
    expect(pattern.matches('{"a":"y"}')).toBe(true)
    expect(EventPattern.parse('{"a":{"b":[1]},"a.b":[2]}').matches('{"a":{"b":2}}')).toBe(true)
  })

  test('in a pattern lists for different paths are all kept', () => {
    const pattern = EventPattern.parse('{"a":{"b":[1]},"a":{"c":[2]}}')
    expect(pattern.matches('{"a":{"c":2}}')).toBe(false)
    expect(pattern.matches('{"a":{"b":1,"c":2}}')).toBe(true)
  })

  test('in an event all values are seen and objects are as one', () => {
    expect(EventPattern.parse('{"a":["x"]}').matches('{"a":"x","a":"y"}')).toBe(true)
    const pattern = EventPattern.parse('{"a":{"b":[1],"c":[2]}}')
    expect(pattern.matches('{"a":{"b":1},"a":{"c":2}}')).toBe(true)
  })
})

describe('$or', () => {
  matchesWhole('{"$or":[{"a":["y"]},{"b":["z"]}],"c":["w"]}', {
    '{"a":"y","c":"w"}': true,
    '{"b":"z","c":"w"}': true,
    '{"a":"y","b":"z","c":"w"}': true,
    '{"a":"y"}': false,
    '{"c":"w"}': false,
  })
  // A branch replaces what stands before it for the same path ...
  matchesWhole('{"a":["x"],"$or":[{"a":["y"]},{"b":["z"]}]}', {
    '{"a":"y"}': true,
    '{"a":"x","b":"z"}': true,
    '{"a":"x"}': false,
    '{"a":"y","b":"z"}': true,
    '{"b":"z"}': false,
  })
  // ... and a field after it replaces the branches.
  matchesWhole('{"$or":[{"a":["y"]},{"b":["z"]}],"a":["x"]}', {
    '{"a":"x"}': true,
    '{"a":"y"}': false,
    '{"a":"y","b":"z"}': false,
  })
  matchesWhole('{"d":{"$or":[{"a":[1],"$or":[{"x":[1]},{"y":[1]}]},{"b":[2]}]}}', {
    '{"d":{"a":1,"y":1}}': true,
    '{"d":{"a":1}}': false,
    '{"d":{"x":1}}': false,
    '{"d":{"b":2}}': true,
    '{"b":2}': false,
  })
  matchesWhole('{"$or":[{"a":[1]},{"b":[1]}],"$or":[{"c":[1]},{"d":[1]}]}', {
    '{"a":1,"c":1}': true,
    '{"b":1,"d":1}': true,
    '{"a":1,"b":1}': false,
    '{"c":1,"d":1}': false,
  })
})

describe('the texts that a pattern wants of a field', () => {
  test.each([
    ['{"a":["x","y"]}', ['x', 'y']],
    ['{"a":["x"],"b":["z"]}', ['x']],
    ['{"b":["x"]}', []],
    ['{"a":["x",1]}', ['x', undefined]],
    ['{"a":[{"prefix":"x"}]}', [undefined]],
    ['{"a":["x",{"exists":false}]}', [undefined]],
    ['{"$or":[{"a":["x"]},{"a":["y","x"]}]}', ['x', 'y']],
    ['{"$or":[{"a":["x"]},{"b":["y"]}]}', ['x', undefined]],
    ['{"a":["x"],"$or":[{"a":["y"]},{"b":["z"]}]}', ['y', 'x']],
  ])('%s: %j', (text, texts) => {
    expect(EventPattern.parse(text).textsOf('a')).toEqual(texts)
  })

  test('are found by their path', () => {
    const pattern = EventPattern.parse('{"detail":{"state":["on"]},"state":["off"]}')
    expect(pattern.textsOf('detail.state')).toEqual(['on'])
  })
})

describe('what is not an event does not match', () => {
  const pattern = EventPattern.parse('{"a":[{"exists":false}]}')
  test.each([
    '',
    ' ',
    '{',
    '[]',
    '[{}]',
    '"x"',
    'null',
    '1',
    '{"b":1,}',
    "{'b':1}",
    '{} {}',
    '{}x',
    '{"b":01}',
    '{"b":"\n"}',
    '\ufeff{}',
  ])('%j', (event) => {
    expect(pattern.matches(event)).toBe(false)
    expect(pattern.matches(new TextEncoder().encode(event))).toBe(false)
  })

  test('bytes that are not UTF-8', () => {
    expect(pattern.matches(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))).toBe(false)
  })

  test('an event nested deeper than 1,000 levels', () => {
    for (const nested of [inObjects, inArrays]) {
      expect(pattern.matches(nested(1_000))).toBe(true)
      expect(pattern.matches(nested(1_001))).toBe(false)
      expect(pattern.matches(nested(100_000))).toBe(false)
    }
    expect(pattern.matches('{"b":'.repeat(100_000))).toBe(false)
  })
})

test('bytes and text of an event are the same event', () => {
  const pattern = EventPattern.parse('{"a":["日本\u{1f600}"]}')
  expect(pattern.matches('{"a":"日本\u{1f600}"}')).toBe(true)
  expect(pattern.matches(new TextEncoder().encode('{"a":"日本\u{1f600}"}'))).toBe(true)
})

test('text after the closing brace of a pattern is ignored', () => {
  expect(EventPattern.parse('{"a":[1]} junk').matches('{"a":1}')).toBe(true)
  expect(EventPattern.parse('{"a":[1]}{"b":[2]}').matches('{"a":1}')).toBe(true)
})

describe('properties', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'a.b', '')
  const scalar = fc.oneof(
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.ipV4(),
    fc.ipV6(),
  )
  const { object } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      scalar,
      fc.array(tie('value'), { maxLength: 3 }),
      tie('object'),
    ),
    object: fc.dictionary(name, tie('value'), { maxKeys: 3 }),
  }))

  test("a pattern of an event's own fields matches it", () => {
    fc.assert(
      fc.property(object, fc.array(fc.nat(), { minLength: 20, maxLength: 20 }), (event, picks) => {
        const pattern = patternFrom(event, picks)
        if (pattern === undefined) return
        expect(EventPattern.parse(JSON.stringify(pattern)).matches(JSON.stringify(event))).toBe(
          true,
        )
      }),
      { numRuns: 1_000 },
    )
  })

  test('white space and the order of fields in the event do not matter', () => {
    const pattern = EventPattern.parse(
      '{"a":[{"exists":true}],"b":[{"exists":false},{"anything-but":"x"}]}',
    )
    fc.assert(
      fc.property(object, fc.constantFrom('', ' ', '\n\t', '\r\n'), (event, space) => {
        const reversed = JSON.stringify(reverseFields(event), null, space)
        expect(pattern.matches(reversed)).toBe(pattern.matches(JSON.stringify(event)))
      }),
    )
  })
})

function inObjects(levels: number): string {
  return `${'{"b":'.repeat(levels)}1${'}'.repeat(levels)}`
}

function inArrays(levels: number): string {
  return `{"b":${'['.repeat(levels - 1)}1${']'.repeat(levels - 1)}}`
}

/** A pattern that asks for one value of each field, always of one element of an array. */
function patternFrom(value: unknown, picks: number[]): unknown {
  if (Array.isArray(value)) {
    if (value.length === 0) return undefined
    return patternFrom(value[(picks.pop() ?? 0) % value.length], picks)
  }
  if (typeof value !== 'object' || value === null) return [value]
  const fields = Object.entries(value)
    .map(([key, inner]) => [key, patternFrom(inner, picks)] as const)
    .filter(([, inner]) => inner !== undefined)
  return fields.length === 0 ? undefined : Object.fromEntries(fields)
}

function reverseFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverseFields)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).toReversed()
  return Object.fromEntries(fields.map(([key, inner]) => [key, reverseFields(inner)]))
}

function matchesWhole(pattern: string, events: Readonly<Record<string, boolean>>): void {
  describe.each([pattern])('%s', () => {
    test.each(Object.entries(events))('%s: %s', (event, expected) => {
      expect(EventPattern.parse(pattern).matches(event)).toBe(expected)
    })
  })
}
