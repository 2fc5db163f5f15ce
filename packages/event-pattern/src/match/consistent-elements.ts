import type { SearchSteps } from '../array-consistency.ts'
import type { ArrayElement } from '../flatten-event.ts'
import { haveElementsTogether } from '../matcher.ts'
import { ELEMENT, arrayOf, indexOf, outerOf } from '../scan/scanned-event.ts'
import type { ScannedEvent } from '../scan/scanned-event.ts'
import type { FieldValues, SharedTest } from './shared-test.ts'

/** Steps of the short search; what takes more goes to the search that merges equal choices. */
const SHORT_SEARCH_STEPS_MAX = 2_000

/**
 * Whether values that pass the tests can be chosen, one for each test, of which no two belong to
 * different elements of one array.
 * @param tests tests that the event passes one by one, in the order of their paths
 * @param steps those left for the event; when they are used up, nothing goes together any more
 */
export function areConsistent(
  event: ScannedEvent,
  eventNumber: number,
  tests: readonly SharedTest[],
  steps: SearchSteps,
): boolean {
  if (steps.left < 0) return false
  if (!tests.some(({ onDemand }) => onDemand?.mayBeAbsent === true)) {
    const inArrays: (readonly number[])[] = []
    for (const { elements = [] } of tests) {
      // A value in no array goes with every other.
      if (elements.length > 0 && !elements.includes(0)) inArrays.push(elements)
    }
    if (inArrays.length < 2) return true
    if (areInOneArray(event, inArrays)) return haveCommonElement(inArrays)
    const search = { event, inArrays, stepsLeft: SHORT_SEARCH_STEPS_MAX }
    const found = choose(search, [])
    steps.left -= SHORT_SEARCH_STEPS_MAX - search.stepsLeft
    if (search.stepsLeft > 0) return found
  }
  // Reading the elements takes its time too.
  for (const { elements, field } of tests) steps.left -= (elements?.length ?? 1) + field.valueCount
  if (steps.left < 0) return false
  const known = new Map<number, ArrayElement>()
  return haveElementsTogether(
    tests.map(({ field, elements, onDemand }) => ({
      passing: (elements ?? [0]).map((element) => elementOf(event, element, known)),
      all: valuesIn(field, eventNumber).map((at) =>
        elementOf(event, event.words[at + ELEMENT] ?? 0, known),
      ),
      mayBeAbsent: onDemand?.mayBeAbsent === true,
    })),
    steps,
  )
}

function areInOneArray(event: ScannedEvent, lists: readonly (readonly number[])[]): boolean {
  const array = arrayOf(event, lists[0]?.[0] ?? 0)
  return lists.every((elements) => elements.every((element) => arrayOf(event, element) === array))
}

/** @param lists in ascending order each, as the event has them */
function haveCommonElement(lists: readonly (readonly number[])[]): boolean {
  const [first = [], ...others] = lists
  const places = others.map(() => 0)
  return first.some((element) =>
    others.every((elements, list) => {
      let at = places[list] ?? 0
      while (at < elements.length && (elements[at] ?? 0) < element) at++
      places[list] = at
      return elements[at] === element
    }),
  )
}

type Search = {
  readonly event: ScannedEvent
  readonly inArrays: readonly (readonly number[])[]
  stepsLeft: number
}

/** Chooses an element for the next test that goes with those chosen, and so on to the last. */
function choose(search: Search, chosen: number[]): boolean {
  const elements = search.inArrays[chosen.length]
  if (elements === undefined) return true
  for (const element of elements) {
    if (--search.stepsLeft <= 0) return false
    if (!goesWithAll(search.event, element, chosen)) continue
    chosen.push(element)
    if (choose(search, chosen)) return true
    chosen.pop()
  }
  return false
}

function goesWithAll(event: ScannedEvent, element: number, chosen: readonly number[]): boolean {
  for (const other of chosen) if (!goTogether(event, element, other)) return false
  return true
}

// Of the arrays around both, the innermost decides: its element lies in one element of each other.
function goTogether(event: ScannedEvent, left: number, right: number): boolean {
  if (left === right) return true
  for (let inner = left; inner !== 0; inner = outerOf(event, inner)) {
    const array = arrayOf(event, inner)
    for (let other = right; other !== 0; other = outerOf(event, other)) {
      if (arrayOf(event, other) === array) return inner === other
    }
  }
  return true
}

function valuesIn(field: FieldValues, eventNumber: number): readonly number[] {
  return field.seenIn === eventNumber ? field.values.slice(0, field.valueCount) : []
}

/** The element as an object, the same one each time. */
function elementOf(
  event: ScannedEvent,
  element: number,
  known: Map<number, ArrayElement>,
): ArrayElement | undefined {
  if (element === 0) return undefined
  const found = known.get(element)
  if (found !== undefined) return found
  const made = {
    arrayId: arrayOf(event, element),
    index: indexOf(event, element),
    outer: elementOf(event, outerOf(event, element), known),
  }
  known.set(element, made)
  return made
}
