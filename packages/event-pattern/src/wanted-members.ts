const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const CLOSE_BRACE = 0x7d
const CLOSE_BRACKET = 0x5d

/**
 * The event with only those of its outermost members that a pattern can ask for. For an event that
 * is known to be valid, compact and without repeated names: it is not read beyond the last member
 * that is wanted, and the rest is not looked at.
 * @param names outermost names that patterns ask for, and every shorter path of a dotted one
 */
export function wantedMembers(event: string, names: ReadonlyMap<string, unknown>): string {
  const wanted: string[] = []
  let found = 0
  let at = 1
  while (found < names.size && event.charCodeAt(at) === QUOTE) {
    const nameEnd = endOfString(event, at)
    const valueEnd = endOfValue(event, nameEnd + 2)
    const name = event.slice(at + 1, nameEnd)
    const isWanted = names.has(name)
    if (isWanted) found += 1
    // An escaped name is rare; whether it is wanted is left to the reader.
    if (isWanted || name.includes('\\')) wanted.push(event.slice(at, valueEnd))
    at = valueEnd + 1
  }
  return `{${wanted.join(',')}}`
}

function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start)
  if (first === QUOTE) return endOfString(text, start) + 1
  let depth = 0
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1
      if (depth === 0) return at + 1
      if (depth < 0) return at
    } else if (code === COMMA && depth === 0) return at
  }
  return text.length
}

/** Index of the quote that closes the string opened at `opening`. */
function endOfString(text: string, opening: number): number {
  let quote = text.indexOf('"', opening + 1)
  while (quote !== -1) {
    let backslashes = 0
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return quote
    quote = text.indexOf('"', quote + 1)
  }
  return text.length
}
