/** A JSON value that keeps what JSON.parse loses: repeated names and the text of numbers. */
export type Json =
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, Json])[] }
  | { readonly kind: 'array'; readonly elements: readonly Json[] }
  | Scalar

/** A string decoded, or anything else as it is written. */
export type Scalar = { readonly kind: 'string' | 'number' | 'keyword'; readonly text: string }

const LEVELS_MAX = 1_000

const SPACE = /[ \t\r\n]*/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const KEYWORD = /true|false|null/y
// JSON.parse refuses the rest that must not be in a string.
const STRING = /"(?:[^"\\]|\\[^])*"/y

/** The object at the start of the text and where it ends, or undefined where there is none. */
export function readObject(
  text: string,
): { readonly object: Json; readonly end: number } | undefined {
  let at = 0
  const take = (token: RegExp): string | undefined => {
    token.lastIndex = at
    const found = token.exec(text)?.[0]
    at += found?.length ?? 0
    return found
  }
  const takeCharacter = (character: string): boolean => {
    take(SPACE)
    if (text[at] !== character) return false
    at++
    return true
  }
  const require = (found: boolean): void => {
    if (!found) throw new SyntaxError(`unexpected text at ${at}`)
  }
  const readString = (): string => {
    take(SPACE)
    const found = take(STRING)
    require(found !== undefined)
    return asInJava(JSON.parse(found ?? ''))
  }
  const readList = (close: string, readEntry: () => void): void => {
    if (takeCharacter(close)) return
    do readEntry()
    while (takeCharacter(','))
    require(takeCharacter(close))
  }
  const readValue = (levels: number): Json => {
    require(levels <= LEVELS_MAX)
    if (takeCharacter('{')) {
      const members: [string, Json][] = []
      readList('}', () => {
        const name = readString()
        require(takeCharacter(':'))
        members.push([name, readValue(levels + 1)])
      })
      return { kind: 'object', members }
    }
    if (takeCharacter('[')) {
      const elements: Json[] = []
      readList(']', () => elements.push(readValue(levels + 1)))
      return { kind: 'array', elements }
    }
    if (text[at] === '"') return { kind: 'string', text: readString() }
    const keyword = take(KEYWORD)
    if (keyword !== undefined) return { kind: 'keyword', text: keyword }
    const number = take(NUMBER)
    require(number !== undefined)
    return { kind: 'number', text: number ?? '' }
  }

  try {
    take(SPACE)
    if (text[at] !== '{') return undefined
    const object = readValue(1)
    take(SPACE)
    return { object, end: at }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Java's UTF-8 for a half of a surrogate pair without the other one is a question mark. */
function asInJava(text: string): string {
  return text.toWellFormed() === text ? text : text.replaceAll(/\p{Surrogate}/gu, '?')
}
