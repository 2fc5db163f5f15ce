import { JsonCursor, JsonSyntaxError } from './json-cursor.ts'
import { failOnValue, readKeyword, readNumber, readString } from './json-scalars.ts'

/** What a JSON text is made of; a name is the key of an object's field. */
export type JsonToken =
  | '{'
  | '}'
  | '['
  | ']'
  | 'name'
  | 'string'
  | 'number'
  | 'true'
  | 'false'
  | 'null'
  | 'end'

/** Events nested deeper do not match and patterns nested deeper are refused, as at AWS. */
export const NESTING_LEVELS_MAX = 1_000

type Container = {
  readonly kind: 'Object' | 'Array'
  readonly line: number
  readonly column: number
  entries: number
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const KEYWORDS: ReadonlyMap<number, 'true' | 'false' | 'null'> = new Map([
  [0x74, 'true'],
  [0x66, 'false'],
  [0x6e, 'null'],
])

/**
 * Reads a JSON text token by token and keeps what JSON.parse loses: the text of numbers, repeated
 * names, and the place of an error.
 *
 * It reads exactly as far as Jackson does at each step, because AWS shows that place in its error
 * texts: a name is read together with the start of its value, and a string value only up to its
 * opening quote until its text is asked for.
 */
export class JsonReader {
  readonly #cursor: JsonCursor
  readonly #containers: Container[] = []
  #token: JsonToken = 'end'
  #name = ''
  #scalar = ''
  #valueAfterName: JsonToken | undefined
  #stringIsOpen = false

  constructor(text: string) {
    this.#cursor = new JsonCursor(text)
  }

  /** Moves to the next token; 'end' after the last one. */
  next(): JsonToken {
    this.#token = this.#readToken()
    return this.#token
  }

  /** The current token's text: names and strings decoded, everything else as it is written. */
  text(): string {
    if (this.#token === 'name') return this.#name
    if (this.#token !== 'string' && this.#token !== 'number') return this.#token
    this.#finishString()
    return this.#scalar
  }

  /** The place reached, as AWS appends it to an error text. */
  location(): string {
    return `\n at ${this.#cursor.source()}`
  }

  #readToken(): JsonToken {
    const value = this.#valueAfterName
    if (value !== undefined) {
      this.#valueAfterName = undefined
      return value
    }
    this.#finishString()

    const container = this.#containers.at(-1)
    let code = this.#cursor.takeAfterSpace()
    if (code < 0) return this.#endOfText(container)
    const character = String.fromCharCode(code)
    if (character === '}' || character === ']') return this.#close(character, container)
    if (container !== undefined && container.entries++ > 0) {
      code = this.#skipComma(code, container)
    }
    return container?.kind === 'Object' ? this.#readName(code) : this.#startValue(code)
  }

  #endOfText(container: Container | undefined): 'end' {
    if (container === undefined) return 'end'
    const start = this.#cursor.source(container.line, container.column)
    return this.#cursor.fail(
      `Unexpected end-of-input: expected close marker for ${container.kind} (start marker at ${start})`,
    )
  }

  #close(character: '}' | ']', container: Container | undefined): '}' | ']' {
    if (container?.kind === (character === '}' ? 'Object' : 'Array')) {
      this.#containers.pop()
      return character
    }
    const expected = character === '}' ? ']' : '}'
    const start = this.#cursor.source(container?.line ?? 1, container?.column ?? 0)
    return this.#cursor.fail(
      `Unexpected close marker '${character}': expected '${expected}' (for ${container?.kind ?? 'root'} starting at ${start})`,
    )
  }

  #skipComma(code: number, container: Container): number {
    if (code !== COMMA) {
      this.#cursor.failUnexpected(code, `was expecting comma to separate ${container.kind} entries`)
    }
    return this.#takeWithin(container.kind)
  }

  #readName(code: number): 'name' {
    if (code !== QUOTE) {
      this.#cursor.failUnexpected(code, 'was expecting double-quote to start field name')
    }
    this.#name = readString(this.#cursor, 'name')
    const colon = this.#takeWithin('Object')
    if (colon !== COLON) {
      this.#cursor.failUnexpected(colon, 'was expecting a colon to separate field name and value')
    }
    this.#valueAfterName = this.#startValue(this.#takeWithin('Object'))
    return 'name'
  }

  #takeWithin(kind: Container['kind']): number {
    const code = this.#cursor.takeAfterSpace()
    if (code < 0) this.#cursor.fail(`Unexpected end-of-input within/between ${kind} entries`)
    return code
  }

  #startValue(code: number): JsonToken {
    if (code === QUOTE) {
      this.#stringIsOpen = true
      return 'string'
    }
    if (code === OPEN_BRACE) return this.#open('{', 'Object')
    if (code === OPEN_BRACKET) return this.#open('[', 'Array')
    const keyword = KEYWORDS.get(code)
    if (keyword !== undefined) {
      readKeyword(this.#cursor, keyword)
      return keyword
    }
    if (code !== MINUS && (code < ZERO || code > NINE)) failOnValue(this.#cursor, code)
    this.#scalar = readNumber(this.#cursor)
    return 'number'
  }

  #open(token: '{' | '[', kind: Container['kind']): '{' | '[' {
    if (this.#containers.length === NESTING_LEVELS_MAX) {
      throw new JsonSyntaxError(
        `Document nesting depth (${NESTING_LEVELS_MAX + 1}) exceeds the maximum allowed (${NESTING_LEVELS_MAX}, from \`StreamReadConstraints.getMaxNestingDepth()\`)`,
      )
    }
    const { line, column } = this.#cursor
    this.#containers.push({ kind, line, column: column - 1, entries: 0 })
    return token
  }

  #finishString(): void {
    if (!this.#stringIsOpen) return
    this.#stringIsOpen = false
    this.#scalar = readString(this.#cursor, 'string value')
  }
}
