/**
 * JSON handled as text. An event's numbers must reach its targets as they were written (1.0, 2e3,
 * 20-digit integers), so nothing on an event's way turns it into objects and back.
 * All functions expect text that JSON.parse has accepted.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPENING = new Set([0x7b, 0x5b])
const CLOSING = new Set([0x7d, 0x5d])

/** One member of an object: its decoded key and the text of its value. */
export interface Member {
  readonly key: string
  readonly value: string
}

/** The members of a compact object, in order, duplicates included. */
export function membersOf(compactObject: string): readonly Member[] {
  return splitTopLevel(compactObject).map((text) => {
    const colon = endOfString(text, 0) + 1
    return { key: JSON.parse(text.slice(0, colon)) as string, value: text.slice(colon + 1) }
  })
}

/** The texts of the items of a compact array. */
export function itemsOf(compactArray: string): readonly string[] {
  return splitTopLevel(compactArray)
}

/**
 * The object with the values (JSON texts) of some members replaced. Other members stay as they
 * were written; of members that share a key the last one counts, as for JSON.parse.
 */
export function withMembers(
  compactObject: string,
  values: Readonly<Record<string, string>>,
): string {
  const members = new Map(membersOf(compactObject).map(({ key, value }) => [key, value]))
  const texts = Array.from(
    members,
    ([key, value]) => `${JSON.stringify(key)}:${Object.hasOwn(values, key) ? values[key] : value}`,
  )
  return `{${texts.join(',')}}`
}

function splitTopLevel(compact: string): readonly string[] {
  const parts: string[] = []
  let start = 1
  let depth = 0
  for (let at = 1; at < compact.length - 1; at += 1) {
    const code = compact.charCodeAt(at)
    if (code === QUOTE) at = endOfString(compact, at)
    else if (OPENING.has(code)) depth += 1
    else if (CLOSING.has(code)) depth -= 1
    else if (code === COMMA && depth === 0) {
      parts.push(compact.slice(start, at))
      start = at + 1
    }
  }
  if (start < compact.length - 1) parts.push(compact.slice(start, -1))
  return parts
}

/** Index of the quote that closes the string opened at `opening`. */
function endOfString(text: string, opening: number): number {
  let quote = text.indexOf('"', opening + 1)
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1)
  return quote
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1
  return backslashes % 2 === 1
}
