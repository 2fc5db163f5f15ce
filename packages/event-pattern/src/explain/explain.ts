import type { Alternative } from '../compile.ts'
import { matchesAny } from '../matcher.ts'
import { isAbsentInContext } from './absence.ts'
import { arrayConflict } from './array-conflict.ts'
import { eventHints } from './event-hints.ts'
import type { AlternativeExplanation, Explanation } from './explanation.ts'
import { explainField } from './field-explanation.ts'
import type { FieldInContext } from './field-explanation.ts'
import { judge } from './judged-field.ts'
import type { JudgedField } from './judged-field.ts'
import { outlinePattern } from './pattern-outline.ts'
import type { AlternativeOutline, PatternValue } from './pattern-outline.ts'
import { readEvent } from './read-event.ts'
import type { ReadEvent } from './read-event.ts'
import { faultSummary, summaryOf } from './summary.ts'

/** Ways to match that are told, the closest ones. */
const ALTERNATIVES_TOLD_MAX = 8
/** Fields of a way to match that are told, those that fail first. */
const FIELDS_TOLD_MAX = 64
/** Fields for which absence in the chosen array elements is tried; each try looks at all others. */
const CONTEXTS_MAX = 16
/** Closer than an alternative of which no field fails, but not together. */
const MATCHING = -1

/** A pattern as it is written, and as it is compiled. */
export type ExplainedPattern = {
  readonly text: string
  readonly alternatives: readonly Alternative[]
  matches(event: string | Uint8Array): boolean
}

/** Why the event matches the pattern or does not. Never throws for any event. */
export function explain(pattern: ExplainedPattern, event: string | Uint8Array): Explanation {
  const read = readEvent(event)
  if ('fault' in read) {
    const nothing = { hints: [], alternatives: [], alternativesLeftOut: 0 }
    return { matches: false, summary: faultSummary(read.fault), fault: read.fault, ...nothing }
  }
  const matches = pattern.matches(event)
  const judged = agreeing(judgeAll(pattern, read), matches)
  const closest = judged
    .toSorted((left, right) => left.distance - right.distance || right.passing - left.passing)
    .slice(0, ALTERNATIVES_TOLD_MAX)
  const hints = matches ? [] : eventHints(pattern.alternatives, read)
  const told = closest
    .map((alternative) => explainAlternative(alternative, read))
    .toSorted((left, right) => distanceOf(left) - distanceOf(right))
  return {
    matches,
    summary: summaryOf(told, judged.length),
    hints,
    // The hints of fields would tell the same slip once more for each.
    alternatives: hints.length > 0 ? told.map(withoutHints) : told,
    alternativesLeftOut: judged.length - told.length,
  }
}

type JudgedAlternative = {
  readonly outline: AlternativeOutline
  readonly fields: readonly JudgedField[]
  readonly matches: boolean
  /** How many fields fail at least, or MATCHING. */
  readonly distance: number
  readonly passing: number
}

function judgeAll(
  { text, alternatives }: ExplainedPattern,
  event: ReadEvent,
): readonly JudgedAlternative[] {
  // Alternatives share the lists of fields outside the branches that they differ in.
  const known = new Map<Alternative[number]['tests'], JudgedField>()
  const outlines = outlinePattern(text)
  return alternatives.map((alternative, at) => {
    const outline = outlines[at] ?? { branches: [], fields: new Map() }
    const fields = alternative.map((test) => {
      const entries: readonly PatternValue[] = outline.fields.get(test.path)?.entries ?? []
      const field = known.get(test.tests) ?? judge(test, entries, event)
      known.set(test.tests, field)
      return field
    })
    // Absence may depend on the array elements that other fields choose.
    const failing = fields.filter(({ passesAlone, test }) => !passesAlone && !test.mayBeAbsent)
    const matches = failing.length === 0 && matchesAny(event.values, [alternative])
    const passing = fields.length - failing.length
    return { outline, fields, matches, distance: matches ? MATCHING : failing.length, passing }
  })
}

/**
 * The matcher used here tries every choice of array elements, and gives up where an event repeats
 * arrays under one name; what `matches` says then counts, so that the two never differ.
 */
function agreeing(
  judged: readonly JudgedAlternative[],
  matches: boolean,
): readonly JudgedAlternative[] {
  if (judged.some((alternative) => alternative.matches) === matches) return judged
  return judged.map((alternative) =>
    matches && alternative.distance === 0
      ? { ...alternative, matches, distance: MATCHING }
      : { ...alternative, matches: false, distance: Math.max(0, alternative.distance) },
  )
}

function explainAlternative(
  { outline, fields, matches }: JudgedAlternative,
  event: ReadEvent,
): AlternativeExplanation {
  const passing = matches ? fields : passingFields(fields, event)
  const isPassing = new Set(passing)
  const inContext = fields.map((field): FieldInContext => ({
    field,
    outline: outline.fields.get(field.test.path) ?? { entries: [], within: [] },
    passes: isPassing.has(field),
    others: passing,
  }))
  const inOrder = [
    ...inContext.filter((each) => !each.passes),
    ...inContext.filter((each) => each.passes),
  ]
  const told = inOrder.slice(0, FIELDS_TOLD_MAX)
  const conflict = matches ? undefined : arrayConflict(passing, event)
  return {
    matches,
    branches: outline.branches,
    fields: told.map((each) => explainField(each, event)),
    fieldsLeftOut: fields.length - told.length,
    fieldsFailing: fields.length - passing.length,
    ...(conflict !== undefined && { conflict }),
  }
}

/** Those that pass, where absence counts as in the elements that the fields before have chosen. */
function passingFields(fields: readonly JudgedField[], event: ReadEvent): readonly JudgedField[] {
  const passing: JudgedField[] = []
  let contexts = 0
  for (const field of fields) {
    const isTried = field.test.mayBeAbsent && !field.passesAlone && contexts++ < CONTEXTS_MAX
    if (field.passesAlone || (isTried && isAbsentInContext(field, passing, event))) {
      passing.push(field)
    }
  }
  return passing
}

function withoutHints(alternative: AlternativeExplanation): AlternativeExplanation {
  return { ...alternative, fields: alternative.fields.map((field) => ({ ...field, hints: [] })) }
}

function distanceOf({ matches, fieldsFailing, conflict }: AlternativeExplanation): number {
  return matches ? MATCHING : fieldsFailing + (conflict === undefined ? 0 : 1)
}
