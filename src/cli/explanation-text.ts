import type {
  AlternativeExplanation,
  Branch,
  Explanation,
  FieldExplanation,
} from '@belfry/event-pattern'

import { styled } from './output.ts'
import { counted, printable } from './terminal-text.ts'

/** An explanation for people: the verdict, then a line for each field with its reason. */
export function explanationText(explanation: Explanation): string {
  const { matches, alternatives, hints } = explanation
  // Why other branches do not match is of no interest where one does.
  const told = matches ? alternatives.filter((each) => each.matches) : alternatives
  const hasBranches = alternatives.some(({ branches }) => branches.length > 0)
  const blocks = told.map((alternative) => {
    const lines = alternativeLines(alternative)
    return hasBranches ? [branchHeading(alternative), ...lines].join('\n') : lines.join('\n')
  })
  const verdict = styled(matches ? 'green' : 'red', matches ? 'match' : 'no match')
  const head = [`${verdict}${printable(verdictDetail(explanation))}`, ...hints.map(hintLine)]
  return [head.join('\n'), ...blocks, ...leftOut(explanation, told.length)].join('\n\n')
}

/** What follows the verdict: the summary without what the lines below tell again. */
function verdictDetail({ summary, alternatives }: Explanation): string {
  const [closest] = alternatives
  const isToldBelow = closest !== undefined && closest.branches.length === 0
  if (closest === undefined || closest.matches || !isToldBelow) {
    return summary.replace(/^(?:no )?match/, '')
  }
  const count = closest.fields.length + closest.fieldsLeftOut
  if (closest.fieldsFailing === 0) return ': each field fits, but they do not fit together'
  return `: ${closest.fieldsFailing} of ${counted(count, 'field')} ${closest.fieldsFailing === 1 ? 'fails' : 'fail'}`
}

function branchHeading({ branches, matches }: AlternativeExplanation): string {
  const verdict = matches ? styled('green', 'match') : styled('red', 'no match')
  return `${styled('bold', branches.map(branchName).join(', '))}: ${verdict}`
}

function branchName({ path, number, of }: Branch): string {
  return printable(`branch ${number} of ${of} of ${path}`)
}

function alternativeLines(alternative: AlternativeExplanation): readonly string[] {
  const { fields, fieldsLeftOut, conflict } = alternative
  const lines = fields.flatMap(fieldLines)
  if (conflict !== undefined) lines.push(`  ${styled('red', '✗')} ${printable(conflict)}`)
  if (fieldsLeftOut > 0) lines.push(`  and ${counted(fieldsLeftOut, 'more field')}`)
  return lines
}

function fieldLines({ passes, reason, hints, notes }: FieldExplanation): readonly string[] {
  const mark = passes ? styled('green', '✓') : styled('red', '✗')
  return [
    `  ${mark} ${printable(reason)}`,
    ...hints.map((hint) => `  ${hintLine(hint)}`),
    ...notes.map((note) => `    ${styled('dim', `note: ${printable(note)}`)}`),
  ]
}

function hintLine(hint: string): string {
  return `  ${styled('cyan', 'hint:')} ${printable(hint)}`
}

function leftOut(
  { matches, alternatives, alternativesLeftOut }: Explanation,
  told: number,
): readonly string[] {
  const count = alternativesLeftOut + alternatives.length - told
  if (count === 0) return []
  const rest = counted(count, 'other way to match', 'other ways to match')
  return [matches ? `${rest} not shown` : `${rest}, none closer`]
}
