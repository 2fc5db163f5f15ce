import type { Message } from './sending.ts'

/** Shortens texts to what the other side of a channel takes. */

const CUT = '…'
/** Line breaks, control characters, and what turns the direction of the text around it. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu

/** One line, however the text came: names of resources are their owners'. */
export function oneLine(text: string): string {
  return text.toWellFormed().replaceAll(UNSEEN, ' ').trim()
}

/**
 * The text, or its start with "…" behind it.
 * @param charactersMax in UTF-16 units, as all sides count; no pair is cut in two
 */
export function cut(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text
  const end = charactersMax - CUT.length
  const splits = end > 0 && isHighSurrogate(text.charCodeAt(end - 1))
  return text.slice(0, splits ? end - 1 : Math.max(end, 0)) + CUT
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

/** As many items as `fits` takes, tried from all of them down; `fits(0)` is taken as it is. */
function mostThatFits(count: number, fits: (shown: number) => boolean): number {
  let [low, high] = [0, count]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  return low
}

/** "and 12 more", or undefined where all are shown. */
export function moreText(left: number): string | undefined {
  return left > 0 ? `and ${left} more` : undefined
}

/** Ever less of a message, until it fits; nothing goes unsaid but by "and N more" and "…". */
const SHORTER = [
  { facts: 20, valueCharacters: 500, reasons: 10, links: 10 },
  { facts: 10, valueCharacters: 150, reasons: 3, links: 5 },
  { facts: 5, valueCharacters: 60, reasons: 1, links: 3 },
  { facts: 0, valueCharacters: 30, reasons: 0, links: 1 },
  { facts: 0, valueCharacters: 30, reasons: 0, links: 0 },
] as const
const SUMMARY_VALUES = 2

/**
 * The message with as many items as fit, and if none does with less of the rest too.
 * @param fits whether a channel takes the message as it renders it
 */
export function fitted(message: Message, fits: (shorter: Message) => boolean): Message {
  for (const { facts, valueCharacters, reasons, links } of SHORTER) {
    const value = (text: string) => cut(text, valueCharacters)
    const shorter = {
      ...message,
      summary: cut(message.summary, SUMMARY_VALUES * valueCharacters),
      facts: message.facts.slice(0, facts).map((fact) => ({ ...fact, value: value(fact.value) })),
      reasons: message.reasons.slice(0, reasons).map(value),
      links: message.links.slice(0, links),
      items: message.items.map((item) => ({ ...item, text: value(item.text) })),
    }
    const withItems = (shown: number): Message => ({
      ...shorter,
      items: shorter.items.slice(0, shown),
      moreItems: message.moreItems + message.items.length - shown,
    })
    const shown = mostThatFits(message.items.length, (count) => fits(withItems(count)))
    if (fits(withItems(shown))) return withItems(shown)
  }
  throw new Error('not even a title fits the channel')
}
