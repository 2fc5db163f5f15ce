/** The literal texts around the stars of a wildcard: "a*b" has ["a", "b"]. */
export type Wildcard = readonly string[]

const OPENING_QUOTE_BYTES = 1

/** Reads a wildcard's text; only `\*` and `\\` are escapes, and two stars may not meet. */
export function parseWildcard(
  text: string,
): { readonly wildcard: Wildcard } | { readonly error: string } {
  const pieces: string[] = []
  let piece = ''
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    const following = text[at + 1]
    if (character === '*') {
      if (following === '*') return { error: faultAt(text, at, 'Consecutive wildcard characters') }
      pieces.push(piece)
      piece = ''
    } else if (character === '\\') {
      if (following !== '*' && following !== '\\') {
        return { error: faultAt(text, at, 'Invalid escape character') }
      }
      piece += following
      at++
    } else {
      piece += character
    }
  }
  return { wildcard: [...pieces, piece] }
}

/** Whether the whole value fits the wildcard. */
export function fitsWildcard(value: string, wildcard: Wildcard): boolean {
  const [first = '', ...rest] = wildcard
  const last = rest.pop()
  if (last === undefined) return value === first
  const end = value.length - last.length
  if (!value.startsWith(first) || !value.endsWith(last)) return false
  let at = first.length
  for (const piece of rest) {
    const found = value.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return at <= end
}

// AWS counts in UTF-8 bytes and from the opening quote.
function faultAt(text: string, at: number, fault: string): string {
  const bytes = new TextEncoder().encode(text.slice(0, at)).length
  return `${fault} at pos ${bytes + OPENING_QUOTE_BYTES}`
}
