import { endsIgnoringCase, equalsIgnoringCase, foldCase } from '../case-folding.ts'
import { startsIgnoringCase } from '../case-folding.ts'
import { comparableNumber } from '../comparable-number.ts'
import type { EventValue } from '../flatten-event.ts'
import { addressDigits, cidrRange, rangeHolds } from '../ip-address.ts'
import type { PatternValue } from './pattern-outline.ts'
import type { Operator } from './pattern-words.ts'
import { proposedOperator } from './proposed-entry.ts'
import { quoted, shownValue, writeWords, writtenOperator } from './shortened.ts'
import { partOf, wildcardFits } from './string-slips.ts'

/** A port, brackets or a mask around an address. */
const AROUND_ADDRESS = /^\[?([0-9a-fA-F.:]+?)\]?(:\d+|\/\d+)$/

/** What probably went wrong where an operator was to fit the value and did not. */
export function operatorSlip(value: EventValue, { name, operand }: Operator): string | undefined {
  switch (name) {
    case 'numeric':
      return numericSlip(value, operand)
    case 'cidr':
      return cidrSlip(value, textOf(operand))
    case 'exists':
      return value.text === 'null' && value.kind === 'keyword'
        ? 'null counts as a value: to match it write null in the list'
        : undefined
    case 'anything-but':
      return undefined
    default:
      if (value.kind !== 'string') return notStringSlip(value, name, textOf(operand))
      return textSlip(value.text, name, operand)
  }
}

function numericSlip(value: EventValue, operand: PatternValue): string | undefined {
  const shown = shownValue(value)
  if (value.kind === 'number' && value.number === undefined) {
    return `${shown} has more digits than can be compared: numeric fits no such number, only the same number in the list does`
  }
  if (value.kind !== 'string' || value.text.trim() === '') return undefined
  const number = comparableNumber(value.text)
  if (number === undefined || !isWithin(number, operand)) return undefined
  const [operator] = operand.kind === 'list' ? operand.items : []
  const fact = `numeric fits numbers only, and the event has the string ${shown}`
  return textOf(operator) === '='
    ? `${fact}: ${writeWords(value.text)} in the list instead`
    : `${fact}: the event would have to carry it without quotes`
}

function isWithin(number: number, operand: PatternValue): boolean {
  const terms = operand.kind === 'list' ? operand.items.map(textOf) : []
  for (let at = 0; at + 1 < terms.length; at += 2) {
    const bound = Number(terms[at + 1])
    const isIn: Readonly<Record<string, boolean>> = {
      '=': number === bound,
      '<': number < bound,
      '<=': number <= bound,
      '>': number > bound,
      '>=': number >= bound,
    }
    if (isIn[terms[at] ?? ''] !== true) return false
  }
  return true
}

function cidrSlip(value: EventValue, block: string): string | undefined {
  const shown = shownValue(value)
  if (value.kind !== 'string') return `cidr fits strings only, and ${shown} is none`
  if (value.address !== undefined) return undefined
  const inner = AROUND_ADDRESS.exec(value.text)
  const digits = addressDigits(inner?.[1] ?? '')
  if (inner !== null && digits !== undefined && rangeHolds(cidrRange(block), digits)) {
    return `${shown} is not an address by itself: cidr does not look past ${quoted(inner[2] ?? '')}`
  }
  return `${shown} is not an IP address`
}

function notStringSlip(value: EventValue, name: string, wanted: string): string {
  const shown = shownValue(value)
  const noun = value.kind === 'number' ? `the number ${shown}` : shown
  const fact = `${name} fits strings only, and the event has ${noun}`
  return wanted === value.text ? `${fact}: write ${shown} in the list instead` : fact
}

function textSlip(found: string, name: string, operand: PatternValue): string | undefined {
  const isFolded = operand.kind === 'operator'
  const wanted = textOf(isFolded ? operand.operand : operand)
  if (wanted === '') return undefined
  const folded = foldCase(wanted)
  switch (name) {
    case 'prefix':
      return startsIgnoringCase(found, folded)
        ? ignoringCase(name, wanted)
        : affixSlip(found, wanted)
    case 'suffix':
      return endsIgnoringCase(found, folded) ? ignoringCase(name, wanted) : affixSlip(found, wanted)
    case 'wildcard':
      return wildcardSlip(found, wanted)
    case 'equals-ignore-case':
      return equalsIgnoringCase(found.trim(), foldCase(wanted.trim()))
        ? `only white space around it differs: ${writeWords(found)}`
        : affixSlip(found, wanted)
    default:
      return undefined
  }
}

function ignoringCase(name: string, wanted: string): string {
  return `only the letter case differs: use {"${name}": ${writtenOperator('equals-ignore-case', wanted)}}`
}

/** The value has the text at another place, or the text holds stars. */
function affixSlip(found: string, wanted: string): string | undefined {
  if (wanted.includes('*')) {
    const operator = proposedOperator('wildcard', wanted, found)
    return operator && `a star is a plain character here: use ${operator}`
  }
  const part = partOf(found, wanted)
  return part && `the value ${part.verb} it: use ${part.operator}`
}

function wildcardSlip(found: string, wanted: string): string | undefined {
  for (const wider of [`${wanted}*`, `*${wanted}`, `*${wanted}*`]) {
    const operator = proposedOperator('wildcard', wider, found)
    if (operator !== undefined) return `a wildcard must cover the whole value: use ${operator}`
  }
  return wildcardFits(found.toLowerCase(), wanted.toLowerCase())
    ? 'only the letter case differs, which wildcard does not ignore'
    : undefined
}

function textOf(value: PatternValue | undefined): string {
  return value !== undefined && 'text' in value ? value.text : ''
}
