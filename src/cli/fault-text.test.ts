import { describe, expect, it } from 'vitest'

import { EventPattern, InvalidEventPatternError, textFault } from '@belfry/event-pattern'

import { faultText } from './fault-text.ts'

describe('a fault in a text', () => {
  it('is shown at the token that was read last', () => {
    expect(shown('{\n  "source": "aws.ec2"\n}')).toEqual([
      'refused',
      '  --> rule.json:2:13',
      '  |',
      '2 |   "source": "aws.ec2"',
      '  |             ^^^^^^^^^',
      '  hint: a field takes a list, also for one value: "source": [...]',
    ])
  })

  it.each([
    ['the operator that is meant', '{"a":[{"prefx":"x"}]}', '"prefx"'],
    ['a number', '{"a":[{"exists":100}]}', '100'],
    ['a string that was read', '{"a":[{"wildcard":"a**b"}]}', '"a**b"'],
    ['a bracket', '{"a":[]}', ']'],
    ['what is no JSON', "{'a':[1]}", "'"],
    ['a keyword that is none', '{"a":[True]}', 'True'],
  ])('marks %s', (_what, pattern, token) => {
    expect(markedIn(pattern)).toBe(token)
  })

  it('marks the place after the end where the text ends too early', () => {
    const [, , , line = '', marks = ''] = shown('{"a":[1')
    expect(marks.indexOf('^')).toBe(line.length)
  })

  it('counts every kind of line break, and wide characters as two columns', () => {
    const [, place, , line, marks] = shown('{"漢字":["x"],\r\n\r\n "漢字": 100}')
    expect(place).toBe('  --> rule.json:3:8')
    expect([line, marks]).toEqual(['3 |  "漢字": 100}', '  |          ^^^'])
  })

  it('shows a part of a long line, and no control characters', () => {
    const long = Array.from({ length: 100 }, (_, at) => `"field${at}":["x"]`)
    const [, , , line = '', marks = ''] = shown(`{${long.join()},\t"\u202ea":5,${long.join()}}`)
    expect(line.length).toBeLessThan(120)
    expect(line).not.toMatch(/[\t\u202e]/)
    expect(line.slice(marks.indexOf('^'), marks.lastIndexOf('^') + 1)).toBe('5')
    expect(line).toMatch(/^1 \| ….*…$/)
  })

  it('without a place is its message alone', () => {
    expect(shown('{"a":[{"cidr":"x"}]}')).toEqual(['refused'])
  })
})

function markedIn(pattern: string): string {
  const [, , , line = '', marks = ''] = shown(pattern)
  return line.slice(marks.indexOf('^'), marks.lastIndexOf('^') + 1)
}

function shown(text: string): readonly string[] {
  try {
    EventPattern.parse(text)
  } catch (error) {
    if (!(error instanceof InvalidEventPatternError)) throw error
    const fault = textFault(error)
    return faultText({ message: 'refused', text, origin: 'rule.json', fault }).split('\n')
  }
  throw new Error(`${text} was accepted`)
}
