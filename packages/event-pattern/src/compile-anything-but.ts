import { foldCase } from './case-folding.ts'
import { comparableNumber } from './comparable-number.ts'
import { cannotCompare, refuseTooManyElements } from './compile-numeric.ts'
import { InvalidEventPatternError, refuse } from './errors.ts'
import { JsonSyntaxError } from './json-cursor.ts'
import type { JsonReader, JsonToken } from './json-reader.ts'
import type { ValueTest } from './value-test.ts'
import { parseWildcard } from './wildcard.ts'

type Operator = 'prefix' | 'suffix' | 'equals-ignore-case' | 'wildcard'

/** Reads the operand of `anything-but`: values or one operator with the texts it excludes. */
export function readAnythingBut(reader: JsonReader): ValueTest {
  const token = reader.next()
  const tests = token === '{' ? readOperator(reader) : readValues(reader, token)
  if (reader.next() !== '}') refuseTooManyElements(reader)
  return { kind: 'none-of', tests }
}

function readValues(reader: JsonReader, token: JsonToken): readonly ValueTest[] {
  if (token === 'string') return [{ kind: 'string', text: reader.text() }]
  if (token === 'number') return [equalTo(requireComparable(reader.text()))]
  if (token !== '[') refuseOperand(reader)

  const texts: string[] = []
  const numbers: number[] = []
  readList(reader, (entry) => {
    if (entry === 'string') texts.push(reader.text())
    else if (entry === 'number') numbers.push(requireComparable(reader.text()))
    else refuse(reader, 'Inside anything but list, start|null|boolean is not supported.')
  })
  if (texts.length > 0 === numbers.length > 0) {
    refuse(
      reader,
      'Inside anything but list, either all values are number or string, mixed type is not supported',
    )
  }
  return [...texts.map((text): ValueTest => ({ kind: 'string', text })), ...numbers.map(equalTo)]
}

function readOperator(reader: JsonReader): readonly ValueTest[] {
  if (reader.next() !== 'name') refuse(reader, 'Anything-But expression name not found')
  const operator = reader.text()
  if (!isOperator(operator)) refuse(reader, `Unsupported anything-but pattern: ${operator}`)

  const token = reader.next()
  if (token !== '[' && token !== 'string' && token !== 'number') refuseOperand(reader)
  const texts: string[] = []
  if (token === '[') {
    readList(reader, (entry) => texts.push(readText(reader, entry, operator)))
    // event-ruler takes an empty list and then breaks on it: our own refusal, in AWS's words.
    if (texts.length === 0) refuse(reader, 'Empty arrays are not allowed')
  } else {
    texts.push(readText(reader, token, operator))
  }
  const tests = texts.map((text) => testOf(reader, operator, text))
  if (reader.next() !== '}') refuseTooManyElements(reader)
  return tests
}

function isOperator(name: string): name is Operator {
  return ['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(name)
}

function readText(reader: JsonReader, token: JsonToken, operator: Operator): string {
  if (token !== 'string') {
    switch (operator) {
      case 'prefix':
      case 'suffix':
        return refuse(reader, 'prefix/suffix match pattern must be a string')
      case 'wildcard':
        return refuse(reader, 'wildcard match pattern must be a string')
      case 'equals-ignore-case':
        return refuse(
          reader,
          'Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.',
        )
    }
  }
  const text = reader.text()
  if (text === '' && (operator === 'prefix' || operator === 'suffix')) {
    refuse(reader, 'Null prefix/suffix not allowed')
  }
  return text
}

function testOf(reader: JsonReader, operator: Operator, text: string): ValueTest {
  switch (operator) {
    case 'prefix':
    case 'suffix':
      return { kind: operator, text }
    case 'equals-ignore-case':
      return { kind: operator, folded: foldCase(text) }
    case 'wildcard': {
      const parsed = parseWildcard(text)
      if ('error' in parsed) return refuse(reader, parsed.error)
      return { kind: operator, wildcard: parsed.wildcard }
    }
    default:
      return operator satisfies never
  }
}

// AWS catches an error inside the list and reports it anew: the location then stands there twice.
function readList(reader: JsonReader, readEntry: (token: JsonToken) => void): void {
  try {
    for (let token = reader.next(); token !== ']'; token = reader.next()) readEntry(token)
  } catch (error) {
    if (error instanceof InvalidEventPatternError || error instanceof JsonSyntaxError) {
      refuse(reader, error.message)
    }
    throw error
  }
}

function refuseOperand(reader: JsonReader): never {
  refuse(reader, 'Value of anything-but must be an array or single string/number value.')
}

// Outside a list AWS gives no location with this error.
function requireComparable(literal: string): number {
  const number = comparableNumber(literal)
  if (number === undefined) throw new InvalidEventPatternError(cannotCompare(literal))
  return number
}

function equalTo(number: number): ValueTest {
  return {
    kind: 'numeric',
    range: { low: number, lowIsOpen: false, high: number, highIsOpen: false },
  }
}
