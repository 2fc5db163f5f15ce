import { describe, expect, test } from 'vitest'
import {
  endsIgnoringCase,
  equalsIgnoringCase,
  foldCase,
  startsIgnoringCase,
} from './case-folding.ts'

describe('equality', () => {
  test.each([
    ['aBc', 'AbC', true],
    ['abc', 'abcd', false],
    ['abcd', 'abc', false],
    ['', '', true],
    ['', 'x', false],
    ['\u00df', '\u00df', true],
    ['\u00df', 'SS', true],
    ['\u00df', 'ss', false],
    ['ss', '\u00df', false],
    ['\u1e9e', '\u00df', true],
    ['\u212a', 'k', true],
    ['k', '\u212a', false],
    ['i', '\u0130', false],
    ['i', '\u0131', false],
    ['I', '\u0131', false],
    ['\u0131', 'I', true],
    ['\u03c3', '\u03c2', false],
    ['\ufb01', 'FI', true],
    ['\ufb01', 'fi', false],
    ['\u2c65', '\u023a', true],
    ['\u01c5', '\u01c6', true],
    ['\u01c5', '\u01c5', false],
    ['\u{10400}', '\u{10400}', false],
    ['\u{10400}', '\u{10428}', false],
    ['\u{10400}', '??', true],
    ['a\u{1f600}b', 'A??B', true],
    ['\u{1f600}', '?', false],
    ['\ud83d', '?', true],
    ['??', '\u{1f600}', false],
  ])('pattern %s, value %s: %s', (pattern, value, equal) => {
    expect(equalsIgnoringCase(value, foldCase(pattern))).toBe(equal)
  })
})

test('a start and an end may be longer in the value than in the pattern', () => {
  expect(startsIgnoringCase('SStrasse', foldCase('\u00dfT'))).toBe(true)
  expect(startsIgnoringCase('SStrasse', foldCase('\u00dfS'))).toBe(false)
  expect(endsIgnoringCase('photo.GIFFI', foldCase('.gif\ufb01'))).toBe(true)
  expect(endsIgnoringCase('FFI', foldCase('.f\ufb01'))).toBe(false)
})

test('a character of two units starts and ends a value as two question marks', () => {
  expect(startsIgnoringCase('??x', foldCase('\u{1f600}X'))).toBe(true)
  expect(startsIgnoringCase('\u{1f600}x', foldCase('\u{1f600}X'))).toBe(false)
  expect(endsIgnoringCase('x??', foldCase('X\u{1f600}'))).toBe(true)
  expect(endsIgnoringCase('x\u{1f600}', foldCase('X\u{1f600}'))).toBe(false)
})

test('an empty start or end fits every value', () => {
  expect(startsIgnoringCase('x', foldCase(''))).toBe(true)
  expect(endsIgnoringCase('', foldCase(''))).toBe(true)
})

test('a pattern longer than the value neither starts nor ends it', () => {
  expect(startsIgnoringCase('ab', foldCase('abc'))).toBe(false)
  expect(endsIgnoringCase('ab', foldCase('cab'))).toBe(false)
})

test('no unit has one case that starts or ends with its other case', () => {
  const ambiguous: string[] = []
  for (let code = 0; code <= 0xffff; code++) {
    const unit = String.fromCharCode(code)
    const cases = [unit.toLowerCase(), unit.toUpperCase()].toSorted((a, b) => a.length - b.length)
    const [short = '', long = ''] = cases
    if (short !== long && (long.startsWith(short) || long.endsWith(short))) ambiguous.push(unit)
  }
  expect(ambiguous).toEqual([])
})
