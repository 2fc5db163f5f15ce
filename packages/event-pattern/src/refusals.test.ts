import { describe, expect, test } from 'vitest'
import { EventPattern, InvalidEventPatternError } from './event-pattern.ts'

const ANYTHING_BUT_OPERAND = 'Value of anything-but must be an array or single string/number value.'
const MIXED_LIST =
  'Inside anything but list, either all values are number or string, mixed type is not supported'
const IGNORE_CASE_LIST =
  'Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.'

// The marker shows how far AWS has read the pattern: the column is the one after it. A string
// value is only read up to its opening quote, and a name together with the start of its value.
describe('the structure of a pattern', () => {
  refusals([
    ['^', 'Filter is not an object'],
    [' ^', 'Filter is not an object'],
    ['[^]', 'Filter is not an object'],
    ['"^a"', 'Filter is not an object'],
    ['null^', 'Filter is not an object'],
    ['{}^', 'Empty objects are not allowed'],
    ['{"a":{"b":{}^}}', 'Empty objects are not allowed'],
    ['{"a":[]^}', 'Empty arrays are not allowed'],
    ['{"a":"^x"}', '"a" must be an object or an array'],
    ['{"b":[1],"a":null^}', '"a" must be an object or an array'],
    ['{"a":["x",[^1]]}', 'Match value must be String, number, true, false, or null'],
    ['{"a":[{}^]}', 'Match expression name not found'],
    ['{"a":[{"prefix":"x","suffix":"^y"}]}', 'Only one key allowed in match expression'],
    ['{"a":[{"exists":true,"x":1^}]}', 'Only one key allowed in match expression'],
    ['{"a":[{"cidr":"::/8","x":[^1]}]}', 'Only one key allowed in match expression'],
    ['{"a":[{"wildcard":"*","x":{^}}]}', 'Only one key allowed in match expression'],
    ['{"a":[{"exactly":"*","x":"^"}]}', 'Only one key allowed in match expression'],
    ['{"a":[{"EXISTS":true^}]}', 'Unrecognized match type EXISTS'],
    ['{"a":[{"regex":"^x"}]}', 'Unrecognized match type regex'],
    ['{"a":[{"not-wildcard":{^"x":1}}]}', 'Unrecognized match type not-wildcard'],
  ])
})

describe('operands', () => {
  refusals([
    ['{"a":[{"exists":null^}]}', 'exists match pattern must be either true or false.'],
    ['{"a":[{"exactly":1^}]}', 'exact match pattern must be a string'],
    ['{"a":[{"prefix":1^}]}', 'prefix match pattern must be a string'],
    ['{"a":[{"suffix":[^"x"]}]}', 'suffix match pattern must be a string'],
    ['{"a":[{"equals-ignore-case":true^}]}', 'equals-ignore-case match pattern must be a string'],
    ['{"a":[{"wildcard":{^}}]}', 'wildcard match pattern must be a string'],
    ['{"a":[{"cidr":8^}]}', 'prefix match pattern must be a string'],
    ['{"a":[{"prefix":{}^}]}', 'Prefix expression name not found'],
    ['{"a":[{"suffix":{}^}]}', 'Suffix expression name not found'],
    ['{"a":[{"prefix":{"wildcard":"^x"}}]}', 'Unsupported prefix pattern: wildcard'],
    ['{"a":[{"suffix":{"prefix":"^x"}}]}', 'Unsupported suffix pattern: prefix'],
    [
      '{"a":[{"prefix":{"equals-ignore-case":1^}}]}',
      'equals-ignore-case match pattern must be a string',
    ],
    [
      '{"a":[{"prefix":{"equals-ignore-case":"x","y":1^}}]}',
      'Only one key allowed in match expression',
    ],
    [
      '{"a":[{"prefix":{"equals-ignore-case":"x"},"y":1^}]}',
      'Only one key allowed in match expression',
    ],
    ['{"a":[{"wildcard":"a**"^}]}', 'Consecutive wildcard characters at pos 2'],
    ['{"a":[{"wildcard":"a\\\\b"^}]}', 'Invalid escape character at pos 2'],
  ])

  test.each([
    ['10.0.0.0/32', 'IPv4 mask bits must be < 32'],
    ['x/8', 'Nonstandard IP address: x'],
  ])('an address block such as %s is refused without a location', (block, message) => {
    expect(refusalOf(`{"a":[{"cidr":"${block}"}]}`)).toBe(message)
  })
})

describe('numeric', () => {
  refusals([
    ['{"a":[{"numeric":"^>"}]}', 'Value of numeric must be an array.'],
    ['{"a":[{"numeric":[5^]}]}', 'Invalid member in numeric match: 5'],
    ['{"a":[{"numeric":[true^]}]}', 'Invalid member in numeric match: true'],
    ['{"a":[{"numeric":[[^]]}]}', 'Invalid member in numeric match: ['],
    ['{"a":[{"numeric":["<>",1^]}]}', 'Unrecognized numeric range operator: <>'],
    ['{"a":[{"numeric":["=","^1"]}]}', 'Value of equals must be numeric'],
    ['{"a":[{"numeric":["<",null^]}]}', 'Value of < must be numeric'],
    ['{"a":[{"numeric":["<="]^}]}', 'Value of <= must be numeric'],
    ['{"a":[{"numeric":[">=",{^}]}]}', 'Value of >= must be numeric'],
    ['{"a":[{"numeric":["=",1,2^]}]}', 'Too many elements in numeric expression'],
    ['{"a":[{"numeric":["<",1,"^>",0]}]}', 'Too many elements in numeric expression'],
    ['{"a":[{"numeric":[">",1,2^]}]}', 'Bad value in numeric range: 2'],
    ['{"a":[{"numeric":[">",1,"="^,2]}]}', 'Bad numeric range operator: ='],
    ['{"a":[{"numeric":[">",1,">"^,2]}]}', 'Bad numeric range operator: >'],
    ['{"a":[{"numeric":[">",1,"<","^2"]}]}', 'Value of < must be numeric'],
    ['{"a":[{"numeric":[">",1,"<",2,3^]}]}', 'Too many terms in numeric range expression'],
    ['{"a":[{"numeric":[">=",5,"<=",5]^}]}', 'Bottom must be less than top'],
    ['{"a":[{"numeric":[">",1e400]^}]}', 'Cannot compare number : 1e400'],
    ['{"a":[{"numeric":[">",0,"<",1e400]^}]}', 'Cannot compare number : 1e400'],
    ['{"a":[{"numeric":["=",1],"x":1^}]}', 'Too many elements in numeric expression'],
  ])
})

describe('anything-but', () => {
  refusals([
    ['{"a":[{"anything-but":null^}]}', ANYTHING_BUT_OPERAND],
    ['{"a":[{"anything-but":{"prefix":true^}}]}', ANYTHING_BUT_OPERAND],
    ['{"a":[{"anything-but":{"wildcard":{^}}}]}', ANYTHING_BUT_OPERAND],
    ['{"a":[{"anything-but":["x",1]^}]}', MIXED_LIST],
    ['{"a":[{"anything-but":{}^}]}', 'Anything-But expression name not found'],
    ['{"a":[{"anything-but":{"numeric":[^]}}]}', 'Unsupported anything-but pattern: numeric'],
    ['{"a":[{"anything-but":{"cidr":"^"}}]}', 'Unsupported anything-but pattern: cidr'],
    ['{"a":[{"anything-but":{"prefix":1^}}]}', 'prefix/suffix match pattern must be a string'],
    ['{"a":[{"anything-but":{"wildcard":1^}}]}', 'wildcard match pattern must be a string'],
    ['{"a":[{"anything-but":{"equals-ignore-case":1^}}]}', IGNORE_CASE_LIST],
    ['{"a":[{"anything-but":{"prefix":""^}}]}', 'Null prefix/suffix not allowed'],
    ['{"a":[{"anything-but":{"suffix":""^}}]}', 'Null prefix/suffix not allowed'],
    ['{"a":[{"anything-but":{"suffix":[]^}}]}', 'Empty arrays are not allowed'],
    ['{"a":[{"anything-but":{"wildcard":[]^}}]}', 'Empty arrays are not allowed'],
    [
      '{"a":[{"anything-but":{"wildcard":["a","b**"]^}}]}',
      'Consecutive wildcard characters at pos 2',
    ],
    ['{"a":[{"anything-but":"x","y":1^}]}', 'Too many elements in numeric expression'],
    ['{"a":[{"anything-but":{"prefix":"x","y":1^}}]}', 'Too many elements in numeric expression'],
    ['{"a":[{"anything-but":[1e400^]}]}', 'Cannot compare number : 1e400'],
  ])

  test('a number that cannot be compared is refused without a location', () => {
    expect(refusalOf('{"a":[{"anything-but":12345678901234567890}]}')).toBe(
      'Cannot compare number : 12345678901234567890',
    )
  })

  test.each([
    [
      '{"a":[{"anything-but":[1,null^]}]}',
      'Inside anything but list, start|null|boolean is not supported.',
    ],
    [
      '{"a":[{"anything-but":{"suffix":["x",1^]}}]}',
      'prefix/suffix match pattern must be a string',
    ],
    ['{"a":[{"anything-but":{"prefix":["x",""^]}}]}', 'Null prefix/suffix not allowed'],
    ['{"a":[{"anything-but":{"wildcard":[[^]]}}]}', 'wildcard match pattern must be a string'],
    ['{"a":[{"anything-but":{"equals-ignore-case":[1^]}}]}', IGNORE_CASE_LIST],
    ['{"a":[{"anything-but":["x"^', unexpectedEnd('{"a":[{"anything-but":["x"', 23)],
  ])('an error inside a list carries the location twice: %s', (marked, message) => {
    const { pattern, location } = unmark(marked)
    expect(refusalOf(pattern)).toBe(message + location + location)
  })
})

describe('$or', () => {
  refusals([
    ['{"$or":1^}', 'It must be an Array followed with $or.'],
    ['{"$or":[]^}', 'There must have at least 2 Objects in $or relationship.'],
    ['{"a":{"$or":[{"b":[1]}]^}}', 'There must have at least 2 Objects in $or relationship.'],
    ['{"$or":[{"b":[1]},1^]}', 'Only JSON object is allowed in array of $or relationship.'],
    ['{"$or":[[^]]}', 'Only JSON object is allowed in array of $or relationship.'],
    ['{"$or":[{"a":[1]},{}^]}', 'Empty objects are not allowed'],
    ['{"$or":[{"a":[1]},{"prefix":"^x"}]}', reserved('prefix')],
    ['{"$or":[{"a":{"regex":[^1]}},{"b":[2]}]}', reserved('regex')],
    ['{"$or":[{"a":{">=":[^1]}},{"b":[2]}]}', reserved('>=')],
    [
      '{"$or":[{"a":{"ip-address-not-in-range":1^}},{"b":[2]}]}',
      reserved('ip-address-not-in-range'),
    ],
  ])

  test('the reserved words are field names elsewhere', () => {
    expect(EventPattern.parse('{"prefix":[1]}').matches('{"prefix":1}')).toBe(true)
    const pattern = EventPattern.parse(
      '{"$or":[{"a":["exists"]},{"b":[2]}],"exists":{"numeric":[1]}}',
    )
    expect(pattern.matches('{"a":"exists","exists":{"numeric":1}}')).toBe(true)
  })
})

describe('limits', () => {
  test('$or may multiply to 1,000 combinations and not to more', () => {
    expect(refusalOf(productOf(10, 10, 10))).toBeUndefined()
    expect(refusalOf(productOf(7, 11, 13))).toContain('Only 1000 combinations are allowed')
    expect(refusalOf(productOf(...Array.from({ length: 60 }, () => 2)))).toContain('Only 1000')
  })

  test('the length of a pattern is not limited here', () => {
    const words = Array.from({ length: 20_000 }, (_, at) => `"word ${at}"`)
    expect(refusalOf(`{"a":[${words.join()}]}`)).toBeUndefined()
  })

  test('a pattern may name 256 fields and not more', () => {
    expect(refusalOf(withFields(256))).toBeUndefined()
    expect(refusalOf(withFields(257))).toContain('Only 256 fields are allowed')
  })

  test('a pattern may nest 1,000 levels and not more', () => {
    expect(refusalOf(nested(1_000))).toBeUndefined()
    expect(refusalOf(nested(1_001))).toContain('nesting depth (1001) exceeds the maximum')
    expect(refusalOf('{"$or":[{"a":'.repeat(50_000))).toContain('nesting depth (1001)')
  })
})

test('a refusal is an InvalidEventPatternError, with the cause when it is not JSON', () => {
  expect(() => EventPattern.parse('{"a":[1,]}')).toThrow(
    expect.objectContaining({
      name: 'InvalidEventPatternError',
      cause: expect.objectContaining({ name: 'JsonSyntaxError' }),
    }),
  )
})

test('the line and column are those of a pattern over several lines', () => {
  const pattern = '{\n  "a": [\n    {"foo": 1}\n  ]\n}'
  expect(refusalOf(pattern)).toBe(
    `Unrecognized match type foo\n at [Source: (String)"${pattern}"; line: 3, column: 14]`,
  )
})

function refusals(cases: readonly (readonly [marked: string, message: string])[]): void {
  test.each(cases)('%s', (marked, message) => {
    const { pattern, location } = unmark(marked)
    expect(refusalOf(pattern)).toBe(message + location)
  })
}

function reserved(word: string): string {
  return `${word} is Ruler reserved fieldName which cannot be used inside $or.`
}

/** A pattern of several $or with so many branches each. */
function productOf(...branches: readonly number[]): string {
  const lists = branches.map(
    (count, at) => `"$or":[${`{"a${at}":[1]},`.repeat(count - 1)}{"z":[1]}]`,
  )
  return `{${lists.join()}}`
}

function withFields(count: number): string {
  return `{${Array.from({ length: count }, (_, at) => `"f${at}":[1]`).join()}}`
}

function nested(levels: number): string {
  return `${'{"a":'.repeat(levels - 1)}[1]${'}'.repeat(levels - 1)}`
}

function unmark(marked: string): { pattern: string; location: string } {
  const pattern = marked.replace('^', '')
  const column = marked.indexOf('^') + 1
  return { pattern, location: `\n at [Source: (String)"${pattern}"; line: 1, column: ${column}]` }
}

function unexpectedEnd(pattern: string, column: number): string {
  const start = `[Source: (String)"${pattern}"; line: 1, column: ${column}]`
  return `Unexpected end-of-input: expected close marker for Array (start marker at ${start})`
}

function refusalOf(pattern: string): string | undefined {
  try {
    EventPattern.parse(pattern)
    return undefined
  } catch (error) {
    if (error instanceof InvalidEventPatternError) return error.message
    throw error
  }
}
