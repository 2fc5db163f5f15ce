import { comparableNumber } from './comparable-number.ts'
import { readMatchExpression } from './compile-expression.ts'
import { COMPLEXITY_MAX, complexityOf } from './complexity.ts'
import { InvalidEventPatternError, refuse } from './errors.ts'
import { joinPath } from './flatten-event.ts'
import { addressDigits } from './ip-address.ts'
import { JsonSyntaxError } from './json-cursor.ts'
import { JsonReader } from './json-reader.ts'
import type { JsonToken } from './json-reader.ts'
import type { ValueTest } from './value-test.ts'

/** One way to match: every field must pass. A pattern without `$or` has one alternative. */
export type Alternative = readonly FieldTest[]

/** What an alternative asks of one field: one value that passes one of the tests. */
export type FieldTest = {
  readonly path: string
  readonly tests: readonly ValueTest[]
  /** The field may be missing: `{"exists": false}` is among the tests. */
  readonly mayBeAbsent: boolean
}

// AWS's limit on what the $or of one pattern multiply to.
const ALTERNATIVES_MAX = 1_000
// event-ruler's limit on the fields of one alternative.
const FIELDS_PER_ALTERNATIVE_MAX = 256

// event-ruler keeps the words of operators, also future ones, out of $or, where they would show
// that an operator was meant.
const NOT_A_FIELD_INSIDE_OR: ReadonlySet<string> = new Set([
  'exactly',
  'equals-ignore-case',
  'prefix',
  'suffix',
  'anything-but',
  'exists',
  'wildcard',
  'numeric',
  'cidr',
  '=',
  '<',
  '<=',
  '>',
  '>=',
  'regex',
  'not-wildcard',
  'not-equals-ignore-case',
  'date-after',
  'date-on-or-after',
  'date-before',
  'date-on-or-before',
  'in-date-range',
  'ip-address-in-range',
  'ip-address-not-in-range',
])

/** The tests of each field by its path; a later one for the same path replaces the earlier. */
type FieldTests = Map<string, readonly ValueTest[]>

/** Where in the pattern the reader is. */
type Place = { readonly path: string | undefined; readonly isInsideOr: boolean }

/** A pattern read and found valid. */
export type CompiledPattern = {
  readonly alternatives: readonly Alternative[]
  /** See complexity.ts. */
  readonly complexity: number
}

/** Compiles a pattern's text; throws InvalidEventPatternError where AWS would refuse it. */
export function compilePattern(text: string): CompiledPattern {
  const alternatives = readPattern(text)
  const complexity = complexityOf(alternatives)
  if (complexity > COMPLEXITY_MAX) {
    throw new InvalidEventPatternError(
      'Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character',
    )
  }
  return { alternatives, complexity }
}

function readPattern(text: string): readonly Alternative[] {
  const reader = new JsonReader(text)
  try {
    if (reader.next() !== '{') refuse(reader, 'Filter is not an object')
    const alternatives = readObject(reader, [new Map()], { path: undefined, isInsideOr: false })
    return alternatives.map(inOrderOfPaths)
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    throw new InvalidEventPatternError(error.message, { cause: error })
  }
}

// Reading in the order of the text gives the override rules of $or: a branch replaces what stands
// before the $or for the same path, and a field after the $or replaces what the branches say.
function readObject(
  reader: JsonReader,
  alternatives: readonly FieldTests[],
  place: Place,
): readonly FieldTests[] {
  let current = alternatives
  let token = reader.next()
  if (token === '}') refuse(reader, 'Empty objects are not allowed')
  for (; token !== '}'; token = reader.next()) {
    const name = reader.text()
    if (name === '$or') {
      current = readOr(reader, current, place.path)
      continue
    }
    if (place.isInsideOr && NOT_A_FIELD_INSIDE_OR.has(name)) {
      refuse(reader, `${name} is Ruler reserved fieldName which cannot be used inside $or.`)
    }
    const path = joinPath(place.path, name)
    const value = reader.next()
    if (value === '{') current = readObject(reader, current, { ...place, path })
    else if (value === '[') setField(current, path, readTests(reader))
    else refuse(reader, `"${name}" must be an object or an array`)
  }
  return current
}

function readOr(
  reader: JsonReader,
  alternatives: readonly FieldTests[],
  path: string | undefined,
): readonly FieldTests[] {
  if (reader.next() !== '[') refuse(reader, 'It must be an Array followed with $or.')
  const combined: FieldTests[] = []
  let branches = 0
  for (let token = reader.next(); token !== ']'; token = reader.next()) {
    if (token !== '{') {
      refuse(reader, 'Only JSON object is allowed in array of $or relationship.')
    }
    branches++
    const copies = alternatives.map((fields) => new Map(fields))
    combined.push(...readObject(reader, copies, { path, isInsideOr: true }))
    if (combined.length > ALTERNATIVES_MAX) {
      refuse(reader, `Only ${ALTERNATIVES_MAX} combinations are allowed in $or relationship.`)
    }
  }
  if (branches < 2) {
    refuse(reader, 'There must have at least 2 Objects in $or relationship.')
  }
  return combined
}

function setField(
  alternatives: readonly FieldTests[],
  path: string,
  tests: readonly ValueTest[],
): void {
  for (const fields of alternatives) fields.set(path, tests)
}

function readTests(reader: JsonReader): readonly ValueTest[] {
  const tests: ValueTest[] = []
  for (let token = reader.next(); token !== ']'; token = reader.next()) {
    tests.push(token === '{' ? readMatchExpression(reader) : readLiteral(reader, token))
  }
  if (tests.length === 0) refuse(reader, 'Empty arrays are not allowed')
  return tests
}

function readLiteral(reader: JsonReader, token: JsonToken): ValueTest {
  if (token === 'string') return stringOrAddress(reader.text())
  if (token === 'number') {
    const literal = reader.text()
    return { kind: 'number', literal, number: comparableNumber(literal) }
  }
  if (token === 'true' || token === 'false' || token === 'null') {
    return { kind: 'keyword', text: token }
  }
  return refuse(reader, 'Match value must be String, number, true, false, or null')
}

// AWS compares a literal that looks like an address as an address: "10.0.0.1" is "010.0.0.1".
function stringOrAddress(text: string): ValueTest {
  const digits = addressDigits(text)
  return digits === undefined
    ? { kind: 'string', text }
    : { kind: 'address', range: { bottom: digits, top: digits } }
}

// The order of the paths decides what "absent" refers to, see matcher.ts.
function inOrderOfPaths(fields: FieldTests): Alternative {
  if (fields.size > FIELDS_PER_ALTERNATIVE_MAX) {
    throw new InvalidEventPatternError(
      `Only ${FIELDS_PER_ALTERNATIVE_MAX} fields are allowed in a pattern, found ${fields.size}`,
    )
  }
  return [...fields.keys()].toSorted(byUnits).map((path) => {
    const tests = fields.get(path) ?? []
    return { path, tests, mayBeAbsent: tests.some((test) => test.kind === 'absent') }
  })
}

// UTF-16 unit by unit, as Java's String.compareTo.
function byUnits(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
