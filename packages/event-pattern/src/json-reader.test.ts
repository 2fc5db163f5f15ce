import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonSyntaxError } from './json-cursor.ts'
import { JsonReader, NESTING_LEVELS_MAX } from './json-reader.ts'

describe('tokens', () => {
  test('come in the order of the text, with names and strings decoded', () => {
    expect(read(' {"a\\u0041" : [ "\\n\\/\\"", -1.50e+2, true ,false,null,{}] }\r\n')).toEqual([
      '{',
      'name aA',
      '[',
      'string \n/"',
      'number -1.50e+2',
      'true',
      'false',
      'null',
      '{',
      '}',
      ']',
      '}',
    ])
  })

  test('keep repeated names and the text of numbers', () => {
    expect(read('{"a":1.0,"a":1e400}')).toEqual([
      '{',
      'name a',
      'number 1.0',
      'name a',
      'number 1e400',
      '}',
    ])
  })

  test('a string that nobody asks for is skipped', () => {
    const reader = new JsonReader('["a\\"]", 1]')
    reader.next()
    expect(reader.next()).toBe('string')
    expect(reader.next()).toBe('number')
    expect(reader.text()).toBe('1')
  })

  test('a surrogate half without the other is a question mark, as in the UTF-8 of Java', () => {
    expect(read('["\\ud83d\\ude00\\ud83d"]')).toEqual(['[', 'string \u{1f600}?', ']'])
    expect(read('["\\ude00\\ud83d\ud83d"]')).toEqual(['[', 'string ???', ']'])
    expect(read('{"\\ud83d":1}')).toEqual(['{', 'name ?', 'number 1', '}'])
  })

  test('nesting is bounded', () => {
    expect(read(nested(NESTING_LEVELS_MAX))).toHaveLength(2 * NESTING_LEVELS_MAX)
    expect(() => read(nested(NESTING_LEVELS_MAX + 1))).toThrow(
      'Document nesting depth (1001) exceeds the maximum allowed (1000, from `StreamReadConstraints.getMaxNestingDepth()`)',
    )
  })
})

// The marker shows how far the text has been read: AWS's column is the one after it.
describe("errors are Jackson's", () => {
  const values = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
  test.each([
    [
      '[1 2^]',
      "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
    ],
    [
      '{"a":1 "^b"}',
      `Unexpected character ('"' (code 34)): was expecting comma to separate Object entries`,
    ],
    [
      '{a^:1}',
      "Unexpected character ('a' (code 97)): was expecting double-quote to start field name",
    ],
    [
      '{"a"1^}',
      "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
    ],
    ['[,^1]', `Unexpected character (',' (code 44)): expected a valid value ${values}`],
    ['{"a":}^', `Unexpected character ('}' (code 125)): expected a valid value ${values}`],
    ['[é^]', `Unrecognized token 'é': was expecting ${values}`],
    ['[„^]', `Unexpected character ('„' (code 8222 / 0x201e)): expected a valid value ${values}`],
    ['[trux^]', `Unrecognized token 'trux': was expecting ${values}`],
    ['[nullable^]', `Unrecognized token 'nullable': was expecting ${values}`],
    ['[fal^]', `Unrecognized token 'fal': was expecting ${values}`],
    [
      '[Infinity^]',
      "Non-standard token 'Infinity': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow",
    ],
    ['[0^1]', 'Invalid numeric value: Leading zeroes not allowed'],
    ['[-0^1]', 'Invalid numeric value: Leading zeroes not allowed'],
    [
      '[-a^]',
      "Unexpected character ('a' (code 97)) in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value",
    ],
    [
      '[0.]^',
      "Unexpected character (']' (code 93)) in numeric value: Decimal point not followed by a digit",
    ],
    [
      '[0e+]^',
      "Unexpected character (']' (code 93)) in numeric value: Exponent indicator not followed by a digit",
    ],
    ['["\\x^"]', "Unrecognized character escape 'x' (code 120)"],
    [
      '["\\u00g^0"]',
      "Unexpected character ('g' (code 103)): expected a hex-digit for character escape sequence",
    ],
    [
      '[/^**/1]',
      "Unexpected character ('/' (code 47)): maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)",
    ],
    ['["abc^', 'Unexpected end-of-input: was expecting closing quote for a string value'],
    ['["\\^', 'Unexpected end-of-input in character escape sequence'],
    ['["\\u0^', 'Unexpected end-of-input in character escape sequence'],
    ['{"abc^', 'Unexpected end-of-input in field name'],
    ['{"a"^', 'Unexpected end-of-input within/between Object entries'],
    ['[1,^', 'Unexpected end-of-input within/between Array entries'],
    ['[-^', 'Unexpected end-of-input in a Number value'],
  ])('%s', (marked, message) => {
    const text = marked.replace('^', '')
    const place = `[Source: (String)"${text}"; line: 1, column: ${marked.indexOf('^') + 1}]`
    expect(() => read(text)).toThrow(new JsonSyntaxError(`${message}\n at ${place}`))
  })

  test('an end that is missing names the place of the start', () => {
    const text = '{"a":[1'
    const source = `(String)"${text}"`
    expect(() => read(text)).toThrow(
      new JsonSyntaxError(
        `Unexpected end-of-input: expected close marker for Array (start marker at [Source: ${source}; line: 1, column: 6])\n at [Source: ${source}; line: 1, column: 8]`,
      ),
    )
  })

  test('an end that does not fit names the place of the start', () => {
    expect(() => read('{"a":[1}')).toThrow(
      `Unexpected close marker '}': expected ']' (for Array starting at [Source: (String)"{"a":[1}"; line: 1, column: 6])\n at [Source: (String)"{"a":[1}"; line: 1, column: 9]`,
    )
    expect(() => read(']')).toThrow(
      `Unexpected close marker ']': expected '}' (for root starting at [Source: (String)"]"; line: 1, column: 0])`,
    )
  })

  test('lines are counted at every kind of line end', () => {
    expect(() => read('{\n\r\n\r  x')).toThrow('line: 4, column: 4]')
  })

  test('control characters are named, and escaped where the text is quoted', () => {
    expect(() => read('["\t"]')).toThrow(
      'Illegal unquoted character ((CTRL-CHAR, code 9)): has to be escaped using backslash to be included in string value\n at [Source: (String)"["\\u0009"]"; line: 1, column: 4]',
    )
    expect(() => read('{"\n"')).toThrow('has to be escaped using backslash to be included in name')
    expect(() => read('[\u0001]')).toThrow(
      'Illegal character ((CTRL-CHAR, code 1)): only regular white space (\\r, \\n, \\t) is allowed between tokens',
    )
  })

  test('a long text is quoted up to 500 characters', () => {
    const text = `[${' '.repeat(600)}x`
    expect(() => read(text)).toThrow(
      `(String)"${text.slice(0, 500)}"[truncated 102 chars]; line: 1, column: 603]`,
    )
  })

  test('a long token is shown up to 256 characters', () => {
    expect(() => read(`[${'x'.repeat(300)}]`)).toThrow(`token '${'x'.repeat(256)}...': was`)
  })
})

describe('properties', () => {
  test('the reader takes exactly the texts that JSON.parse takes', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '1',
      '0',
      '-',
      '.',
      'e',
      'true',
      'null',
      ' ',
      '\n',
      '\u0007',
      'é',
    ]
    const soup = fc
      .array(fc.constantFrom(...pieces), { maxLength: 8 })
      .map((parts) => parts.join(''))
    const damaged = fc
      .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', ...pieces))
      .map(([json, at, piece]) => {
        const cut = at % (json.length + 1)
        return json.slice(0, cut) + piece + json.slice(cut + 1)
      })
    fc.assert(
      fc.property(fc.oneof(fc.json(), soup, damaged), (text) => {
        expect(isAccepted(() => readOneValue(text))).toBe(isAccepted(() => JSON.parse(text)))
      }),
      { numRuns: 2_000 },
    )
  })

  test('every string comes back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (string) => {
        expect(read(JSON.stringify([string]))[1]).toBe(`string ${string}`)
      }),
    )
  })
})

function nested(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels)
}

function read(text: string): string[] {
  const reader = new JsonReader(text)
  const tokens: string[] = []
  for (let token = reader.next(); token !== 'end'; token = reader.next()) {
    const hasText = token === 'name' || token === 'string' || token === 'number'
    tokens.push(hasText ? `${token} ${reader.text()}` : token)
  }
  return tokens
}

/** JSON.parse takes one value; the reader would read several, as Jackson does. */
function readOneValue(text: string): void {
  const wrapped = read(`[${text}\n]`)
  let depth = 0
  let values = 0
  for (const token of wrapped.slice(1, -1)) {
    if (depth === 0 && token !== '}' && token !== ']') values++
    if (token === '{' || token === '[') depth++
    if (token === '}' || token === ']') depth--
    if (depth < 0) throw new Error('closes more than it opens')
  }
  if (values !== 1) throw new Error('not one value')
}

function isAccepted(accept: () => unknown): boolean {
  try {
    accept()
    return true
  } catch {
    return false
  }
}
