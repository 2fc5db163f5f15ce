import type { AlternativeExplanation, TextFault } from './explanation.ts'
import { branchWords } from './pattern-words.ts'
import { listed } from './shortened.ts'

/** The verdict on an event that could not be read. */
export function faultSummary({ reason, line, column }: TextFault): string {
  const place = line === undefined ? '' : ` (line ${line}, column ${column})`
  return `no match: ${reason}${place}`
}

/**
 * The verdict and what decides it.
 * @param told the alternatives that are told, the closest first
 * @param count how many there are
 */
export function summaryOf(told: readonly AlternativeExplanation[], count: number): string {
  const [closest] = told
  if (closest === undefined) return 'no match'
  const { branches, matches } = closest
  if (matches) {
    const way = branches.length > 0 ? ` by ${branchWords(branches)}` : ''
    return `match${way}: ${fittingWords(closest)}`
  }
  if (count === 1) return `no match: ${reasonOf(closest)}`
  const ways =
    branches.length > 1 ? 'combinations of $or branches' : `branches of ${branches[0]?.path}`
  return `no match: none of the ${count} ${ways} fits; closest is ${branchWords(branches)}: ${reasonOf(closest)}`
}

function fittingWords({ fields, fieldsLeftOut }: AlternativeExplanation): string {
  const count = fields.length + fieldsLeftOut
  if (count === 1) return 'its one field fits'
  return count === 2 ? 'both fields fit' : `all ${count} fields fit`
}

function reasonOf(alternative: AlternativeExplanation): string {
  const { fields, fieldsLeftOut, fieldsFailing, conflict } = alternative
  const failing = fields.filter((field) => !field.passes)
  const [first] = failing
  if (first === undefined) return conflict ?? 'the search for array elements took too long'
  if (fieldsFailing === 1) return first.reason
  const count = fields.length + fieldsLeftOut
  return `${fieldsFailing} of ${count} fields fail: ${listed(failing.map(({ path }) => path))}`
}
