import type { Branch } from './explanation.ts'
import type { PatternValue } from './pattern-outline.ts'
import { ITEMS_SHOWN_MAX, joined, listed, shownPath, shownValue } from './shortened.ts'

/** An operator of a field's list with its operand. */
export type Operator = PatternValue & { readonly kind: 'operator' }

const BOUNDS: Readonly<Record<string, string>> = {
  '<': 'below',
  '<=': 'at most',
  '>': 'above',
  '>=': 'at least',
}

/** What a field's list asks for: `one of "running", "stopped", or any string that starts with "p"`. */
export function wantedWords(entries: readonly PatternValue[]): string {
  const values = entries.filter((entry) => entry.kind !== 'operator').map(valueWords)
  const operators = entries.filter((entry) => entry.kind === 'operator').map(operatorWords)
  const literals = values.length > 1 ? [`one of ${listed(values)}`] : values
  const parts = [...literals, ...operators]
  const shown = parts.slice(0, ITEMS_SHOWN_MAX).join(', or ')
  const rest = parts.length - ITEMS_SHOWN_MAX
  return rest > 0 ? `${shown}, or one of ${rest} other things` : shown
}

/** `branch 2 of $or`, or several of them. */
export function branchWords(branches: readonly Branch[]): string {
  return joined(
    branches.map(({ path, number }) => `branch ${number} of ${shownPath(path)}`),
    'and',
  )
}

/** Whether every entry of the list is this operator, and with this operand where one is given. */
export function wantsOnly(
  entries: readonly PatternValue[],
  name: string,
  operand?: string,
): boolean {
  return entries.every((entry) => isOperator(entry, name, operand))
}

/** Whether the list has this operator, and with this operand where one is given. */
export function wantsAlso(
  entries: readonly PatternValue[],
  name: string,
  operand?: string,
): boolean {
  return entries.some((entry) => isOperator(entry, name, operand))
}

function isOperator(entry: PatternValue, name: string, operand: string | undefined): boolean {
  if (entry.kind !== 'operator' || entry.name !== name) return false
  return operand === undefined || ('text' in entry.operand && entry.operand.text === operand)
}

function valueWords(value: PatternValue): string {
  return 'text' in value ? shownValue(value) : ''
}

function operatorWords({ name, operand }: Operator): string {
  switch (name) {
    case 'prefix':
      return `a string that starts with ${textsWords(operand)}`
    case 'suffix':
      return `a string that ends with ${textsWords(operand)}`
    case 'equals-ignore-case':
      return `${textsWords(operand)} in any letter case`
    case 'wildcard':
      return `a string like ${textsWords(operand)}`
    case 'cidr':
      return `an IP address in ${textsWords(operand)}`
    case 'numeric':
      return numericWords(itemsOf(operand).map((item) => ('text' in item ? item.text : '')))
    case 'exists':
      return 'text' in operand && operand.text === 'true' ? 'any value' : 'no value'
    case 'anything-but':
      return `anything but ${exceptionWords(operand)}`
    default:
      return textsWords(operand)
  }
}

function exceptionWords(operand: PatternValue): string {
  if (operand.kind !== 'operator') return textsWords(operand)
  const texts = textsWords(operand.operand)
  switch (operand.name) {
    case 'prefix':
      return `strings that start with ${texts}`
    case 'suffix':
      return `strings that end with ${texts}`
    case 'equals-ignore-case':
      return `${texts} in any letter case`
    default:
      return `strings like ${texts}`
  }
}

/** One value, several, or those of the operator inside: `{"prefix": {"equals-ignore-case": "a"}}`. */
function textsWords(operand: PatternValue): string {
  if (operand.kind === 'operator') return `${textsWords(operand.operand)} in any letter case`
  return joined(itemsOf(operand).map(valueWords), 'or')
}

function itemsOf(operand: PatternValue): readonly PatternValue[] {
  return operand.kind === 'list' ? operand.items : [operand]
}

function numericWords([operator = '', number = '', highOperator, high]: readonly string[]): string {
  if (operator === '=') return `the number ${number}`
  const bound = BOUNDS[operator] ?? operator
  const first = `a number ${bound.startsWith('at ') ? 'of ' : ''}${bound} ${number}`
  if (highOperator === undefined || high === undefined) return first
  return `${first} and ${BOUNDS[highOperator] ?? highOperator} ${high}`
}
