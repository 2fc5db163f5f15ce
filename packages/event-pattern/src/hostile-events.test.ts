import { describe, expect, test } from 'vitest'
import { EventPattern, RuleSet } from './event-pattern.ts'

// So large that a search that explodes takes minutes: `npm run bench -- pattern hostile` measures.
const MANY = 100_000
const UTF8 = new TextEncoder()

const EVERYTHING = '{"none":[{"exists":false}]}'
const PATTERNS = [
  EVERYTHING,
  '{"a":[1]}',
  '{"a":{"b":[1],"c":[2],"d":[{"exists":false}]}}',
  '{"a":[{"wildcard":"*aab*b"},{"suffix":"b"},{"anything-but":{"prefix":"a"}}]}',
  '{"a":[{"equals-ignore-case":"aaaaaaaaaaaaaaaa"},{"cidr":"10.0.0.0/8"},{"numeric":["<",5]}]}',
  '{"x":{"a":[1]},"y":{"a":[1]},"z":{"a":[2]}}',
].map((text) => EventPattern.parse(text))

describe('an event that is no event matches nothing, however it ends', () => {
  test.each([
    ['nothing', ''],
    ['an open object', '{'],
    ['an open name', '{"a'],
    ['an open string', '{"a":"b'],
    ['an open escape', '{"a":"\\'],
    ['half a unicode escape', '{"a":"\\ud8'],
    ['a name only', '{"a"'],
    ['no value', '{"a":'],
    ['half a keyword', '{"a":tru'],
    ['half a number', '{"a":1.'],
    ['an open array', '{"a":[1'],
    ['a comma too many', '{"a":1,}'],
    ['a comma too few', '{"a":1"b":2}'],
    ['a second value', '{"a":1}{"a":1}'],
    ['an array', '[{"a":1}]'],
    ['a byte order mark', '\ufeff{"a":1}'],
    ['a control character', '{"a":"\u0001"}'],
    ['levels without end', '{"a":'.repeat(MANY)],
    ['arrays without end', `{"a":${'['.repeat(MANY)}`],
    ['quotes without end', `{${'"'.repeat(MANY)}`],
    ['backslashes without end', `{"a":"${'\\'.repeat(MANY + 1)}`],
    ['spaces without end', ' '.repeat(MANY)],
  ])('%s', (_, event) => {
    expect(matched(event)).toEqual([])
  })

  test.each([
    ['a byte that is never in UTF-8', [0xff]],
    ['a continuation without a start', [0x80]],
    ['a start without a continuation', [0xc3]],
    ['an overlong character', [0xc0, 0xaf]],
    ['half a surrogate pair', [0xed, 0xa0, 0x80]],
    ['a character above the last', [0xf4, 0x90, 0x80, 0x80]],
  ])('%s', (_, bytes) => {
    const inName = Uint8Array.of(...UTF8.encode('{"a'), ...bytes, ...UTF8.encode('":1}'))
    const inValue = Uint8Array.of(...UTF8.encode('{"a":"'), ...bytes, ...UTF8.encode('"}'))
    const between = Uint8Array.of(...UTF8.encode('{"a":1'), ...bytes, ...UTF8.encode('}'))
    expect([inName, inValue, between].map(matched)).toEqual([[], [], []])
  })
})

describe('nesting', () => {
  test.each([
    ['objects', (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`],
    ['arrays', (levels: number) => `{"a":${'['.repeat(levels - 1)}1${']'.repeat(levels - 1)}}`],
    [
      'objects nobody asks for',
      (levels: number) => `{"q":${'{"a":'.repeat(levels - 1)}1${'}'.repeat(levels - 1)}}`,
    ],
  ])('%s nest 1,000 levels and not more', (_, nested) => {
    expect(matched(nested(1_000))).toContain(EVERYTHING)
    expect(matched(nested(1_001))).toEqual([])
    expect(matched(nested(MANY))).toEqual([])
  })
})

describe('large events are answered', () => {
  const [list, text] = ['1,'.repeat(MANY), 'aab'.repeat(MANY)]

  test.each([
    ['a long array', `{"a":[${list}1]}`, true],
    ['many objects', `{"a":[${'{"b":1},{"c":2},'.repeat(MANY / 2)}{"b":2}]}`, true],
    [
      'many names',
      `{${Array.from({ length: MANY }, (__, at) => `"n${at}":1`).join()},"a":1}`,
      true,
    ],
    ['one name many times', `{${'"a":1,'.repeat(MANY)}"a":2}`, true],
    ['a long string', `{"a":"${text}b"}`, true],
    ['a long string of escapes', `{"a":"${'\\u0061\\ud83d\\ude00\\n'.repeat(MANY)}b"}`, true],
    ['a long name', `{"${text}":1}`, true],
    ['a long number', `{"a":${'1'.repeat(MANY)}}`, true],
    ['a number of zeros', `{"a":0.${'0'.repeat(MANY)}1e${MANY}}`, true],
    ['spaces', `{${' \n\t\r'.repeat(MANY)}"a":1}`, true],
    ['empty containers', `{"a":[${'[],{},'.repeat(MANY)}1]}`, true],
    [
      'three arrays under repeated names',
      `{${['x', 'y', 'z'].map((name) => `"${name}":[{"a":1}],`.repeat(300)).join('')}"a":1}`,
      true,
    ],
  ])('%s', (_, event, isEvent) => {
    expect(matched(event).includes(EVERYTHING)).toBe(isEvent)
  })
})

describe('many rules are answered', () => {
  const repeated = `{${Array(800)
    .fill(`"e":[{"a":1},${'{"b":2},'.repeat(20)}{"c":3}]`)
    .join()}}`
  const objects = JSON.stringify({
    e: Array.from({ length: 30_000 }, (_, at) => [{ a: 1 }, { b: 2 }, { c: 3 }][at % 3]),
  })

  test.each([
    [
      'an absence in arrays under one name',
      (at: number) => `{"e":{"a":[1,"q${at}"],"b":[{"exists":false}],"c":[3]}}`,
      repeated,
    ],
    [
      'fields in different objects of one array',
      (at: number) => `{"e":{"a":[1,"q${at}"],"b":[2],"c":[3]}}`,
      objects,
    ],
    [
      'a value that all rules ask for',
      (at: number) => `{"a":["x","u${at}"],"b":["v${at}"]}`,
      '{"a":"x","b":"y"}',
    ],
  ])('%s', (_, patternOf, event) => {
    const rules = new RuleSet<number>()
    for (let at = 0; at < 300; at++) rules.add(at, EventPattern.parse(patternOf(at)))
    expect(rules.match(event)).toEqual([])
  })
})

test('an escape for half a surrogate pair is a question mark', () => {
  const pattern = EventPattern.parse('{"a":["x?"]}')
  const lone = EventPattern.parse('{"a":["x\\udc00"]}')
  for (const event of ['{"a":"x?"}', '{"a":"x\\ud83d"}', '{"a":"x\\ude00"}']) {
    expect([event, pattern.matches(event), lone.matches(event)]).toEqual([event, true, true])
  }
  expect(pattern.matches('{"a":"x\\ud83d\\ude00"}')).toBe(false)
  expect(EventPattern.parse('{"a":["\\ud83d\\ude00"]}').matches('{"a":"\u{1f600}"}')).toBe(true)
})

/** The patterns that match, the same whether alone or together and of the string or its bytes. */
function matched(event: string | Uint8Array): readonly string[] {
  const rules = new RuleSet<string>()
  for (const pattern of PATTERNS) rules.add(pattern.text, pattern)
  const alone = PATTERNS.filter((pattern) => pattern.matches(event)).map(({ text }) => text)
  expect(rules.match(event).toSorted()).toEqual(alone.toSorted())
  if (typeof event === 'string') {
    expect(rules.match(UTF8.encode(event)).toSorted()).toEqual(alone.toSorted())
  }
  rules.match(event, { trusted: true })
  return alone
}
