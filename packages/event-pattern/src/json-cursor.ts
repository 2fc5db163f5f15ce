/** A text that is not JSON; the message ends with the place in the text. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError'
}

// Jackson quotes at most this much of the text it complains about.
const QUOTED_SOURCE_CHARACTERS_MAX = 500

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const TAB = 0x09
const SLASH = 0x2f

/** How much of a JSON text has been read, counted as Jackson counts it. */
export class JsonCursor {
  readonly text: string
  position = 0
  line = 1
  #lineStart = 0

  constructor(text: string) {
    this.text = text
  }

  /** The column of the next character, from 1. */
  get column(): number {
    return this.position - this.#lineStart + 1
  }

  /** Reads one UTF-16 unit; -1 at the end. */
  take(): number {
    return this.position < this.text.length ? this.text.charCodeAt(this.position++) : -1
  }

  /** The next UTF-16 unit without reading it; -1 at the end. */
  peek(): number {
    return this.position < this.text.length ? this.text.charCodeAt(this.position) : -1
  }

  /** Reads white space and the unit after it; -1 at the end. */
  takeAfterSpace(): number {
    for (;;) {
      const code = this.take()
      if (code === LINE_FEED) this.#startLine()
      else if (code === CARRIAGE_RETURN) {
        if (this.peek() === LINE_FEED) this.position++
        this.#startLine()
      } else if (code === SLASH) {
        this.failUnexpected(
          code,
          "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)",
        )
      } else if (code !== SPACE && code !== TAB) {
        if (code >= 0 && code < SPACE) {
          this.fail(
            `Illegal character (${characterInWords(code)}): only regular white space (\\r, \\n, \\t) is allowed between tokens`,
          )
        }
        return code
      }
    }
  }

  /** The place in Jackson's words; without arguments the place reached. */
  source(line = this.line, column = this.column): string {
    return `[Source: (String)${quotedSource(this.text)}; line: ${line}, column: ${column}]`
  }

  fail(message: string): never {
    throw new JsonSyntaxError(`${message}\n at ${this.source()}`)
  }

  failUnexpected(code: number, comment: string): never {
    this.fail(`Unexpected character (${characterInWords(code)}): ${comment}`)
  }

  #startLine(): void {
    this.line++
    this.#lineStart = this.position
  }
}

/** A character as Jackson names it in a message. */
export function characterInWords(code: number): string {
  if (isControl(code)) return `(CTRL-CHAR, code ${code})`
  const character = String.fromCharCode(code)
  return code > 0xff
    ? `'${character}' (code ${code} / 0x${code.toString(16)})`
    : `'${character}' (code ${code})`
}

function quotedSource(text: string): string {
  let quoted = ''
  for (const unit of text.slice(0, QUOTED_SOURCE_CHARACTERS_MAX).split('')) {
    const code = unit.charCodeAt(0)
    const escaped = isControl(code) && code !== LINE_FEED && code !== CARRIAGE_RETURN
    quoted += escaped ? `\\u${code.toString(16).toUpperCase().padStart(4, '0')}` : unit
  }
  const rest = text.length - QUOTED_SOURCE_CHARACTERS_MAX
  return rest > 0 ? `"${quoted}"[truncated ${rest} chars]` : `"${quoted}"`
}

function isControl(code: number): boolean {
  return code < SPACE || (code >= 0x7f && code <= 0x9f)
}
