/**
 * Checks JSON and takes out the white space between its tokens, in one pass over the text and
 * without making objects of it: JSON.parse takes three times as long, and would lose how numbers
 * were written. https://www.rfc-editor.org/rfc/rfc8259
 */

/** Nesting that EventBridge's service model allows. */
export const JSON_DEPTH_MAX = 1_000

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20
const COMMA = 0x2c
const COLON = 0x3a
const MINUS = 0x2d
const PLUS = 0x2b
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const CLOSE_BRACE = 0x7d
const CLOSE_BRACKET = 0x5d
const LOWER_E = 0x65
const LOWER_U = 0x75
/** Folds an ASCII letter to lower case. */
const CASE_BIT = 0x20

const ESCAPED = new Set(Array.from('"\\/bfnrt', (character) => character.charCodeAt(0)))
const INVALID = -1

/** What may come next. */
type Expected = 'value' | 'first-value' | 'name' | 'first-name' | 'colon' | 'comma-or-end' | 'end'

/**
 * The compact text of a JSON object, or undefined for anything else: other values, text that is
 * not JSON, and nesting deeper than JSON_DEPTH_MAX.
 */
export function compactObject(text: string): string | undefined {
  const compact = compactJson(text)
  return compact?.charCodeAt(0) === OPEN_BRACE ? compact : undefined
}

/** The compact text of a JSON value, or undefined where the text is not JSON or too deep. */
export function compactJson(text: string, depthMax = JSON_DEPTH_MAX): string | undefined {
  let compact = ''
  let copied = 0
  let expected: Expected = 'value'
  /** The closing characters that the open containers wait for. */
  const open: number[] = []

  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at)
    if (code <= SPACE) {
      const end = endOfSpace(text, at)
      if (end === at) return undefined
      compact += text.slice(copied, at)
      copied = at = end
    } else if (code === QUOTE) {
      const isName: boolean = expected === 'name' || expected === 'first-name'
      if (!isName && expected !== 'value' && expected !== 'first-value') return undefined
      at = endOfString(text, at)
      if (at === INVALID) return undefined
      expected = isName ? 'colon' : afterValue(open)
    } else if (code === COLON) {
      if (expected !== 'colon') return undefined
      expected = 'value'
      at += 1
    } else if (code === COMMA) {
      if (expected !== 'comma-or-end') return undefined
      expected = open.at(-1) === CLOSE_BRACE ? 'name' : 'value'
      at += 1
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      const empty = code === CLOSE_BRACE ? 'first-name' : 'first-value'
      if (expected !== 'comma-or-end' && expected !== empty) return undefined
      if (open.pop() !== code) return undefined
      expected = afterValue(open)
      at += 1
    } else {
      if (expected !== 'value' && expected !== 'first-value') return undefined
      if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        if (open.length >= depthMax) return undefined
        open.push(code === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET)
        expected = code === OPEN_BRACE ? 'first-name' : 'first-value'
        at += 1
      } else {
        at = endOfScalar(text, at, code)
        if (at === INVALID) return undefined
        expected = afterValue(open)
      }
    }
  }
  if (expected !== 'end') return undefined
  return copied === 0 ? text : compact + text.slice(copied)
}

function afterValue(open: readonly number[]): Expected {
  return open.length === 0 ? 'end' : 'comma-or-end'
}

/** Index behind the white space at `start`; `start` itself where there is none. */
function endOfSpace(text: string, start: number): number {
  let at = start
  for (;;) {
    const code = text.charCodeAt(at)
    if (code !== SPACE && code !== 0x0a && code !== 0x0d && code !== 0x09) return at
    at += 1
  }
}

/** Characters of a string up to one that ends it or is special; a regular expression runs ahead. */
// oxlint-disable-next-line no-control-regex -- they are what may not stand in a string
const PLAIN_CHARACTERS = /[^"\\\u0000-\u001f]*/y

/** Index behind the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at += 1) {
    PLAIN_CHARACTERS.lastIndex = at
    PLAIN_CHARACTERS.test(text)
    at = PLAIN_CHARACTERS.lastIndex
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at + 1
    if (code !== BACKSLASH) return INVALID
    at += 1
    const escaped = text.charCodeAt(at)
    if (escaped === LOWER_U) {
      if (!/^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) return INVALID
      at += 4
    } else if (!ESCAPED.has(escaped)) return INVALID
  }
}

/** Index behind a number, true, false or null. */
function endOfScalar(text: string, start: number, first: number): number {
  if (first === MINUS || (first >= ZERO && first <= NINE)) return endOfNumber(text, start)
  for (const word of ['true', 'false', 'null']) {
    if (text.startsWith(word, start)) return start + word.length
  }
  return INVALID
}

function endOfNumber(text: string, start: number): number {
  let at = text.charCodeAt(start) === MINUS ? start + 1 : start
  const digits = endOfDigits(text, at)
  const leadingZero = text.charCodeAt(at) === ZERO && digits > at + 1
  if (digits === at || leadingZero) return INVALID
  at = digits
  if (text.charCodeAt(at) === DOT) {
    const fraction = endOfDigits(text, at + 1)
    if (fraction === at + 1) return INVALID
    at = fraction
  }
  if ((text.charCodeAt(at) | CASE_BIT) === LOWER_E) {
    at += 1
    const sign = text.charCodeAt(at)
    if (sign === PLUS || sign === MINUS) at += 1
    const exponent = endOfDigits(text, at)
    if (exponent === at) return INVALID
    at = exponent
  }
  return at
}

function endOfDigits(text: string, start: number): number {
  let at = start
  for (;;) {
    const code = text.charCodeAt(at)
    if (!(code >= ZERO && code <= NINE)) return at
    at += 1
  }
}
