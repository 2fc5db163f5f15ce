import { characterInWords } from './json-cursor.ts'
import type { JsonCursor } from './json-cursor.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20
const MINUS = 0x2d
const PLUS = 0x2b
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const LOWER_U = 0x75

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [QUOTE, '"'],
  [BACKSLASH, '\\'],
  [0x2f, '/'],
  [0x62, '\b'],
  [0x66, '\f'],
  [0x6e, '\n'],
  [0x72, '\r'],
  [0x74, '\t'],
])

// What Java accepts in an identifier, as far as a mistyped keyword goes.
const IDENTIFIER_START = /[\p{L}\p{Nl}\p{Sc}\p{Pc}]/u
const IDENTIFIER_PART = /[\p{L}\p{Nl}\p{Sc}\p{Pc}\p{Nd}\p{Mn}\p{Mc}]/u
const TOKEN_CHARACTERS_MAX = 256
const EXPECTED_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

/** Reads the rest of a string whose opening quote has been read, and decodes it. */
export function readString(cursor: JsonCursor, role: 'string value' | 'name'): string {
  let decoded = ''
  let start = cursor.position
  for (;;) {
    const code = cursor.take()
    if (code === QUOTE) {
      return withoutHalves(decoded + cursor.text.slice(start, cursor.position - 1))
    }
    if (code === BACKSLASH) {
      decoded += cursor.text.slice(start, cursor.position - 1) + readEscape(cursor)
      start = cursor.position
    } else if (code < SPACE) {
      failInString(cursor, code, role)
    }
  }
}

/**
 * The text as event-ruler compares it, by the UTF-8 bytes that Java makes of it: a half of a surrogate
 * pair without the other half becomes a question mark.
 */
export function withoutHalves(text: string): string {
  return text.isWellFormed() ? text : text.replaceAll(/\p{Surrogate}/gu, '?')
}

function failInString(cursor: JsonCursor, code: number, role: 'string value' | 'name'): never {
  if (code >= 0) {
    cursor.fail(
      `Illegal unquoted character (${characterInWords(code)}): has to be escaped using backslash to be included in ${role}`,
    )
  }
  cursor.fail(
    role === 'name'
      ? 'Unexpected end-of-input in field name'
      : 'Unexpected end-of-input: was expecting closing quote for a string value',
  )
}

function readEscape(cursor: JsonCursor): string {
  const code = cursor.take()
  const plain = ESCAPES.get(code)
  if (plain !== undefined) return plain
  if (code < 0) cursor.fail('Unexpected end-of-input in character escape sequence')
  if (code !== LOWER_U) cursor.fail(`Unrecognized character escape ${characterInWords(code)}`)
  let unit = 0
  for (let digits = 0; digits < 4; digits++) {
    const digit = cursor.take()
    if (digit < 0) cursor.fail('Unexpected end-of-input in character escape sequence')
    const value = hexDigit(digit)
    if (value < 0) {
      cursor.failUnexpected(digit, 'expected a hex-digit for character escape sequence')
    }
    unit = unit * 16 + value
  }
  return String.fromCharCode(unit)
}

function hexDigit(code: number): number {
  if (isDigit(code)) return code - ZERO
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1
}

/** Reads the rest of a number whose first character has been read; gives its literal text. */
export function readNumber(cursor: JsonCursor): string {
  const start = cursor.position - 1
  let first = cursor.text.charCodeAt(start)
  if (first === MINUS) {
    first = cursor.take()
    if (!isDigit(first)) {
      failInNumber(
        cursor,
        first,
        'expected digit (0-9) to follow minus sign, for valid numeric value',
      )
    }
  }
  if (first === ZERO && isDigit(cursor.peek())) {
    cursor.fail('Invalid numeric value: Leading zeroes not allowed')
  }
  skipDigits(cursor)
  if (cursor.peek() === DOT) {
    cursor.position++
    requireDigits(cursor, 'Decimal point not followed by a digit')
  }
  // 0x20 folds the letter: "e" or "E".
  if ((cursor.peek() | 0x20) === 0x65) {
    cursor.position++
    if (cursor.peek() === PLUS || cursor.peek() === MINUS) cursor.position++
    requireDigits(cursor, 'Exponent indicator not followed by a digit')
  }
  return cursor.text.slice(start, cursor.position)
}

function requireDigits(cursor: JsonCursor, complaint: string): void {
  if (!isDigit(cursor.peek())) failInNumber(cursor, cursor.take(), complaint)
  skipDigits(cursor)
}

function skipDigits(cursor: JsonCursor): void {
  while (isDigit(cursor.peek())) cursor.position++
}

function failInNumber(cursor: JsonCursor, code: number, comment: string): never {
  if (code < 0) cursor.fail('Unexpected end-of-input in a Number value')
  cursor.fail(`Unexpected character (${characterInWords(code)}) in numeric value: ${comment}`)
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}

/** Reads the rest of `true`, `false` or `null`, of which the first letter has been read. */
export function readKeyword(cursor: JsonCursor, keyword: string): void {
  const start = cursor.position - 1
  while (
    cursor.position - start < keyword.length &&
    cursor.peek() === keyword.charCodeAt(cursor.position - start)
  ) {
    cursor.position++
  }
  if (cursor.position - start < keyword.length || isIdentifierPart(cursor.peek())) {
    failOnToken(cursor, start)
  }
}

/** Refuses what stands where a value should; its first character has been read. */
export function failOnValue(cursor: JsonCursor, code: number): never {
  const character = String.fromCharCode(code)
  for (const word of ['NaN', 'Infinity']) {
    if (character !== word[0]) continue
    readKeyword(cursor, word)
    cursor.fail(
      `Non-standard token '${word}': enable \`JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS\` to allow`,
    )
  }
  if (IDENTIFIER_START.test(character)) failOnToken(cursor, cursor.position - 1)
  cursor.failUnexpected(code, `expected a valid value ${EXPECTED_VALUES}`)
}

function failOnToken(cursor: JsonCursor, start: number): never {
  while (isIdentifierPart(cursor.peek()) && cursor.position - start < TOKEN_CHARACTERS_MAX) {
    cursor.position++
  }
  const token = cursor.text.slice(start, cursor.position)
  const shown = token.length < TOKEN_CHARACTERS_MAX ? token : `${token}...`
  cursor.fail(`Unrecognized token '${shown}': was expecting ${EXPECTED_VALUES}`)
}

function isIdentifierPart(code: number): boolean {
  return code >= 0 && IDENTIFIER_PART.test(String.fromCharCode(code))
}
