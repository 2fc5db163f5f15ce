import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { JSON_DEPTH_MAX, compactJson, compactObject } from './compact-json.ts'

/** What JSON.parse thinks of a text. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Texts near JSON: pieces of it in any order, and JSON with a character changed. */
const pieces = fc
  .array(
    fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '"a"',
        '"\\',
        '\\u00',
        '\\u0041"',
        '"\\n"',
        '"\u0001"',
      ],
      ...[
        '0',
        '1',
        '01',
        '-',
        '1.',
        '.5',
        '1.5',
        '1e5',
        '1E+',
        '2e-3',
        '-0',
        'true',
        'fals',
        'null',
      ],
      ...[' ', '\n', '\t', '\r', '\u00a0', '\ufeff', '\f', 'é', '\u2028', '"é"'],
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))
const damaged = fc
  .tuple(fc.json(), fc.nat(), fc.string({ maxLength: 1 }))
  .map(([json, place, piece]) => {
    const at = place % (json.length + 1)
    return json.slice(0, at) + piece + json.slice(at + 1)
  })
const spaced = fc
  .tuple(fc.jsonValue(), fc.constantFrom(0, 1, 2, '\t', '\r\n'))
  .map(([value, space]) => ` ${JSON.stringify(value, null, space)}\n`)

describe('compactJson', () => {
  it('accepts what JSON.parse accepts, and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(pieces, damaged, spaced, fc.json()), (text) => {
        expect(compactJson(text) !== undefined).toBe(isJson(text))
      }),
      { numRuns: 20_000 },
    )
  })

  it('changes nothing but white space between tokens', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(1, 2, '\t'), (value, space) => {
        const compact = JSON.stringify(value)
        expect(compactJson(JSON.stringify(value, null, space))).toBe(compact)
        expect(compactJson(compact)).toBe(compact)
      }),
    )
  })

  it('keeps numbers as they were written', () => {
    expect(compactJson(' [ 1.0, 1e3 , 12345678901234567890,-0, 1.10E+01 ] ')).toBe(
      '[1.0,1e3,12345678901234567890,-0,1.10E+01]',
    )
  })

  it('takes nesting up to its limit and no deeper', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
    expect(compactJson(nested(JSON_DEPTH_MAX))).toBeDefined()
    expect(compactJson(nested(JSON_DEPTH_MAX + 1))).toBeUndefined()
    expect(compactJson('['.repeat(1_000_000))).toBeUndefined()
  })
})

describe('compactObject', () => {
  it.each(['[]', '1', '"{}"', 'null', '', ' '])('refuses %j, which is no object', (text) => {
    expect(compactObject(text)).toBeUndefined()
  })
  it('takes an object', () => {
    expect(compactObject(' { "a" : 1 } ')).toBe('{"a":1}')
  })
})
