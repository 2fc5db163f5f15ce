import type { EventValue } from '../flatten-event.ts'
import { presenceReason } from './absence.ts'
import type { FieldExplanation } from './explanation.ts'
import type { JudgedField } from './judged-field.ts'
import { missingHints, missingReason } from './missing-field.ts'
import { otherPlaceHints } from './path-hints.ts'
import type { FieldOutline } from './pattern-outline.ts'
import { wantedWords, wantsAlso, wantsOnly } from './pattern-words.ts'
import type { Container, ReadEvent } from './read-event.ts'
import { ITEMS_SHOWN_MAX, listed, shownPath, shownValue } from './shortened.ts'
import { valueHints } from './value-hints.ts'

/** Hints for one field; more would hide the right one. */
const HINTS_MAX = 3

const SHOWN_CONTAINERS = {
  object: '{…}',
  'array of objects': '[{…}]',
  'empty object': '{}',
  'empty array': '[]',
} satisfies Record<Container, string>

/** A field as the others have left it. */
export type FieldInContext = {
  readonly field: JudgedField
  readonly outline: FieldOutline
  readonly passes: boolean
  /** The other fields of the alternative that pass, in the order of their paths. */
  readonly others: readonly JudgedField[]
}

/** What the pattern wanted of a field, what the event has, and why it passes or fails. */
export function explainField(inContext: FieldInContext, event: ReadEvent): FieldExplanation {
  const { field, outline, passes } = inContext
  const { test, entries, values } = field
  const container = event.containers.get(test.path)
  const shownContainer =
    container === undefined || (container === 'empty array' && values.length > 0)
      ? []
      : [SHOWN_CONTAINERS[container]]
  const shown = values.slice(0, ITEMS_SHOWN_MAX).map(shownValue)
  return {
    path: shownPath(test.path),
    passes,
    wanted: wantedWords(entries),
    found: [...shown, ...shownContainer],
    foundLeftOut: values.length - shown.length,
    reason: passes ? passingReason(field, event) : failingReason(inContext, event),
    hints: passes ? [] : hintsFor(field, event),
    notes: [...replacementNotes(outline), ...(passes ? passingNotes(field, container) : [])],
  }
}

function passingReason({ test, values, fitting }: JudgedField, event: ReadEvent): string {
  const path = shownPath(test.path)
  const [value] = fitting
  if (value === undefined) {
    if (values.length > 0)
      return `${path} is absent in the array elements that the other fields fit`
    return event.containers.has(test.path) ? `${path} has no value` : `${path} is missing`
  }
  if (values.length === 1) return `${path} is ${shownValue(value)}`
  return `${path} is ${shownValue(value)}, among ${values.length} values`
}

function failingReason({ field, others }: FieldInContext, event: ReadEvent): string {
  const { test, entries, values } = field
  const path = shownPath(test.path)
  const [value] = values
  if (value === undefined) return missingReason(field, event)
  if (wantsOnly(entries, 'exists', 'false')) return presenceReason(field, others, event)
  const wanted = wantedWords(entries)
  const found = values.length > 1 ? listed(distinct(values)) : shownValue(value)
  if (wantsOnly(entries, 'anything-but')) {
    return values.length > 1
      ? `all values of ${path} are excluded: ${found}; the pattern wants ${wanted}`
      : `${path} is ${found}, which is excluded: the pattern wants ${wanted}`
  }
  return values.length > 1
    ? `none of the ${values.length} values of ${path} fits: ${found}; the pattern wants ${wanted}`
    : `${path} is ${found}; the pattern wants ${wanted}`
}

function distinct(values: readonly EventValue[]): readonly string[] {
  return [...new Set(values.map(shownValue))]
}

function hintsFor(field: JudgedField, event: ReadEvent): readonly string[] {
  if (field.values.length === 0) return missingHints(field, event).slice(0, HINTS_MAX)
  const hints = valueHints(field)
  return (hints.length > 0 ? hints : otherPlaceHints(field, event)).slice(0, HINTS_MAX)
}

function passingNotes(
  { values, fitting, entries }: JudgedField,
  container: Container | undefined,
): readonly string[] {
  const [value] = fitting
  if (value !== undefined) {
    const isPartly = fitting.length < values.length && wantsAlso(entries, 'anything-but')
    // The fitting ones are in the order of all.
    const excluded = values.find((each, at) => each !== fitting[at])
    return isPartly && excluded !== undefined ? [partlyExcluded(value, excluded)] : []
  }
  const isContainer = container !== undefined && values.length === 0
  return isContainer ? [`${SHOWN_CONTAINERS[container]} does not count as existing`] : []
}

function partlyExcluded(value: EventValue, excluded: EventValue): string {
  return `${shownValue(excluded)} is excluded, but one value that is not is enough: ${shownValue(value)}`
}

/** What a list replaces stands nowhere else in an explanation, and surprises. */
function replacementNotes({ replaces, within }: FieldOutline): readonly string[] {
  if (replaces === undefined) return []
  const lost = wantedWords(replaces.entries)
  const isDeeper = within.length > replaces.within.length
  const isOutside = within.length < replaces.within.length
  const last = within.at(-1)
  if (isDeeper && last !== undefined) {
    const branch = `branch ${last.number} of ${shownPath(last.path)}`
    return [`${branch} replaces the list for this field before it, which wanted ${lost}`]
  }
  if (isOutside) {
    return [`a list after $or replaces what its branches say of this field, here ${lost}`]
  }
  return [`the last list for a field counts; an earlier one wanted ${lost}`]
}
