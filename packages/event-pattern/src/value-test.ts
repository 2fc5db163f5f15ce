import { endsIgnoringCase, equalsIgnoringCase, startsIgnoringCase } from './case-folding.ts'
import type { FoldedText } from './case-folding.ts'
import type { EventValue } from './flatten-event.ts'
import { rangeHolds } from './ip-address.ts'
import type { AddressRange } from './ip-address.ts'
import { fitsWildcard } from './wildcard.ts'
import type { Wildcard } from './wildcard.ts'

/** What one entry of a field's list asks of a value of that field. */
export type ValueTest =
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'number'; readonly literal: string; readonly number: number | undefined }
  | { readonly kind: 'keyword'; readonly text: string }
  | { readonly kind: 'prefix' | 'suffix'; readonly text: string }
  | { readonly kind: IgnoringCase; readonly folded: FoldedText }
  | { readonly kind: 'wildcard'; readonly wildcard: Wildcard }
  | { readonly kind: 'numeric'; readonly range: NumberRange }
  | { readonly kind: 'address'; readonly range: AddressRange }
  | { readonly kind: 'none-of'; readonly tests: readonly ValueTest[] }
  | { readonly kind: 'exists' }
  /** No value passes; the matcher looks for the field's absence. */
  | { readonly kind: 'absent' }

/** Numbers between two bounds, which may be infinite; an open bound is not in the range. */
export type NumberRange = {
  readonly low: number
  readonly lowIsOpen: boolean
  readonly high: number
  readonly highIsOpen: boolean
}

type IgnoringCase = 'equals-ignore-case' | 'prefix-ignore-case' | 'suffix-ignore-case'

/** Whether one value of an event passes the test. */
export function passes(value: EventValue, test: ValueTest): boolean {
  switch (test.kind) {
    case 'string':
    case 'keyword':
      return value.kind === test.kind && value.text === test.text
    case 'number':
      return value.kind === 'number' && equalsNumber(value, test.literal, test.number)
    case 'prefix':
      return value.kind === 'string' && value.text.startsWith(test.text)
    case 'suffix':
      return value.kind === 'string' && value.text.endsWith(test.text)
    case 'equals-ignore-case':
      return value.kind === 'string' && equalsIgnoringCase(value.text, test.folded)
    case 'prefix-ignore-case':
      return value.kind === 'string' && startsIgnoringCase(value.text, test.folded)
    case 'suffix-ignore-case':
      return value.kind === 'string' && endsIgnoringCase(value.text, test.folded)
    case 'wildcard':
      return value.kind === 'string' && fitsWildcard(value.text, test.wildcard)
    case 'numeric':
      return value.number !== undefined && isWithin(value.number, test.range)
    case 'address':
      return value.address !== undefined && rangeHolds(test.range, value.address)
    case 'none-of':
      return !test.tests.some((inner) => passes(value, inner))
    case 'exists':
      return true
    case 'absent':
      return false
    default:
      return test satisfies never
  }
}

// A number that is not comparable still equals its own text: 1e400 is 1e400, but not 1.0e400.
function equalsNumber(value: EventValue, literal: string, number: number | undefined): boolean {
  return value.text === literal || (number !== undefined && value.number === number)
}

function isWithin(number: number, { low, lowIsOpen, high, highIsOpen }: NumberRange): boolean {
  const isAbove = lowIsOpen ? number > low : number >= low
  const isBelow = highIsOpen ? number < high : number <= high
  return isAbove && isBelow
}
