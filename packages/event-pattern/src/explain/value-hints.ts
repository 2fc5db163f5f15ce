import type { EventValue } from '../flatten-event.ts'
import type { JudgedField } from './judged-field.ts'
import { operatorSlip } from './operator-slips.ts'
import type { PatternValue } from './pattern-outline.ts'
import { quoted, shownValue, writeWords } from './shortened.ts'
import { stringSlip } from './string-slips.ts'

/** Pairs of an entry and a value that are looked at. */
const PAIRS_MAX = 400
const ACCOUNT_ID = /^\d{12}$/

/** What probably went wrong with values that do not fit. Every advice has been tried. */
export function valueHints({ test, entries, values }: JudgedField): readonly string[] {
  const hints = new Set<string>()
  const shown = values.slice(0, Math.max(1, Math.floor(PAIRS_MAX / entries.length)))
  for (const entry of entries.slice(0, PAIRS_MAX)) {
    for (const value of shown) {
      const hint = slipOf(value, entry, test.path)
      if (hint !== undefined) hints.add(hint)
    }
  }
  return [...hints]
}

function slipOf(value: EventValue, entry: PatternValue, path: string): string | undefined {
  switch (entry.kind) {
    case 'string':
      return value.kind === 'string'
        ? stringSlip(value.text, entry.text, path)
        : needlessQuotes(value, entry.text)
    case 'number':
      return numberSlip(value, entry.text)
    case 'keyword':
      return missingQuotes(value, entry.text)
    case 'operator':
      return operatorSlip(value, entry)
    case 'list':
      return undefined
    default:
      return entry satisfies never
  }
}

/** The pattern has "5" or "true" in quotes, the event 5 or true without. */
function needlessQuotes(value: EventValue, wanted: string): string | undefined {
  if (value.kind === 'number' && isDigits(wanted) && !isSameNumber(wanted, value.text)) {
    return otherNumber(
      `a number, and ${quoted(wanted)} is a string: write ${wanted} without quotes`,
      value,
    )
  }
  const isSame =
    value.kind === 'number' ? isSameNumber(wanted, value.text) : wanted.toLowerCase() === value.text
  if (!isSame) return undefined
  const noun = value.kind === 'number' ? `the number ${value.text}` : `${value.text} itself`
  return `the event has ${noun}, the pattern the string ${quoted(wanted)}: write ${value.text} without quotes`
}

function numberSlip(value: EventValue, literal: string): string | undefined {
  const shown = shownValue(value)
  if (value.kind === 'string' && isSameNumber(value.text, literal)) {
    const what = ACCOUNT_ID.test(value.text) ? 'an account number is a string' : undefined
    const fact = `the event has the string ${shown}, the pattern the number ${literal}`
    return `${what ?? fact}: ${writeWords(value.text)} in quotes`
  }
  if (value.kind === 'string' && isDigits(value.text)) {
    return otherNumber(`a string, and ${literal} is a number: write "${literal}" in quotes`, value)
  }
  // Only numbers that no double stands for get here with the same value.
  if (value.kind === 'number' && isSameNumber(value.text, literal)) {
    return `a number with so many digits fits only when it is written the same: ${shown === value.text ? `write ${shown}` : 'write it as the event has it'}`
  }
  return undefined
}

/** The type is wrong and the value too: both have to be right for another event. */
function otherNumber(advice: string, value: EventValue): string {
  return `the event has ${advice}, though ${shownValue(value)} would still not fit`
}

/** The pattern has true or null without quotes, the event "true" or "null" in quotes. */
function missingQuotes(value: EventValue, keyword: string): string | undefined {
  if (value.kind !== 'string' || value.text.toLowerCase() !== keyword) return undefined
  const shown = shownValue(value)
  return `the event has the string ${shown}, the pattern ${keyword} itself: write ${shown} in quotes`
}

function isSameNumber(left: string, right: string): boolean {
  return isDigits(left) && Number(left) === Number(right) && Number.isFinite(Number(left))
}

function isDigits(text: string): boolean {
  return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)
}
