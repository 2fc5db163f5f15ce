import type { EventValue } from '../flatten-event.ts'
import { matchesAny } from '../matcher.ts'
import type { JudgedField } from './judged-field.ts'
import type { ReadEvent } from './read-event.ts'
import { listed, shownPath, shownValue } from './shortened.ts'

/**
 * Whether a field that may be absent, and is somewhere, is absent in the array elements that the
 * fields before it have chosen.
 * @param before the passing fields before it, in the order of their paths
 */
export function isAbsentInContext(
  field: JudgedField,
  before: readonly JudgedField[],
  { values }: ReadEvent,
): boolean {
  return matchesAny(values, [[...before, field].map(({ test }) => test)])
}

/** Why a field that should be absent fails, with a look at the arrays around it. */
export function presenceReason(
  field: JudgedField,
  others: readonly JudgedField[],
  event: ReadEvent,
): string {
  const path = shownPath(field.test.path)
  const present = `${path} is there (${listed(field.values.map(shownValue))})`
  const arrays = arraysAround(field.values)
  const commonArray = ({ values }: JudgedField) =>
    [...arraysAround(values)].find((arrayId) => arrays.has(arrayId))
  const neighbour = others.find(
    (other) => other !== field && other.fitting.length > 0 && commonArray(other) !== undefined,
  )
  const [arrayId] = arrays
  if (neighbour === undefined || arrayId === undefined) {
    const anywhere =
      arrayId === undefined ? '' : ` in every element of ${arrayName(event, arrayId)}`
    return `${present}, but the pattern wants it absent${anywhere}`
  }
  const array = arrayName(event, commonArray(neighbour) ?? arrayId)
  const name = shownPath(neighbour.test.path)
  return neighbour.test.path < field.test.path
    ? `${present}, but the pattern wants it absent where ${name} fits: in the same element of ${array}`
    : `${present}, but the pattern wants it absent in every element of ${array}: fields are taken in the order of their names, so ${name} has not chosen an element yet`
}

function arrayName({ arrayPaths }: ReadEvent, arrayId: number): string {
  return `the array ${shownPath(arrayPaths[arrayId] ?? '')}`
}

function arraysAround(values: readonly EventValue[]): ReadonlySet<number> {
  const arrays = new Set<number>()
  for (const { element } of values) {
    for (let at = element; at !== undefined; at = at.outer) arrays.add(at.arrayId)
  }
  return arrays
}
