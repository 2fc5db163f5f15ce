import { compilePattern } from '../compile.ts'
import { InvalidEventPatternError } from '../errors.ts'
import type { EventValue } from '../flatten-event.ts'
import { addressDigits } from '../ip-address.ts'
import { passes } from '../value-test.ts'
import { writtenOperator } from './shortened.ts'

/** An operator to write for a string of the event, where AWS takes it and the string then fits. */
export function proposedOperator(name: string, operand: string, found: string): string | undefined {
  const entry = `{${JSON.stringify(name)}:${JSON.stringify(operand)}}`
  return fitsEntry(found, entry) ? writtenOperator(name, operand) : undefined
}

function fitsEntry(found: string, entry: string): boolean {
  const value: EventValue = {
    kind: 'string',
    text: found,
    number: undefined,
    address: addressDigits(found),
    element: undefined,
  }
  try {
    const { alternatives } = compilePattern(`{"field":[${entry}]}`)
    return alternatives.some((fields) =>
      fields.every(({ tests }) => tests.some((test) => passes(value, test))),
    )
  } catch (error) {
    if (error instanceof InvalidEventPatternError) return false
    throw error
  }
}
