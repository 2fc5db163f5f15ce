import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fitsWildcard, parseWildcard } from './wildcard.ts'

describe('what fits', () => {
  test.each([
    ['*', '', true],
    ['*', 'anything', true],
    ['', '', true],
    ['', 'x', false],
    ['abc', 'abc', true],
    ['a*', 'a', true],
    ['a*', 'ba', false],
    ['*a', 'ba', true],
    ['*a', 'ab', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'acb', false],
    ['*ab*ab*', 'aab', false],
    ['*ab*b', 'aab', false],
    ['*bc*c', 'abc', false],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['\\\\', '\\', true],
    ['*\\**', 'x*y', true],
    ['*\\**', 'xy', false],
    ['日*語', '日本語', true],
  ])('%s and %s: %s', (text, value, fits) => {
    expect(fitsWildcard(value, wildcard(text))).toBe(fits)
  })
})

describe('what is refused, counted in UTF-8 bytes from the opening quote', () => {
  test.each([
    ['a\\b', 'Invalid escape character at pos 2'],
    ['a\\', 'Invalid escape character at pos 2'],
    ['**', 'Consecutive wildcard characters at pos 1'],
    ['ab**', 'Consecutive wildcard characters at pos 3'],
    ['\\***', 'Consecutive wildcard characters at pos 3'],
    ['日本**', 'Consecutive wildcard characters at pos 7'],
    ['\u{1f600}\\x', 'Invalid escape character at pos 5'],
  ])('%s', (text, error) => {
    expect(parseWildcard(text)).toEqual({ error })
  })
})

test('a wildcard fits what the regular expression with the same meaning fits', () => {
  const letters = fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 8 })
  fc.assert(
    fc.property(
      letters,
      fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }),
      (parts, value) => {
        const text = parts.join('').replaceAll(/\*+/g, '*')
        const regex = new RegExp(`^${text.replaceAll('*', '.*')}$`)
        expect(fitsWildcard(value, wildcard(text))).toBe(regex.test(value))
      },
    ),
  )
})

function wildcard(text: string): readonly string[] {
  const parsed = parseWildcard(text)
  if ('error' in parsed) throw new Error(parsed.error)
  return parsed.wildcard
}
