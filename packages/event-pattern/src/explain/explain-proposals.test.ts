import { describe, expect, test } from 'vitest'
import { InvalidEventPatternError } from '../errors.ts'
import { EventPattern } from '../pattern.ts'
import { textFault } from './text-fault.ts'

describe('a proposed entry', () => {
  test('is not given where AWS would refuse it as too complex', () => {
    const wanted = 'a'.repeat(60)
    expect(hintsOf(`["${wanted}"]`, JSON.stringify(`b${wanted}b`))).toEqual([])
  })

  test.each([
    ['["aws.ec2"]', 'x aws.ec2 y'],
    ['[{"prefix":"b*c"}]', 'bxc'],
    ['[{"suffix":"start"}]', 'start here'],
    ['[{"wildcard":"a*"}]', 'xa*b'],
    ['["10.0.0.0/8"]', '10.1.2.3'],
  ])('for %s and "%s" makes the field fit', (list, found) => {
    const hints = hintsOf(list, JSON.stringify(found))
    expect(hints).toHaveLength(1)
    for (const hint of hints) {
      const entry = hint.slice(hint.indexOf('use ') + 4)
      const pattern = EventPattern.parse(`{"s":[${entry}]}`)
      expect(pattern.matches(JSON.stringify({ s: found }))).toBe(true)
    }
  })

  test.each([
    ['the letter case', 'A'.repeat(343), 'a'.repeat(343)],
    ['white space', 'a'.repeat(343), `${'a'.repeat(343)} `],
  ])('is never a value that is cut: %s', (_what, wanted, found) => {
    const hints = hintsOf(`["${wanted}"]`, JSON.stringify(found))
    expect(hints).toHaveLength(1)
    expect(hints[0]).toContain('write it as the event has it')
    expect(hints[0]).not.toContain('…')
  })
})

describe('two strings that nearly agree', () => {
  const arn = (region: string, account: string) => `arn:aws:sns:${region}:${account}:alarms`

  test.each([
    ['aws.route53x', 'aws.route53', 'one letter differs: did you mean "aws.route53"?'],
    ['aws.ec2s', 'aws.ec2', 'one letter differs: did you mean "aws.ec2"?'],
    [
      arn('eu-west-1', '111122223333'),
      arn('eu-west-2', '111122223333'),
      'only the region of the ARN differs: the event has "eu-west-2", the pattern "eu-west-1"',
    ],
    [
      'caf\u00e9',
      'cafe\u0301',
      'the two look alike, but character 4 differs: the event has U+0065, the pattern U+00E9',
    ],
    [
      'a b',
      'a\u00a0b',
      'the two look alike, but character 2 differs: the event has U+00A0, the pattern U+0020',
    ],
    [
      'ab\u200b',
      'ab',
      'the two look alike, but character 3 differs: the event has none, the pattern U+200B',
    ],
  ])('"%s" and "%s" are told apart', (wanted, found, hint) => {
    expect(hintsOf(JSON.stringify([wanted]), JSON.stringify(found))).toEqual([hint])
  })

  test.each([
    ['i-0abc1', 'i-0abc2'],
    [arn('eu-west-1', '111122223333'), arn('eu-west-2', '444455556666')],
  ])('"%s" and "%s" are two things', (wanted, found) => {
    expect(hintsOf(JSON.stringify([wanted]), JSON.stringify(found))).toEqual([])
  })
})

describe('values and objects in one array', () => {
  test('do not make a field missing because of the value', () => {
    const [field] = fieldsOf('{"a":{"b":[1]}}', '{"a":[7,{"c":1}]}')
    expect(field?.reason).toBe('a.b is missing; the pattern wants 1')
    const [alone] = fieldsOf('{"a":{"b":[1]}}', '{"a":[7]}')
    expect(alone?.reason).toBe('a.b is missing, as a is 7, not an object')
  })

  test('do not suggest the value beside the object', () => {
    const [field] = fieldsOf('{"a":{"b":[1]}}', '{"a":[1,{"b":2}]}')
    expect(field?.hints).toEqual([])
  })
})

describe('a refused operand', () => {
  test.each(['numeric', 'cidr', 'exists'])('%s may not stand under anything-but', (name) => {
    expect(faultHintOf(`{"a":[{"anything-but":{"${name}":["=",1]}}]}`)).toBe(
      'under anything-but stands a value, a list of values, or one of prefix, suffix, equals-ignore-case, wildcard',
    )
  })

  test('under anything-but is respelt where that is meant', () => {
    expect(faultHintOf('{"a":[{"anything-but":{"prefx":"b"}}]}')).toBe('did you mean "prefix"?')
  })

  test('of numeric is told to lose its quotes only where it has some', () => {
    expect(faultHintOf('{"a":[{"numeric":["=","5"]}]}')).toContain('without quotes')
    expect(faultHintOf('{\n"a":[{"numeric":[">",\n "5"]}]}')).toContain('without quotes')
    const missing = 'after each comparison stands a number: {"numeric": [">", 5]}'
    expect(faultHintOf('{"a":[{"numeric":["="]}]}')).toBe(missing)
    expect(faultHintOf('{"a":[{"numeric":["<",true]}]}')).toBe(missing)
  })
})

test.each([
  ['arrays', '[1]', '{"a":[1]}', true],
  ['small objects', '{"b":7,"c":"x"}', '{"a":{"b":[1],"c":["x"]}}', false],
])('many %s in an array are explained', (_what, element, list, matches) => {
  const event = `{"a":[${Array.from({ length: 50_000 }, () => element).join()}]}`
  expect(EventPattern.parse(list).explain(event).matches).toBe(matches)
})

function fieldsOf(pattern: string, event: string) {
  return EventPattern.parse(pattern).explain(event).alternatives[0]?.fields ?? []
}

function hintsOf(list: string, found: string): readonly string[] {
  return fieldsOf(`{"s":${list}}`, `{"s":${found}}`)[0]?.hints ?? []
}

function faultHintOf(pattern: string): string | undefined {
  try {
    EventPattern.parse(pattern)
  } catch (error) {
    if (error instanceof InvalidEventPatternError) return textFault(error).hint
  }
  throw new Error(`${pattern} was accepted`)
}
