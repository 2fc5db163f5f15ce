import { comparableNumber } from './comparable-number.ts'
import { refuse } from './errors.ts'
import type { JsonReader, JsonToken } from './json-reader.ts'
import type { NumberRange, ValueTest } from './value-test.ts'

/** Reads the operand of `numeric`, for example `[">", 0, "<=", 5]`. */
export function readNumeric(reader: JsonReader): ValueTest {
  if (reader.next() !== '[') refuse(reader, 'Value of numeric must be an array.')
  if (reader.next() !== 'string') {
    refuse(reader, `Invalid member in numeric match: ${reader.text()}`)
  }
  const range = readRange(reader, reader.text())
  if (reader.next() !== '}') refuseTooManyElements(reader)
  return { kind: 'numeric', range }
}

/** What AWS says about a surplus element, also after the operand of `anything-but`. */
export function refuseTooManyElements(reader: JsonReader): never {
  refuse(reader, 'Too many elements in numeric expression')
}

/** What AWS says about a number that only its text equals. */
export function cannotCompare(literal: string): string {
  return `Cannot compare number : ${literal}`
}

function readRange(reader: JsonReader, operator: string): NumberRange {
  const token = reader.next()
  switch (operator) {
    case '=':
      return readSingleBound(reader, token, operator)
    case '<':
    case '<=':
      return { ...readSingleBound(reader, token, operator), low: Number.NEGATIVE_INFINITY }
    case '>':
    case '>=':
      return readLowBound(reader, token, operator)
    default:
      return refuse(reader, `Unrecognized numeric range operator: ${operator}`)
  }
}

function readSingleBound(
  reader: JsonReader,
  token: JsonToken,
  operator: '=' | '<' | '<=',
): NumberRange {
  const literal = requireNumber(reader, token, operator === '=' ? 'equals' : operator)
  if (reader.next() !== ']') refuseTooManyElements(reader)
  const number = requireComparable(reader, literal)
  return { low: number, lowIsOpen: false, high: number, highIsOpen: operator === '<' }
}

function readLowBound(reader: JsonReader, token: JsonToken, operator: '>' | '>='): NumberRange {
  const lowLiteral = requireNumber(reader, token, operator)
  const lowIsOpen = operator === '>'
  const following = reader.next()
  if (following === ']') {
    const low = requireComparable(reader, lowLiteral)
    return { low, lowIsOpen, high: Number.POSITIVE_INFINITY, highIsOpen: false }
  }
  if (following !== 'string') refuse(reader, `Bad value in numeric range: ${reader.text()}`)
  const highOperator = reader.text()
  if (highOperator !== '<' && highOperator !== '<=') {
    refuse(reader, `Bad numeric range operator: ${highOperator}`)
  }
  const highLiteral = requireNumber(reader, reader.next(), highOperator)
  if (reader.next() !== ']') refuse(reader, 'Too many terms in numeric range expression')
  const low = requireComparable(reader, lowLiteral)
  const high = requireComparable(reader, highLiteral)
  if (low >= high) refuse(reader, 'Bottom must be less than top')
  return { low, lowIsOpen, high, highIsOpen: highOperator === '<' }
}

function requireNumber(reader: JsonReader, token: JsonToken, operator: string): string {
  if (token !== 'number') refuse(reader, `Value of ${operator} must be numeric`)
  return reader.text()
}

function requireComparable(reader: JsonReader, literal: string): number {
  return comparableNumber(literal) ?? refuse(reader, cannotCompare(literal))
}
