import type { EventValue } from '../flatten-event.ts'

/** Values of a list that are shown; the rest is counted. */
export const ITEMS_SHOWN_MAX = 6
/** Characters of a string that are shown, enough for most ARNs. */
const TEXT_CHARACTERS_MAX = 100
/** Characters of a path or a name that are shown. */
const PATH_CHARACTERS_MAX = 200

/** A string in quotes, cut where it is long. */
export function quoted(text: string): string {
  if (text.length <= TEXT_CHARACTERS_MAX) return JSON.stringify(text)
  return `${JSON.stringify(cut(text, TEXT_CHARACTERS_MAX))}… (${text.length} characters)`
}

/** The advice to write this value; one that would be cut is not repeated. */
export function writeWords(text: string): string {
  return text.length > TEXT_CHARACTERS_MAX
    ? 'write it as the event has it'
    : `write ${JSON.stringify(text)}`
}

/** An operator as it is written in a list: `{"prefix": "a"}`; only its name where the text is long. */
export function writtenOperator(name: string, text: string): string {
  return text.length > TEXT_CHARACTERS_MAX ? `"${name}"` : `{"${name}": ${JSON.stringify(text)}}`
}

/** A value as it stands in JSON, cut where it is long. */
export function shownValue({ kind, text }: Pick<EventValue, 'kind' | 'text'>): string {
  return kind === 'string' ? quoted(text) : shortened(text, TEXT_CHARACTERS_MAX)
}

/** A path, cut where it is long. */
export function shownPath(path: string): string {
  return path === '' ? '""' : shortened(path, PATH_CHARACTERS_MAX)
}

/** `a, b, c and 4 more` */
export function listed(items: readonly string[], shownMax = ITEMS_SHOWN_MAX): string {
  const shown = items.slice(0, shownMax).join(', ')
  return items.length > shownMax ? `${shown} and ${items.length - shownMax} more` : shown
}

/** `a, b and c` with a word of choice before the last, or cut as a list. */
export function joined(items: readonly string[], word: 'and' | 'or'): string {
  if (items.length > ITEMS_SHOWN_MAX) return listed(items)
  const last = items.at(-1) ?? ''
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} ${word} ${last}`
}

function shortened(text: string, charactersMax: number): string {
  return text.length > charactersMax ? `${cut(text, charactersMax)}…` : text
}

// Not between the two halves of a surrogate pair.
function cut(text: string, charactersMax: number): string {
  const last = text.charCodeAt(charactersMax - 1)
  const isHalf = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, isHalf ? charactersMax - 1 : charactersMax)
}
