import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { isSettableHeader, settableHeaders, withQuery } from './http-parameters.ts'

const name = fc.stringMatching(/^[a-c%& é=]{1,3}$/)
const pairs = fc.array(fc.tuple(name, fc.string()), { maxLength: 5 })

describe('a query', () => {
  it('has what is given in place of what the URL has under the same names', () => {
    fc.assert(
      fc.property(pairs, pairs, (own, given) => {
        const base = 'https://example.com/a?'
        const url = base + new URLSearchParams(own).toString()
        const names = new Set(given.map(([key]) => key))
        const expected = [...own.filter(([key]) => !names.has(key)), ...new Map(given)]
        const found = new URL(withQuery(url, given)).searchParams
        expect([...found]).toEqual(expected)
      }),
    )
  })

  it('leaves a URL without parameters as it was written', () => {
    expect(withQuery('https://example.com/a?x=%41&y', [])).toBe('https://example.com/a?x=%41&y')
    expect(withQuery('https://example.com/a', [['q', '1']])).toBe('https://example.com/a?q=1')
  })
})

describe('headers', () => {
  it.each([
    ...['Host', 'content-length', 'IF-MATCH', 'if-none-match', 'Transfer-Encoding', 'User-Agent'],
    ...[
      'Range',
      'connection',
      'Proxy-Authorization',
      'via',
      'TE',
      'A-IM',
      'Expect',
      'cache-control',
    ],
  ])('of the name %s are left out', (header) => {
    expect(isSettableHeader(header)).toBe(false)
    expect(settableHeaders([[header, 'v']])).toEqual({})
  })

  it('are one for each name, the last that is given', () => {
    const given = [
      ['X-Team', 'a'],
      ['x-team', 'b'],
      ['Authorization', 'c'],
    ] as const
    expect(settableHeaders(given)).toEqual({ 'x-team': 'b', authorization: 'c' })
  })
})
