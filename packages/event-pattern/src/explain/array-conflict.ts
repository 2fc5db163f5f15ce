import type { EventValue } from '../flatten-event.ts'
import { matchesAny } from '../matcher.ts'
import type { JudgedField } from './judged-field.ts'
import type { ReadEvent } from './read-event.ts'
import { joined, shownPath, shownValue } from './shortened.ts'

/** Above this many values the fields to blame are not narrowed down: each try looks at all. */
const NARROWED_VALUES_MAX = 2_000
const NARROWED_FIELDS_MAX = 16
const FIELDS_NAMED_MAX = 4
const ELEMENTS_NAMED_MAX = 4

/**
 * Why fields that pass, each for itself, do not pass together: their values are in different
 * elements of an array. Undefined when they do pass together.
 * @param fields in the order of their paths
 */
export function arrayConflict(
  fields: readonly JudgedField[],
  event: ReadEvent,
): string | undefined {
  if (passTogether(fields, event)) return undefined
  const blamed = narrowed(fields, event)
  const shared = sharedArray(blamed)
  if (shared === undefined) return unexplained(blamed)
  const { elements, arrayId } = shared
  const array = shownPath(event.arrayPaths[arrayId] ?? '')
  const places = blamed
    .slice(0, FIELDS_NAMED_MAX)
    .map((field, at) => placeWords(field, arrayId, elements[at] ?? new Set()))
  const names = namesOf(blamed)
  return blamed.length === 2
    ? `${names} both fit, but in different elements of the array ${array}: ${places.join(', ')}; one element must satisfy both`
    : `${names} each fit, but not in the same element of the array ${array}: ${places.join(', ')}; one element must satisfy all`
}

function passTogether(fields: readonly JudgedField[], { values }: ReadEvent): boolean {
  return matchesAny(values, [fields.map(({ test }) => test)])
}

/** The fewest fields that still do not pass together, as far as that is quickly found. */
function narrowed(fields: readonly JudgedField[], event: ReadEvent): readonly JudgedField[] {
  let blamed = fields.filter(({ values }) => values.some(({ element }) => element !== undefined))
  if (passTogether(blamed, event)) return fields
  const valueCount = blamed.reduce((sum, { values }) => sum + values.length, 0)
  const isLarge = valueCount > NARROWED_VALUES_MAX || blamed.length > NARROWED_FIELDS_MAX
  if (isLarge || blamed.some(hasRepeatedArrays)) return blamed
  // Absence depends on the fields before it, so it is left out first.
  const absent = blamed.filter(({ passesAlone }) => !passesAlone)
  const others = blamed.filter(({ passesAlone }) => passesAlone)
  for (const field of [...absent, ...others]) {
    const without = blamed.filter((other) => other !== field)
    if (without.length > 1 && !passTogether(without, event)) blamed = without
  }
  return blamed
}

/** Of arrays that are repeated under one name every combination would be tried. */
function hasRepeatedArrays({ values }: JudgedField): boolean {
  const outermost = new Set<number>()
  for (const { element } of values) {
    let at = element
    while (at?.outer !== undefined) at = at.outer
    if (at !== undefined) outermost.add(at.arrayId)
  }
  return outermost.size > 1
}

/** An array of which no element holds a fitting value of every field. */
function sharedArray(fields: readonly JudgedField[]): SharedArray | undefined {
  const byArray = fields.map(({ fitting }) => elementsOf(fitting))
  const [first = new Map<number, Set<number>>()] = byArray
  for (const arrayId of [...first.keys()].toSorted((left, right) => left - right)) {
    const elements = byArray.flatMap((ofField) => ofField.get(arrayId) ?? [])
    const [some = new Set<number>(), ...others] = elements
    const isShared = elements.length === fields.length
    if (isShared && ![...some].some((index) => others.every((each) => each.has(index)))) {
      return { arrayId, elements }
    }
  }
  return undefined
}

type SharedArray = {
  readonly arrayId: number
  /** For each field the indexes of the elements that hold a fitting value. */
  readonly elements: readonly ReadonlySet<number>[]
}

function elementsOf(values: readonly EventValue[]): ReadonlyMap<number, Set<number>> {
  const elements = new Map<number, Set<number>>()
  for (const { element } of values) {
    for (let at = element; at !== undefined; at = at.outer) {
      const indexes = elements.get(at.arrayId) ?? new Set<number>()
      elements.set(at.arrayId, indexes.add(at.index))
    }
  }
  return elements
}

/** `"Anna" in element 0` or `detail.e.f in elements 0 and 2` */
function placeWords(
  { test, fitting }: JudgedField,
  arrayId: number,
  elements: ReadonlySet<number>,
): string {
  const value = fitting.find(({ element }) => {
    for (let at = element; at !== undefined; at = at.outer) if (at.arrayId === arrayId) return true
    return false
  })
  const [only] = elements
  if (elements.size === 1 && value !== undefined) return `${shownValue(value)} in element ${only}`
  return `${shownPath(test.path)} in elements ${elementWords(elements)}`
}

function elementWords(elements: ReadonlySet<number>): string {
  const shown = [...elements].slice(0, ELEMENTS_NAMED_MAX).map(String)
  const rest = elements.size - shown.length
  return joined(rest > 0 ? [...shown, `${rest} more`] : shown, 'and')
}

function namesOf(fields: readonly JudgedField[]): string {
  const names = fields.slice(0, FIELDS_NAMED_MAX).map(({ test }) => shownPath(test.path))
  const rest = fields.length - names.length
  return joined(rest > 0 ? [...names, `${rest} more`] : names, 'and')
}

function unexplained(fields: readonly JudgedField[]): string {
  return `${namesOf(fields)} fit, each for itself, but no choice of array elements satisfies all of them`
}
