import type { Choices } from './choices.ts'
import {
  NAMES,
  RELATED_ADDRESSES,
  nearNumber,
  nearText,
  quoted,
  someAddress,
  someComparable,
  someKeyword,
  someNumber,
  someScalar,
  someText,
  someValidAddress,
} from './generated-scalars.ts'

/** A pattern, with what an event needs to match it. */
export type GeneratedPattern = { readonly object: PatternObject; readonly words: Words }

/** What a pattern and its events are made of: few words make them meet often. */
export type Words = {
  readonly names: readonly string[]
  readonly entry: (choices: Choices) => PatternEntry
  readonly scalar: (choices: Choices) => string
  /** How many of the kinds of a member are objects, of 8. */
  readonly objects: number
  /** How many values of an event are arrays, of 8. */
  readonly arrays: number
}

export type PatternObject = readonly PatternMember[]

export type PatternMember =
  | { readonly kind: 'list'; readonly name: string; readonly entries: readonly PatternEntry[] }
  | { readonly kind: 'object'; readonly name: string; readonly object: PatternObject }
  | { readonly kind: 'or'; readonly branches: readonly PatternObject[] }

/** An entry of a list as JSON text, with values that pass it or nearly do, also as JSON texts. */
export type PatternEntry = { readonly text: string; readonly values: readonly string[] }

const LEVELS_MAX = 3

const ANYTHING: Omit<Words, 'names'> = {
  entry: someEntry,
  scalar: someScalar,
  objects: 2,
  arrays: 3,
}

const ARRAYS: Words = {
  names: ['a', 'b', 'c', 'a.b', 'd'],
  entry: (choices) => choices.of(SMALL_ENTRIES),
  scalar: (choices) => choices.of(['1', '2', 'null']),
  objects: 4,
  arrays: 6,
}

const SMALL_ENTRIES: readonly PatternEntry[] = [
  { text: '1', values: ['1'] },
  { text: '2', values: ['2'] },
  { text: '{"exists":false}', values: [] },
  { text: '{"exists":true}', values: ['1', '2'] },
  { text: '{"anything-but":1}', values: ['1', '2'] },
]

/**
 * A pattern for one value, one for array elements that go together, or one of everything. A few are
 * not valid: too complex, or with a number out of range.
 */
export function somePattern(choices: Choices): GeneratedPattern {
  const kind = choices.pick(3)
  if (kind === 1) return { object: someObject(choices, ARRAYS, 1), words: ARRAYS }
  const words = { ...ANYTHING, names: Array.from({ length: 3 }, () => choices.of(NAMES)) }
  if (kind === 2) return { object: someObject(choices, words, 1), words }
  const [name = ''] = words.names
  return { object: [someList(choices, words, name)], words: { ...words, names: [name], arrays: 1 } }
}

function someObject(choices: Choices, words: Words, level: number): PatternObject {
  return Array.from({ length: 1 + choices.pick(level === 1 ? 4 : 3) }, (): PatternMember => {
    const kind = level < LEVELS_MAX ? choices.pick(8) : 0
    const name = choices.of(words.names)
    if (kind === 7) {
      const some = (): PatternObject => someObject(choices, words, level + 1)
      return { kind: 'or', branches: Array.from({ length: 2 + choices.pick(2) }, some) }
    }
    return kind >= 7 - words.objects
      ? { kind: 'object', name, object: someObject(choices, words, level + 1) }
      : someList(choices, words, name)
  })
}

function someList(choices: Choices, words: Words, name: string): PatternMember {
  const count = choices.of([1, 1, 2, 3])
  return { kind: 'list', name, entries: Array.from({ length: count }, () => words.entry(choices)) }
}

/** The JSON text of a pattern, with space in it or not. */
export function patternText(choices: Choices, { object }: GeneratedPattern): string {
  const space = someSpace(choices)
  const write = (members: PatternObject): string => {
    const texts = members.map((member) => {
      switch (member.kind) {
        case 'list': {
          const entries = member.entries.map((entry) => space + entry.text)
          return `${quoted(choices, member.name)}:[${entries.join()}${space}]`
        }
        case 'object':
          return `${quoted(choices, member.name)}${space}:${write(member.object)}`
        case 'or':
          return `"$or":${space}[${member.branches.map(write).join()}]`
        default:
          return member satisfies never
      }
    })
    return `${space}{${texts.join()}${space}}`
  }
  return write(object)
}

/** Nothing, mostly, or the white space of JSON. */
export function someSpace(choices: Choices): string {
  return choices.of(['', '', '', '', ' ', '\n', '\t', '\r\n  '])
}

function someEntry(choices: Choices): PatternEntry {
  switch (choices.pick(18)) {
    case 0:
    case 1:
      return someStringEntry(choices)
    case 2:
      return someNumberEntry(choices)
    case 3: {
      const keyword = someKeyword(choices)
      return { text: keyword, values: [keyword] }
    }
    case 4:
      return { text: '{"exists":true}', values: ['1', 'null', '""'] }
    case 5:
    case 6:
      return { text: '{"exists":false}', values: [] }
    case 7:
      return someNumericEntry(choices)
    case 8:
      return someBlockEntry(choices)
    case 9:
    case 10:
    case 11:
      return someAnythingBut(choices)
    case 12:
      return someAddressEntry(choices)
    default:
      return someTextOperator(choices)
  }
}

function someStringEntry(choices: Choices): PatternEntry {
  const text = someText(choices)
  const json = quoted(choices, text)
  const entry = choices.rarely(6) ? `{"exactly":${json}}` : json
  return { text: entry, values: [quoted(choices, nearText(choices, text))] }
}

function someAddressEntry(choices: Choices): PatternEntry {
  const related = choices.of(RELATED_ADDRESSES)
  const values = related.map((text) => quoted(choices, text))
  return { text: quoted(choices, choices.of(related)), values }
}

function someNumberEntry(choices: Choices): PatternEntry {
  const literal = someNumber(choices)
  return { text: literal, values: [nearNumber(choices, literal)] }
}

function someNumericEntry(choices: Choices): PatternEntry {
  const [one, other] = [someComparable(choices), someComparable(choices)]
  const [low, high] = Number(one) < Number(other) ? [one, other] : [other, one]
  const operator = choices.of(['=', '<', '<=', '>', '>='])
  const values = [low, high].map((literal) => nearNumber(choices, literal))
  if (operator.startsWith('>') && choices.rarely(2)) {
    const upper = choices.of(['<', '<='])
    return { text: `{"numeric":["${operator}",${low},"${upper}",${high}]}`, values }
  }
  return { text: `{"numeric":["${operator}",${low}]}`, values }
}

function someBlockEntry(choices: Choices): PatternEntry {
  const address = choices.rarely(20) ? someAddress(choices) : someValidAddress(choices)
  const bits = choices.pick(address.includes(':') && !address.includes('ffff') ? 128 : 32)
  const values = [address, someAddress(choices)].map((text) => quoted(choices, text))
  return { text: `{"cidr":${quoted(choices, `${address}/${bits}`)}}`, values }
}

function someAnythingBut(choices: Choices): PatternEntry {
  const count = 1 + choices.pick(3)
  if (choices.rarely(3)) {
    const literals = Array.from({ length: count }, () => someComparable(choices))
    const values = literals.map((literal) => nearNumber(choices, literal))
    return { text: `{"anything-but":${oneOrList(choices, literals)}}`, values }
  }
  const operator = choices.of(['', '', 'prefix', 'suffix', 'equals-ignore-case', 'wildcard'])
  const operands = Array.from({ length: count }, () => someOperand(choices, operator))
  const list = oneOrList(
    choices,
    operands.map(({ operand }) => quoted(choices, operand)),
  )
  return {
    text: `{"anything-but":${operator === '' ? list : `{"${operator}":${list}}`}}`,
    values: operands.map(({ value }) => quoted(choices, nearText(choices, value))),
  }
}

function someTextOperator(choices: Choices): PatternEntry {
  const operator = choices.of(['prefix', 'suffix', 'equals-ignore-case', 'wildcard'])
  const { operand, value } = someOperand(choices, operator)
  const isEmpty = operator.endsWith('fix') && choices.rarely(12)
  const json = quoted(choices, isEmpty ? '' : operand)
  const ignoresCase = operator.endsWith('fix') && choices.rarely(3)
  return {
    text: `{"${operator}":${ignoresCase ? `{"equals-ignore-case":${json}}` : json}}`,
    values: [quoted(choices, nearText(choices, ignoresCase ? value.toUpperCase() : value))],
  }
}

/** The operand of an operator on texts, and a value that fits it. */
function someOperand(
  choices: Choices,
  operator: string,
): { readonly operand: string; readonly value: string } {
  const text = someText(choices)
  switch (operator) {
    case 'prefix':
      return { operand: text || 'a', value: text + choices.of(['', 'a', someText(choices)]) }
    case 'suffix':
      return { operand: text || 'b', value: choices.of(['', 'a', someText(choices)]) + text }
    case 'equals-ignore-case': {
      const halves = text.replaceAll(/[\ud800-\udfff]/g, choices.of(['?', '$&']))
      return { operand: text, value: choices.of([halves.toUpperCase(), halves.toLowerCase()]) }
    }
    case 'wildcard':
      return someWildcard(choices)
    default:
      return { operand: text, value: text }
  }
}

function someWildcard(choices: Choices): { readonly operand: string; readonly value: string } {
  const pieces = Array.from({ length: 1 + choices.pick(4) }, () => someText(choices).slice(0, 40))
  // Two stars must not meet.
  const inner = pieces.map((piece, at) =>
    piece === '' && at > 0 && at < pieces.length - 1 ? 'a' : piece,
  )
  const escaped = inner.map((piece) => piece.replaceAll(/[*\\]/g, '\\$&'))
  const value = inner.join(choices.of(['', 'a', 'ab', someText(choices)]))
  return { operand: escaped.join('*'), value }
}

function oneOrList(choices: Choices, texts: readonly string[]): string {
  const [first = ''] = texts
  return texts.length === 1 && choices.rarely(2) ? first : `[${texts.join()}]`
}
