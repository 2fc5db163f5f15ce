/** Text for a terminal: made harmless, measured in columns, and cut to fit. */

/** Control characters could rewrite the screen, and bidirectional ones the reading order. */
// oxlint-disable-next-line no-control-regex -- control characters are what it is for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g
const PLAIN = /^[\x20-\x7e]*$/
/** East Asian wide and full-width characters, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
const ELLIPSIS = '…'
const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Text from elsewhere as one line that does nothing to the terminal but show. */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replaceAll(UNSAFE, ' ').trim()
}

/** How many columns a printable text takes. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const { segment } of characters.segment(text)) width += characterWidth(segment)
  return width
}

/** The text, ending in an ellipsis where it is wider than `width`. */
export function clipped(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  if (width <= 0) return ''
  let kept = ''
  let used = 0
  for (const { segment } of characters.segment(text)) {
    used += characterWidth(segment)
    if (used > width - 1) break
    kept += segment
  }
  return kept.trimEnd() + ELLIPSIS
}

/** The text in lines of at most `width` columns, but for words that are wider. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`
    if (lines.length === 0 || widthOf(longer) > width) lines.push(word)
    else lines[lines.length - 1] = longer
  }
  return lines
}

/** The text in exactly `width` columns. */
export function padded(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const fitted = clipped(text, width)
  const space = ' '.repeat(width - widthOf(fitted))
  return align === 'left' ? fitted + space : space + fitted
}

/** YYYY-MM-DD, local. */
export function localDay(epochMs: number): string {
  const date = new Date(epochMs)
  return [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
}

/** HH:MM:SS, local. */
export function localTime(epochMs: number): string {
  const date = new Date(epochMs)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
}

export function localMoment(epochMs: number): string {
  return `${localDay(epochMs)} ${localTime(epochMs)}`
}

/** `1 event`, `2 events`, `1,234 events` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

function characterWidth(character: string): number {
  return WIDE.test(character) ? 2 : 1
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
