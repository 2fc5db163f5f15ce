import { foldCase } from './case-folding.ts'
import { readAnythingBut } from './compile-anything-but.ts'
import { readNumeric } from './compile-numeric.ts'
import { refuse } from './errors.ts'
import { cidrRange } from './ip-address.ts'
import type { JsonReader } from './json-reader.ts'
import type { ValueTest } from './value-test.ts'
import { parseWildcard } from './wildcard.ts'

/** Reads one operator of a field's list, `{` being read: for example `"prefix": "a"}`. */
export function readMatchExpression(reader: JsonReader): ValueTest {
  if (reader.next() !== 'name') refuse(reader, 'Match expression name not found')
  const operator = reader.text()
  switch (operator) {
    case 'exactly':
      return closed(reader, { kind: 'string', text: readStringOperand(reader, 'exact') })
    case 'prefix':
    case 'suffix':
      return readAffix(reader, operator)
    case 'equals-ignore-case':
      return closed(reader, {
        kind: operator,
        folded: foldCase(readStringOperand(reader, operator)),
      })
    case 'wildcard':
      return readWildcard(reader)
    case 'numeric':
      return readNumeric(reader)
    case 'cidr':
      return readCidr(reader)
    case 'exists':
      return readExists(reader)
    case 'anything-but':
      return readAnythingBut(reader)
    default:
      return refuse(reader, `Unrecognized match type ${operator}`)
  }
}

function readAffix(reader: JsonReader, operator: 'prefix' | 'suffix'): ValueTest {
  const token = reader.next()
  if (token === '{') return readAffixIgnoringCase(reader, operator)
  if (token !== 'string') refuse(reader, `${operator} match pattern must be a string`)
  return closed(reader, { kind: operator, text: reader.text() })
}

function readAffixIgnoringCase(reader: JsonReader, operator: 'prefix' | 'suffix'): ValueTest {
  if (reader.next() !== 'name') {
    const word = operator === 'prefix' ? 'Prefix' : 'Suffix'
    refuse(reader, `${word} expression name not found`)
  }
  const inner = reader.text()
  if (inner !== 'equals-ignore-case') refuse(reader, `Unsupported ${operator} pattern: ${inner}`)
  const folded = foldCase(readStringOperand(reader, inner))
  return closed(reader, closed(reader, { kind: `${operator}-ignore-case`, folded }))
}

function readWildcard(reader: JsonReader): ValueTest {
  const parsed = parseWildcard(readStringOperand(reader, 'wildcard'))
  if ('error' in parsed) return refuse(reader, parsed.error)
  return closed(reader, { kind: 'wildcard', wildcard: parsed.wildcard })
}

function readCidr(reader: JsonReader): ValueTest {
  // "prefix" is AWS's own slip.
  const range = cidrRange(readStringOperand(reader, 'prefix'))
  return closed(reader, { kind: 'address', range })
}

function readExists(reader: JsonReader): ValueTest {
  const token = reader.next()
  if (token !== 'true' && token !== 'false') {
    refuse(reader, 'exists match pattern must be either true or false.')
  }
  return closed(reader, { kind: token === 'true' ? 'exists' : 'absent' })
}

function readStringOperand(reader: JsonReader, word: string): string {
  if (reader.next() !== 'string') refuse(reader, `${word} match pattern must be a string`)
  return reader.text()
}

function closed(reader: JsonReader, test: ValueTest): ValueTest {
  if (reader.next() !== '}') refuse(reader, 'Only one key allowed in match expression')
  return test
}
