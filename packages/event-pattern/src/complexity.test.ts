import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Alternative } from './compile.ts'
import { complexityOf } from './complexity.ts'
import { EventPattern, InvalidEventPatternError } from './event-pattern.ts'
import type { ValueTest } from './value-test.ts'
import { parseWildcard } from './wildcard.ts'

const TOO_COMPLEX =
  'Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character'

describe('wildcards of one field', () => {
  test.each([
    ['', 1],
    ['abc', 1],
    ['*', 2],
    ['abc*', 2],
    ['*abc', 2],
    ['*\\*', 2],
    ['*aa', 3],
    ['*é', 2],
    ['*é*è', 4],
    ['*a*b*c*d*e*f', 7],
    ['*a*a*a*a', 8],
    ['*:*:*:*:*:', 10],
    ['*:*:*:*:*:event-bus/*', 11],
    ['*a*b*c*d*e*f*g*h*i*j*', 12],
    [`*${'a'.repeat(12)}`, 13],
  ])('%s has %i', (text, complexity) => {
    expect(complexityOf(alternativeOf([text]))).toBe(complexity)
  })

  test('eleven that end differently have 22', () => {
    expect(complexityOf(alternativeOf(endings(11)))).toBe(22)
  })

  test('nothing is counted above 100', () => {
    expect(complexityOf(alternativeOf(['*a'.repeat(49)]))).toBe(98)
    expect(complexityOf(alternativeOf(['*a'.repeat(51)]))).toBe(100)
    expect(complexityOf(alternativeOf(endings(26).map((end) => end.repeat(5))))).toBe(100)
  })
})

describe('the tests of one field', () => {
  test.each([
    ['no wildcard', ['"x"', '{"prefix":"x"}', '{"anything-but":{"suffix":"x"}}'], 0],
    ['three wildcards', ['a*', 'b*', '*c'].map(wildcard), 4],
    ['the same wildcard twice', [wildcard('*x'), wildcard('*x')], 2],
    ['wildcards that share no value', ['a*b', 'c*d'].map(wildcard), 2],
    ['one that begins with the other', ['a*b', 'aa*c'].map(wildcard), 3],
    ['other tests beside a wildcard', ['"x"', '{"exists":true}', wildcard('*x')], 2],
  ])('%s', (_, tests, complexity) => {
    expect(complexityWith(tests)).toBe(complexity)
  })
})

describe('the wildcards under one anything-but share what they have in common', () => {
  test.each([
    ['one', ['*a'], 2],
    ['a star', ['*a', '*b', '*c'], 2],
    ['a text without upper case', ['*/a', '*/b'], 2],
    ['a text with upper case is not shared behind a star', ['*xa', '*xb'], 3],
    ['a text with upper case is shared before a star', ['xa*', 'xb*'], 2],
    ['no more after the next star of one', ['*/*a', '*//b', '*//c'], 5],
  ])('%s', (_, texts, complexity) => {
    const list = JSON.stringify(texts)
    expect(complexityWith([`{"anything-but":{"wildcard":${list}}}`])).toBe(complexity)
  })

  test('but not with the wildcards beside it', () => {
    expect(complexityWith(['{"anything-but":{"wildcard":"*a"}}', wildcard('*b')])).toBe(4)
  })
})

describe('several fields', () => {
  const [a, b] = [wildcard('*a'), wildcard('*b')]

  test.each([
    ['the highest of them counts', `{"x":[${a}],"y":[${a},${b}]}`, 4],
    ['alternatives of one field add up', `{"$or":[{"x":[${a}]},{"x":[${b}]}]}`, 4],
    ['behind the same values too', `{"$or":[{"x":[${a}]},{"x":[${b}]}],"c":["v"]}`, 4],
    ['behind different values not', `{"$or":[{"c":[1],"x":[${a}]},{"c":[2],"x":[${b}]}]}`, 2],
    [
      'behind a list that holds both values again',
      `{"$or":[{"c":[1],"x":[${a}]},{"c":[1,2],"x":[${b}]}]}`,
      4,
    ],
    ['nothing counts behind an absent field', `{"c":[{"exists":false}],"x":[${a}]}`, 0],
    ['unless it may have a value', `{"c":[{"exists":false},1],"x":[${a}]}`, 2],
    ['an absent field behind it changes nothing', `{"c":[${a}],"x":[{"exists":false}]}`, 2],
  ])('%s', (_, text, complexity) => {
    expect(EventPattern.parse(text).complexity).toBe(complexity)
  })
})

test('it is the greatest set of states on any way through the automaton', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'b', 'é', 'è'), maxLength: 3 })
  const text = fc
    .array(piece, { minLength: 1, maxLength: 4 })
    .map((pieces) => pieces.join('*').replaceAll(/\*+/g, '*'))
  fc.assert(
    fc.property(fc.uniqueArray(text, { minLength: 1, maxLength: 3 }), (texts) => {
      expect(complexityOf(alternativeOf(texts))).toBe(searched(texts))
    }),
    { numRuns: 2_000 },
  )
})

describe('the limit', () => {
  test('a complexity of 10 is accepted and one of 11 is refused, without a location', () => {
    expect(complexityWith([wildcard(`*${'a'.repeat(9)}`)])).toBe(10)
    expect(() => complexityWith([wildcard(`*${'a'.repeat(10)}`)])).toThrow(
      new InvalidEventPatternError(TOO_COMPLEX),
    )
  })

  test('what else is wrong with a pattern is said first', () => {
    expect(() => complexityWith([wildcard('*aaaaaaaaaaaaaaa'), '{"x":1}'])).toThrow('Unrecognized')
  })
})

describe('hostile patterns are refused', () => {
  const field = (tests: readonly string[]): string => `"f":[${tests.join()}]`
  const branches = (name: string): string =>
    `"$or":[${Array.from({ length: 10 }, (_, at) => `{"${name}${at}":[1,2,3]}`).join()}]`

  test.each([
    ['repetitions', `{${field([wildcard('*a'.repeat(2_000))])}}`],
    ['a long repetition', `{${field([wildcard(`*${'a'.repeat(1_000_000)}`)])}}`],
    ['different letters', `{${field(endings(26).map((end) => wildcard(end.repeat(100))))}}`],
    ['many wildcards', `{${field(Array.from({ length: 50_000 }, (_, at) => wildcard(`*${at}`)))}}`],
    [
      'many wildcards that begin alike',
      `{${field(Array.from({ length: 60 }, (_, at) => wildcard(`${'ab'.repeat(2_000)}${at}*b*a`)))}}`,
    ],
    [
      'many under one anything-but',
      `{${field([`{"anything-but":{"wildcard":${JSON.stringify(Array.from({ length: 50_000 }, (_, at) => `*x${at}*`))}}}`])}}`,
    ],
    [
      'many alternatives of many fields',
      `{${[branches('a'), branches('b'), branches('c'), ...Array.from({ length: 200 }, (_, at) => `"e${at}":[1,2,3,4]`)].join()},${field([wildcard('*aa')])}}`,
    ],
  ])('%s', (_, text) => {
    expect(() => EventPattern.parse(text)).toThrow(new InvalidEventPatternError(TOO_COMPLEX))
  })
})

/** The greatest of all sets of positions in these wildcards that some value leads to. */
function searched(texts: readonly string[]): number {
  const STAR = 0x2a
  const wildcards = texts.map((text) => new TextEncoder().encode(`"${text}"`))
  const alphabet = new Set(wildcards.flatMap((bytes) => [...bytes]).filter((byte) => byte !== STAR))
  const step = (set: string, byte: number): string => {
    const next = new Set<string>()
    for (const position of set.split(' ')) {
      const [index = 0, at = 0] = position.split(':').map(Number)
      const bytes = wildcards[index] ?? new Uint8Array()
      if (bytes[at - 1] === STAR) next.add(position)
      if (bytes[at] !== byte) continue
      next.add(`${index}:${at + 1}`)
      if (bytes[at + 1] === STAR) next.add(`${index}:${at + 2}`)
    }
    return [...next].toSorted().join(' ')
  }
  let most = 0
  const seen = new Set([wildcards.map((_, index) => `${index}:0`).join(' ')])
  for (const set of seen) {
    for (const next of [...alphabet].map((byte) => step(set, byte))) {
      if (next === '') continue
      most = Math.max(most, next.split(' ').length)
      seen.add(next)
    }
  }
  return most
}

/** `*a`, `*b` and so on. */
function endings(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `*${String.fromCharCode(0x61 + at)}`)
}

function wildcard(text: string): string {
  return `{"wildcard":${JSON.stringify(text)}}`
}

function alternativeOf(texts: readonly string[]): readonly Alternative[] {
  const tests = texts.map((text): ValueTest => {
    const parsed = parseWildcard(text)
    if ('error' in parsed) throw new Error(parsed.error)
    return { kind: 'wildcard', wildcard: parsed.wildcard }
  })
  return [[{ path: 'field', tests, mayBeAbsent: false }]]
}

function complexityWith(tests: readonly string[]): number {
  return EventPattern.parse(`{"field":[${tests.join()}]}`).complexity
}
