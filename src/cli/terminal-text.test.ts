import { describe, expect, it } from 'vitest'

import {
  clipped,
  counted,
  localMoment,
  padded,
  printable,
  widthOf,
  wrapped,
} from './terminal-text.ts'

describe('text for a terminal', () => {
  it('cannot move the cursor, ring, break the line or turn the reading order', () => {
    const hostile = 'a\u001b[2Jb\u0007c\r\nd\u009b1me\u202ef'
    expect(printable(hostile)).toBe('a [2Jb c d 1me f')
  })

  it.each([
    ['plain', 5],
    ['Inês', 4],
    ['e\u0301', 1],
    ['漢字', 4],
    ['👩‍💻', 2],
    ['', 0],
  ])('%s takes %i columns', (text, width) => {
    expect(widthOf(text)).toBe(width)
  })

  it('is cut with an ellipsis only where it does not fit', () => {
    expect(clipped('payments', 8)).toBe('payments')
    expect(clipped('payments', 7)).toBe('paymen…')
    expect(clipped('漢字漢字', 6)).toBe('漢字…')
    expect(clipped('x', 0)).toBe('')
  })

  it('is broken between words, and a word that is too wide stands alone', () => {
    expect(wrapped('the role is of the account', 11)).toEqual(['the role is', 'of the', 'account'])
    expect(wrapped('a administration b', 5)).toEqual(['a', 'administration', 'b'])
    expect(wrapped('any', Number.POSITIVE_INFINITY)).toEqual(['any'])
    expect(wrapped('', 5)).toEqual([''])
  })

  it('is filled to the width on either side', () => {
    expect(padded('ab', 4)).toBe('ab  ')
    expect(padded('ab', 4, 'right')).toBe('  ab')
    expect(widthOf(padded('漢字漢字', 6))).toBe(6)
  })

  it('counts in the singular and the plural', () => {
    expect(counted(1, 'event')).toBe('1 event')
    expect(counted(12_345, 'delivery', 'deliveries')).toBe('12,345 deliveries')
  })

  it('writes moments in local time', () => {
    expect(localMoment(new Date(2026, 0, 2, 3, 4, 5).getTime())).toBe('2026-01-02 03:04:05')
  })
})
