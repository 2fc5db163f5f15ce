import type { TextFault } from '@belfry/event-pattern'

import { styled } from './output.ts'
import { printable, widthOf } from './terminal-text.ts'

/** A fault in a JSON text that was given to a command. */
export interface FaultInText {
  readonly message: string
  readonly text: string
  /** Where the text came from. */
  readonly origin: string
  readonly fault: TextFault
}

/** Of a longer line, as of JSON without line breaks, the part around the fault is shown. */
const SHOWN_CHARACTERS_MAX = 96
const BEFORE_FAULT_CHARACTERS = 60
const ELLIPSIS = '…'
const TOKEN = /"(?:[^"\\]|\\.)*"?|[\w.+-]+|./gu
/** These name something that stands before the place where the reader noticed. */
const NAMED = /^(?:Unrecognized match type|Unsupported [\w-]+ pattern:) (.+)$/

/** The message, the line of the text with its token marked, and what to do about it. */
export function faultText({ message, text, origin, fault }: FaultInText): string {
  const lines = [printable(message)]
  if (fault.line !== undefined && fault.column !== undefined) {
    lines.push(...excerpt(text, origin, { ...fault, line: fault.line, column: fault.column }))
  }
  if (fault.hint !== undefined) lines.push(`  ${styled('cyan', 'hint:')} ${fault.hint}`)
  return lines.join('\n')
}

interface Placed extends TextFault {
  readonly line: number
  readonly column: number
}

function excerpt(text: string, origin: string, fault: Placed): readonly string[] {
  const { line: lineNumber } = fault
  const line = (text.split(/\r\n|\r|\n/)[lineNumber - 1] ?? '').trimEnd()
  const { start, end } = markedToken(line, fault)
  const from = Math.max(
    0,
    Math.min(start - BEFORE_FAULT_CHARACTERS, line.length - SHOWN_CHARACTERS_MAX),
  )
  const to = from + SHOWN_CHARACTERS_MAX
  const lead = from > 0 ? ELLIPSIS : ''
  const shown = lead + inColumns(line.slice(from, to)) + (to < line.length ? ELLIPSIS : '')
  const before = widthOf(lead + inColumns(line.slice(from, start)))
  const width = Math.max(1, widthOf(inColumns(line.slice(start, Math.min(end, to)))))
  const margin = ' '.repeat(String(lineNumber).length)
  const rule = styled('dim', '|')
  return [
    `${margin} ${styled('dim', '-->')} ${printable(origin)}:${lineNumber}:${start + 1}`,
    `${margin} ${rule}`,
    `${lineNumber} ${rule} ${shown}`,
    `${margin} ${rule} ${' '.repeat(before)}${styled('red', '^'.repeat(width))}`,
  ]
}

/** The token that holds the last character that had been read, or the one that the reason names. */
function markedToken(line: string, { reason, column }: Placed): { start: number; end: number } {
  const at = Math.min(column - 1, line.length)
  const name = NAMED.exec(reason)?.[1]
  const named = name === undefined ? -1 : line.lastIndexOf(JSON.stringify(name), at)
  if (name !== undefined && named !== -1) {
    return { start: named, end: named + JSON.stringify(name).length }
  }
  for (const { index, 0: token } of line.matchAll(TOKEN)) {
    if (index <= at && at < index + token.length) return { start: index, end: index + token.length }
  }
  return { start: at, end: at + 1 }
}

/** Each character in its own columns, so that the marks stand below what they mark. */
function inColumns(text: string): string {
  return Array.from(text, (character) => printable(character) || ' ').join('')
}
